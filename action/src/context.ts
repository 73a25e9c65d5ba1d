// Where the action runs: repository, commit, pull request, directories.
import { existsSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve, sep } from 'node:path'

import { InputError, type Inputs } from './inputs.ts'

export type Env = Record<string, string | undefined>

export interface Context {
  /** Directory that is checked. */
  root: string
  /** Path from the repository's root to `root`, with a slash at its end, or empty. */
  prefix: string
  temp: string
  api: string
  owner: string
  repo: string
  /** Name of the event, and the commit that it is about. */
  event: string
  sha: string
  /** True when the files may be those of somebody who may not write here. */
  foreign: boolean
  /** Number of the pull request, when the event is one. */
  pull: number | undefined
  /** Head commit of that pull request. */
  head: string | undefined
  linkBase: string | null
  rulesBase: string
  /** The run that the companion workflow follows. */
  run: { sha: string; branch: string; owner: string } | undefined
}

/** Reads the runner's environment and the event. */
export function context(env: Env, given: Inputs): Context {
  const workspace = resolve(env['GITHUB_WORKSPACE'] || '.')
  const root = resolve(workspace, given.path)
  const below = relative(workspace, root)
  if (below === '..' || below.startsWith(`..${sep}`)) {
    throw new InputError(`input 'path' is '${given.path}', which lies outside the workspace`)
  }
  const within = relative(repositoryRoot(root, workspace), root).split(sep).join('/')
  const prefix = within === '' ? '' : `${within}/`
  const event = payload(env['GITHUB_EVENT_PATH'])
  const pull = at(event, 'pull_request')
  const run = workflowRun(at(event, 'workflow_run'))
  const [owner = '', repo = ''] = (env['GITHUB_REPOSITORY'] ?? '').split('/')
  const head = text(at(at(pull, 'head'), 'sha'))
  const sha = run?.sha ?? head ?? env['GITHUB_SHA']
  const server = env['GITHUB_SERVER_URL'] || 'https://github.com'
  const encoded = prefix.split('/').map(encodeURIComponent).join('/')
  const own = env['GITHUB_ACTION_REPOSITORY']
  const rules = own ? `${own}/blob/${env['GITHUB_ACTION_REF'] || 'main'}` : 'preflight-action/preflight/blob/main'
  const number = at(pull, 'number')
  return {
    root,
    prefix,
    temp: env['RUNNER_TEMP'] || tmpdir(),
    api: env['GITHUB_API_URL'] || 'https://api.github.com',
    owner,
    repo,
    event: env['GITHUB_EVENT_NAME'] ?? '',
    sha: env['GITHUB_SHA'] ?? '',
    foreign: foreign(env, pull),
    pull: Number.isInteger(number) ? (number as number) : undefined,
    head,
    linkBase: sha && owner ? `${server}/${owner}/${repo}/blob/${sha}/${encoded}` : null,
    rulesBase: `https://github.com/${rules}/docs/rules/`,
    run,
  }
}

/** Events whose files are those of the repository itself. */
const OWN = ['push', 'workflow_dispatch', 'schedule', 'merge_group']

function foreign(env: Env, pull: unknown): boolean {
  const event = env['GITHUB_EVENT_NAME'] ?? ''
  if (event !== 'pull_request') return !OWN.includes(event)
  const head = text(at(at(at(pull, 'head'), 'repo'), 'full_name'))
  return head?.toLowerCase() !== env['GITHUB_REPOSITORY']?.toLowerCase()
}

/** The nearest directory with a `.git`, from `root` up to the workspace. */
function repositoryRoot(root: string, workspace: string): string {
  for (let directory = root; directory !== workspace; directory = dirname(directory)) {
    if (existsSync(join(directory, '.git'))) return directory
  }
  return workspace
}

function workflowRun(run: unknown): Context['run'] {
  const sha = text(at(run, 'head_sha'))
  const branch = text(at(run, 'head_branch'))
  const owner = text(at(at(at(run, 'head_repository'), 'owner'), 'login'))
  return sha && branch && owner ? { sha, branch, owner } : undefined
}

function payload(path: string | undefined): unknown {
  if (!path || !existsSync(path)) return undefined
  return JSON.parse(readFileSync(path, 'utf8'))
}

const at = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
