// Runs workflow files with `act`, the action as a user's `uses:` would bring it.
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { dist, folder } from './process.ts'

const root = join(import.meta.dirname, '..', '..')

/** On a person's machine the tests pass over what is not installed; CI must have it. */
export const installed = process.env['CI'] !== undefined || spawnSync('act', ['--version']).error === undefined

export class Act {
  readonly #action = folder()

  prepare(): void {
    for (const path of ['action.yml', 'action/package.json']) {
      mkdirSync(dirname(join(this.#action, path)), { recursive: true })
      cpSync(join(root, path), join(this.#action, path))
    }
    cpSync(dist, join(this.#action, 'action', 'dist'), { recursive: true })
  }

  /** Runs the workflow in `repository` as `event`; the log without colours. */
  async run(repository: string, event: string, payload: object, given: { env: Record<string, string>; secrets: Record<string, string> }): Promise<{ code: number; log: string }> {
    const home = folder()
    const file = join(home, 'event.json')
    writeFileSync(file, JSON.stringify(payload))
    const words = [event, '-P', 'ubuntu-latest=-self-hosted', '--eventpath', file, '--local-repository', `preflight-action/preflight@v1=${this.#action}`, '--no-cache-server']
    words.push(...Object.entries(given.env).flatMap(([name, value]) => ['--env', `${name}=${value}`]))
    words.push(...Object.entries(given.secrets).flatMap(([name, value]) => ['-s', `${name}=${value}`]))
    const env = { ...process.env, HOME: home, XDG_CACHE_HOME: join(home, 'cache'), PATH: `${dirname(process.execPath)}:${process.env['PATH']}`, NO_COLOR: '1' }
    const child = spawn('act', words, { cwd: repository, env })
    let log = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (log += text))
    const code = await new Promise<number>((done) => child.on('close', (code) => done(code ?? -1)))
    return { code, log }
  }
}
