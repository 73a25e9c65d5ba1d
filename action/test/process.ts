// Runs the bundled action as the runner does: a process with an environment.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after } from 'node:test'

/** The bundle under test; another one than that of the repository while it is worked on. */
export const dist = process.env['PREFLIGHT_DIST'] ?? join(import.meta.dirname, '..', 'dist')

export interface Run {
  code: number
  log: string
  summary: string
  outputs: Record<string, string>
  state: Record<string, string>
  milliseconds: number
}

/** A new directory that is gone after the test file. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'preflight-test-'))
  after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** A repository of `files`, all of them tracked. */
export function repository(files: Record<string, string>): string {
  const root = folder()
  git(root, 'init', '-q')
  put(root, files)
  commit(root)
  return root
}

export function put(root: string, files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
}

export function commit(root: string): void {
  git(root, 'add', '--all')
  git(root, '-c', 'user.name=a', '-c', 'user.email=a@b.c', 'commit', '-q', '--allow-empty', '-m', 'x')
}

export function git(root: string, ...words: string[]): string {
  const { status, stdout, stderr } = spawnSync('git', words, { cwd: root, encoding: 'utf8' })
  if (status !== 0) throw new Error(`git ${words.join(' ')}: ${stderr}`)
  return stdout
}

/** Runs the action in `root`; `inputs` are added to the defaults and `env` to what a runner sets; `begun` gets the process. */
export async function run(root: string, inputs: Record<string, string>, env: Record<string, string> = {}, event?: unknown, begun: (child: ChildProcess) => void = () => {}): Promise<Run> {
  const temp = folder()
  const file = (name: string): string => join(temp, name)
  for (const name of ['output', 'summary', 'state']) writeFileSync(file(name), '')
  if (event !== undefined) writeFileSync(file('event.json'), JSON.stringify(event))
  const given = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]))
  const started = performance.now()
  const child = spawn(process.execPath, [join(dist, 'index.js')], {
    cwd: root,
    env: {
      PATH: process.env['PATH'],
      GITHUB_WORKSPACE: root,
      GITHUB_REPOSITORY: 'o/r',
      GITHUB_SHA: 'a'.repeat(40),
      GITHUB_EVENT_PATH: event === undefined ? '' : file('event.json'),
      GITHUB_OUTPUT: file('output'),
      GITHUB_STEP_SUMMARY: file('summary'),
      GITHUB_STATE: file('state'),
      RUNNER_TEMP: temp,
      ...given,
      ...env,
    },
  })
  begun(child)
  let log = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (log += text))
  const code = await new Promise<number>((done) => child.on('close', (code) => done(code ?? -1)))
  return { code, log, summary: readFileSync(file('summary'), 'utf8'), outputs: outputs(readFileSync(file('output'), 'utf8')), state: outputs(readFileSync(file('state'), 'utf8')), milliseconds: performance.now() - started }
}

/** Reads the file of outputs as the runner does. */
export function outputs(text: string): Record<string, string> {
  const found: Record<string, string> = {}
  const lines = text.split('\n')
  for (let at = 0; at < lines.length - 1; at += 1) {
    const [, name, delimiter] = /^([^=<]+)<<(.+)$/.exec(lines[at] ?? '') ?? []
    if (name === undefined || delimiter === undefined) throw new Error(`not an output: ${lines[at]}`)
    const end = lines.indexOf(delimiter, at + 1)
    if (end < 0) throw new Error(`${name} does not end`)
    found[name] = lines.slice(at + 1, end).join('\n')
    at = end
  }
  return found
}

/** The commands that the runner would obey, in order: those outside `stop-commands`. */
export function commands(log: string): string[] {
  const obeyed: string[] = []
  let until: string | undefined
  for (const line of log.split('\n')) {
    const text = line.trim()
    if (until !== undefined) {
      if (text === `::${until}::`) until = undefined
    } else if (/^::[a-z-]+( .*?)?::/.test(text) || text.startsWith('##[')) {
      const [, token] = /^::stop-commands::(.*)$/.exec(text) ?? []
      if (token) until = token
      else obeyed.push(text)
    }
  }
  if (until !== undefined) throw new Error('commands stay stopped')
  return obeyed
}

/** A repository that will fail for a literal `$PORT`, and its mended form. */
export const broken = {
  'Dockerfile': 'FROM python:3.13-slim\nCOPY app.py .\nCMD ["python", "app.py"]\n',
  'app.py': 'app = lambda environ, start_response: []\n',
  'railway.json': '{ "deploy": { "startCommand": "gunicorn app:app --bind 0.0.0.0:$PORT" } }\n',
}
export const mended = {
  'Dockerfile': broken['Dockerfile'],
  'app.py': broken['app.py'],
  '.dockerignore': '.git\n',
}

export const pullRequest = (number: number, sha = 'b'.repeat(40)): unknown => ({ pull_request: { number, head: { sha } } })

