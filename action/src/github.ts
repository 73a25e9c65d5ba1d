// The pull request's comment. Loaded only when there is something to post.
import { Octokit } from '@octokit/core'
import { retry } from '@octokit/plugin-retry'

import type { Context } from './context.js'

/** Marks our comment; the checker writes it as the first line. */
const MARKER = '<!-- preflight-report -->'
/** Author of comments that are posted with a workflow's own token. */
const BOT = 'github-actions[bot]'
/** Pages of a hundred comments that are searched. */
const PAGES = 30

interface Comment {
  id: number
  body?: string
  html_url: string
  user: { login: string; type: string } | null
}

function client(at: Context, token: string) {
  const Client = Octokit.plugin(retry)
  return new Client({
    auth: token,
    baseUrl: at.api,
    userAgent: 'preflight',
    log: { debug() {}, info() {}, warn() {}, error() {} },
    request: { timeout: 10_000 },
    retry: { doNotRetry: [400, 401, 403, 404, 410, 422], retries: 3 },
  })
}

/** Creates, updates or leaves alone the one comment; returns a line for the log. A refusal is no failure. */
export async function post(at: Context, token: string, pull: number, body: string, quiet: boolean): Promise<string> {
  const octokit = client(at, token)
  const where = { owner: at.owner, repo: at.repo }
  try {
    const known = await own(octokit, where, pull)
    if (known === undefined) {
      if (quiet) return 'Preflight: nothing to say, so no comment.'
      const made = await octokit.request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', { ...where, issue_number: pull, body })
      return `Preflight: commented at ${made.data.html_url}`
    }
    if (known.body === body) return `Preflight: the comment at ${known.html_url} is up to date.`
    await octokit.request('PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', { ...where, comment_id: known.id, body })
    return `Preflight: updated the comment at ${known.html_url}`
  } catch (error) {
    const status = (error as { status?: number }).status
    if (status === 403 || status === 401 || status === 404) {
      return `Preflight: this token may not comment (HTTP ${status}), as is usual for pull requests from forks; the report is in the summary and the annotations.`
    }
    return `Preflight: no comment, because GitHub answered ${status ?? String(error)}; the report is in the summary and the annotations.`
  }
}

/** Our comment: ours by the marker and by its author, for anyone can write the marker. */
async function own(octokit: Octokit, where: { owner: string; repo: string }, pull: number): Promise<Comment | undefined> {
  let viewer: string | undefined
  for (let page = 1; page <= PAGES; page += 1) {
    const answer = await octokit.request('GET /repos/{owner}/{repo}/issues/{issue_number}/comments', {
      ...where,
      issue_number: pull,
      per_page: 100,
      page,
    })
    const comments = answer.data as Comment[]
    for (const comment of comments.filter((each) => each.body?.startsWith(MARKER))) {
      if (comment.user?.login === BOT) return comment
      viewer ??= await login(octokit)
      if (comment.user?.login === viewer) return comment
    }
    if (comments.length < 100) return undefined
  }
  return undefined
}

/** Who the token speaks for; a workflow's own token may not ask. */
async function login(octokit: Octokit): Promise<string> {
  try {
    return (await octokit.request('GET /user')).data.login
  } catch {
    return BOT
  }
}

/** The open pull request of the run that the companion workflow follows: GitHub's word, never the artifact's. */
export async function companionPull(at: Context, token: string): Promise<number | undefined> {
  const run = at.event.workflow_run
  const owner = run?.head_repository?.owner?.login
  if (!run?.head_sha || !run.head_branch || !owner) return undefined
  const answer = await client(at, token).request('GET /repos/{owner}/{repo}/pulls', {
    owner: at.owner,
    repo: at.repo,
    state: 'open',
    head: `${owner}:${run.head_branch}`,
  })
  return answer.data.find((pull) => pull.head.sha === run.head_sha)?.number
}
