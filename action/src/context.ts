// Where the action runs: repository, commit, pull request, directories.
import { readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'

import { InputError, type Inputs } from './inputs.js'

export interface Context {
  /** Directory that is checked. */
  root: string
  /** Path from the workspace to `root`, with a slash at its end, or empty. */
  prefix: string
  temp: string
  api: string
  owner: string
  repo: string
  /** Number of the pull request, when the event is one. */
  pull: number | undefined
  linkBase: string | null
  rulesBase: string | null
  event: Event
}

/** The parts of the event's payload that are used. */
export interface Event {
  pull_request?: { number?: number; head?: { sha?: string } }
  workflow_run?: { head_sha?: string; head_branch?: string; head_repository?: { owner?: { login?: string } } }
}

/** Reads the runner's environment. */
export function context(env: Record<string, string | undefined>, given: Inputs): Context {
  const workspace = resolve(env['GITHUB_WORKSPACE'] ?? '.')
  const root = resolve(workspace, given.path)
  const below = relative(workspace, root)
  if (below.startsWith('..')) throw new InputError(`Preflight: input 'path' is '${given.path}', which lies outside the workspace`)
  const prefix = below === '' ? '' : `${below.split('\\').join('/')}/`
  const event = payload(env['GITHUB_EVENT_PATH'])
  const [owner = '', repo = ''] = (env['GITHUB_REPOSITORY'] ?? '').split('/')
  const server = env['GITHUB_SERVER_URL'] || 'https://github.com'
  const sha = event.pull_request?.head?.sha ?? env['GITHUB_SHA']
  const own = env['GITHUB_ACTION_REPOSITORY']
  const ref = env['GITHUB_ACTION_REF'] || 'main'
  const encoded = prefix.split('/').map(encodeURIComponent).join('/')
  return {
    root,
    prefix,
    temp: env['RUNNER_TEMP'] || join(workspace, '.preflight'),
    api: env['GITHUB_API_URL'] || 'https://api.github.com',
    owner,
    repo,
    pull: event.pull_request?.number,
    linkBase: sha && owner ? `${server}/${owner}/${repo}/blob/${sha}/${encoded}` : null,
    rulesBase: `${server}/${own || 'preflight-action/preflight'}/blob/${own ? ref : 'main'}/docs/rules/`,
    event,
  }
}

function payload(path: string | undefined): Event {
  if (!path) return {}
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Event
  } catch {
    return {}
  }
}
