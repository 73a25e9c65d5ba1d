// The pull request's comment. Loaded only when there is something to post.
import { Octokit } from '@octokit/core'
import { paginateRest } from '@octokit/plugin-paginate-rest'
import { retry } from '@octokit/plugin-retry'
import { throttling } from '@octokit/plugin-throttling'

import type { Context } from './context.ts'

/** Marks our comment; the checker writes it as the first line. */
const MARKER = '<!-- preflight-report -->'
/** Author of comments that are posted with a workflow's own token. */
const BOT = 'github-actions[bot]'
/** Pages of a hundred comments that are searched. */
const PAGES = 50
/** Longest wait that GitHub may ask for, and longest wait for an answer. */
const PATIENCE_SECONDS = 60
const TIMEOUT_MS = 15_000

interface Comment {
  id: number
  body?: string
  html_url: string
  user: { login: string } | null
}

const Client = Octokit.plugin(paginateRest, retry, throttling)
type Client = InstanceType<typeof Client>

function client(at: Context, token: string): Client {
  const wait = (seconds: number, _options: unknown, _octokit: unknown, retries: number): boolean => retries < 2 && seconds <= PATIENCE_SECONDS
  return new Client({
    auth: token,
    baseUrl: at.api,
    userAgent: 'preflight',
    log: { debug() {}, info() {}, warn() {}, error() {} },
    request: { fetch: (url: string, options: RequestInit) => fetch(url, { ...options, signal: AbortSignal.timeout(TIMEOUT_MS) }) },
    retry: { retries: 2 },
    throttle: { onRateLimit: wait, onSecondaryRateLimit: wait },
  })
}

/** What became of the comment: a line for the log, and its address or nothing. */
export interface Posted {
  line: string
  url: string
}

/** Creates, updates or leaves alone the one comment. A refusal is no failure. */
export async function post(at: Context, token: string, pull: number, report: string, quiet: boolean): Promise<Posted> {
  const octokit = client(at, token)
  const where = { owner: at.owner, repo: at.repo }
  const body = `${report.trimEnd()}\n${tail(at)}`
  try {
    const known = await ours(octokit, at, pull)
    if (known === undefined) {
      if (quiet) return { line: 'Preflight: nothing to say, so no comment.', url: '' }
      const made = await octokit.request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', { ...where, issue_number: pull, body })
      return { line: `Preflight: commented at ${made.data.html_url}`, url: made.data.html_url }
    }
    const url = known.html_url
    if (plain(known.body) === plain(body)) return { line: `Preflight: the comment at ${url} is up to date.`, url }
    await octokit.request('PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', { ...where, comment_id: known.id, body })
    return { line: `Preflight: updated the comment at ${url}`, url }
  } catch (error) {
    return { line: refusal(error), url: '' }
  }
}

/** Tells the comments of several directories apart. */
const tail = (at: Context): string => (at.prefix === '' ? '' : `<!-- preflight-path ${encodeURIComponent(at.prefix).replaceAll('-', '%2D')} -->\n`)

/** A body without what GitHub may change on the way. */
const plain = (body: string | undefined): string => (body ?? '').replaceAll('\r\n', '\n').trimEnd()

function refusal(error: unknown): string {
  const elsewhere = 'the report is in the summary and the annotations'
  const { status, message } = error as { status?: number; message: string }
  if (status === 401 || status === 404 || (status === 403 && /not accessible|must have|forbidden/i.test(message))) {
    return `Preflight: this token may not comment (HTTP ${status}), as is usual for pull requests from forks; ${elsewhere}.`
  }
  return `Preflight: no comment, because GitHub answered: ${message.slice(0, 200)}; ${elsewhere}.`
}

/** Our comment: ours by its markers and by its author, for anyone can write the markers. */
async function ours(octokit: Client, at: Context, pull: number): Promise<Comment | undefined> {
  let viewer: string | undefined
  let pages = 0
  const all = octokit.paginate.iterator('GET /repos/{owner}/{repo}/issues/{issue_number}/comments', {
    owner: at.owner,
    repo: at.repo,
    issue_number: pull,
    per_page: 100,
  })
  for await (const { data } of all) {
    for (const comment of (data as Comment[]).filter((each) => marked(each.body, tail(at)))) {
      if (comment.user?.login === BOT) return comment
      viewer ??= await login(octokit)
      if (comment.user?.login === viewer) return comment
    }
    pages += 1
    if (pages === PAGES) return undefined
  }
  return undefined
}

function marked(body: string | undefined, tail: string): boolean {
  const text = plain(body)
  if (!text.startsWith(MARKER)) return false
  return tail === '' ? !/<!-- preflight-path \S+ -->$/.test(text) : text.endsWith(tail.trimEnd())
}

/** Who the token speaks for; a workflow's own token may not ask. */
async function login(octokit: Client): Promise<string> {
  try {
    return (await octokit.request('GET /user')).data.login
  } catch {
    return BOT
  }
}

/** The open pull request whose head is the commit of the run that is followed. */
export async function pullOfRun(at: Context, token: string): Promise<number | undefined> {
  if (at.run === undefined) return undefined
  const { sha, branch, owner } = at.run
  const answer = await client(at, token).request('GET /repos/{owner}/{repo}/pulls', {
    owner: at.owner,
    repo: at.repo,
    state: 'open',
    head: `${owner}:${branch}`,
  })
  return answer.data.find((pull) => pull.head.sha === sha)?.number
}
