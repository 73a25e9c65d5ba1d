// The pull request's comment. Loaded only when there is something to post.
import type { Context } from './context.ts'
import { Author, client, plain, tail, type Client } from './github-client.ts'

export { Deployments } from './deployments.ts'
export { suggest } from './suggestions.ts'

/** Marks our comment; the checker writes it as the first line. */
const MARKER = '<!-- preflight-report -->'
/** Pages of a hundred comments that are searched. */
const PAGES = 50

interface Comment {
  id: number
  body?: string
  html_url: string
  user: { login: string } | null
}

/** What became of the comment: a line for the log, and its address or nothing. */
export interface Posted {
  line: string
  url: string
  /** False when this token may not write. */
  allowed: boolean
}

/** Creates, updates or leaves alone the one comment. A refusal is no failure. */
export async function post(at: Context, token: string, pull: number, report: string, quiet: boolean): Promise<Posted> {
  const octokit = client(at, token)
  const where = { owner: at.owner, repo: at.repo }
  const body = `${report.trimEnd()}\n${tail(at)}`
  try {
    const known = await ours(octokit, at, pull)
    if (known === undefined) {
      if (quiet) return { line: 'Preflight: nothing to say, so no comment.', url: '', allowed: true }
      const made = await octokit.request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', { ...where, issue_number: pull, body })
      return { line: `Preflight: commented at ${made.data.html_url}`, url: made.data.html_url, allowed: true }
    }
    const url = known.html_url
    if (plain(known.body) === plain(body)) return { line: `Preflight: the comment at ${url} is up to date.`, url, allowed: true }
    await octokit.request('PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', { ...where, comment_id: known.id, body })
    return { line: `Preflight: updated the comment at ${url}`, url, allowed: true }
  } catch (error) {
    return { line: refusal(error), url: '', allowed: false }
  }
}

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
  const author = new Author(octokit)
  let pages = 0
  const all = octokit.paginate.iterator('GET /repos/{owner}/{repo}/issues/{issue_number}/comments', {
    owner: at.owner,
    repo: at.repo,
    issue_number: pull,
    per_page: 100,
  })
  for await (const { data } of all) {
    for (const comment of (data as Comment[]).filter((each) => marked(each.body, tail(at)))) {
      if (await author.wrote(comment)) return comment
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
