// The action's inputs, checked; `action.yml` is their only description.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

import { railwayInputs, type RailwayInputs } from './railway-inputs.ts'

export interface Inputs {
  mode: 'check' | 'comment'
  path: string
  config: string | null
  failOn: string | null
  trigger: string | null
  comment: 'auto' | 'always' | 'never'
  suggestions: 'auto' | 'never'
  sarif: boolean
  prove: 'off' | 'build' | 'quick' | 'full'
  proveServices: string[]
  redisImage: string
  token: string
  report: string
  railway: RailwayInputs
}

/** A wrong input, in words for the person who wrote the workflow. */
export class InputError extends Error {
  /** Told by its name, for each bundle has a class of its own. */
  override readonly name = 'InputError'
}

/** Reads `INPUT_*`; names every problem at once. */
export function inputs(env: Record<string, string | undefined>): Inputs {
  const problems: string[] = []
  const get = (name: string): string => (env[`INPUT_${name.toUpperCase()}`] ?? '').trim()
  const choice = <T extends string>(name: string, known: readonly T[], missing: T): T => {
    const value = get(name)
    if (value === '') return missing
    const found = known.find((each) => each === value)
    if (found === undefined) problems.push(`input '${name}' is '${value}', and must be one of ${known.join(', ')}`)
    return found ?? missing
  }
  const mode = choice('mode', ['check', 'comment'], 'check')
  const comment = choice('comment', ['auto', 'always', 'never'], 'auto')
  const suggestions = choice('suggestions', ['auto', 'never'], 'auto')
  const sarif = choice('sarif', ['true', 'false'], 'false') === 'true'
  const prove = choice('prove', ['off', 'build', 'quick', 'full'], 'off')
  const proveServices = get('prove-services').split(/[\s,]+/).filter((name) => name !== '')
  const redisImage = get('redis-image') || 'redis:8-alpine'
  if (!/^[\w][\w./:@-]*$/.test(redisImage)) problems.push(`input 'redis-image' is '${redisImage}', which is no name of an image`)
  const failOn = choice('fail-on', ['', 'error', 'warning', 'note', 'never'], '') || null
  const trigger = choice('trigger', ['', 'github', 'railway-up', 'local'], '') || null
  const path = get('path') || '.'
  let config: string | null = null
  const configPath = get('config')
  if (configPath) {
    try {
      config = readFileSync(resolve(env['GITHUB_WORKSPACE'] ?? '.', configPath), 'utf8')
    } catch (error) {
      problems.push(`input 'config': cannot read '${configPath}': ${(error as Error).message}`)
    }
  }
  const report = get('report')
  if (mode === 'comment' && report === '') problems.push("input 'report' is needed with mode: comment")
  const token = get('token')
  if (mode === 'comment' && token === '') problems.push("input 'token' is needed with mode: comment")
  const railway = railwayInputs(get, choice, problems)
  if (problems.length > 0) throw new InputError(problems.join('; '))
  return { mode, path, config, failOn, trigger, comment, suggestions, sarif, prove, proveServices, redisImage, token, report, railway }
}
