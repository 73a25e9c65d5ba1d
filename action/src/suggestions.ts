// Fixes as suggestions: one review, to which later runs add, and from which they take what is no longer true.
import type { Review, Suggestion } from './checker.ts'
import type { Context } from './context.ts'
import { Author, client, plain, tail, type Client } from './github-client.ts'

/** Marks our suggestions and our review. */
const MARKER = '<!-- preflight-suggestion -->'
/** Most suggestions that a run posts; the comment has every patch. */
const MOST = 20
/** Pages of a hundred that are searched: GitHub lists no more files. */
const PAGES = 30

interface Standing {
  id: number
  path: string
  body: string
  /** Absent when its lines have changed since. */
  line?: number | null
  in_reply_to_id?: number
  user?: { login: string } | null
}

/** Posts what is new, takes back what no longer holds; a line for the log, empty when nothing was done. */
export async function suggest(at: Context, token: string, pull: number, review: Review): Promise<string> {
  if (at.head === undefined) return ''
  const octokit = client(at, token)
  const where = { owner: at.owner, repo: at.repo, pull_number: pull }
  try {
    const author = new Author(octokit)
    const wanted = await placed(octokit, where, review.comments.map((each) => ({ ...each, path: at.prefix + each.path, body: marked(each.body, at) })))
    const { standing, answered, known } = await ours(octokit, where, author, at)
    const fresh = wanted.filter((each) => !takeSame(standing, each)).slice(0, MOST)
    const gone = standing.filter(({ id }) => !answered.has(id))
    for (const { id } of gone) await octokit.request('DELETE /repos/{owner}/{repo}/pulls/comments/{comment_id}', { owner: at.owner, repo: at.repo, comment_id: id })
    if (fresh.length > 0) await add(octokit, where, at.head, fresh, marked(review.body, at), known || (await reviewed(octokit, where, author, at)))
    return said(fresh.length, gone.length)
  } catch (error) {
    return `Preflight: no suggestions, because GitHub answered: ${(error as Error).message.slice(0, 200)}; the patches are in the comment.`
  }
}

type Where = { owner: string; repo: string; pull_number: number }

const marked = (body: string, at: Context): string => `${body.trimEnd()}\n${MARKER}\n${tail(at)}`

function said(added: number, gone: number): string {
  const count = (many: number): string => `${many} suggestion${many === 1 ? '' : 's'}`
  const parts = [added > 0 ? `made ${count(added)}` : '', gone > 0 ? `took back ${count(gone)}` : ''].filter(Boolean)
  return parts.length === 0 ? '' : `Preflight: ${parts.join(' and ')} on lines of the pull request.`
}

/** The first time a review with all of them; later each for itself, so that there is never a second review of ours. */
async function add(octokit: Client, where: Where, commit_id: string, fresh: Suggestion[], body: string, once: boolean): Promise<void> {
  const comments = fresh.map(({ path, body, start_line, line }) => ({
    path,
    body,
    line,
    side: 'RIGHT' as const,
    ...(start_line < line ? { start_line, start_side: 'RIGHT' as const } : {}),
  }))
  if (!once) return void (await octokit.request('POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews', { ...where, commit_id, event: 'COMMENT', body, comments }))
  for (const comment of comments) await octokit.request('POST /repos/{owner}/{repo}/pulls/{pull_number}/comments', { ...where, commit_id, ...comment })
}

/** Removes from `standing` the suggestion that says the same, when there is one. */
function takeSame(standing: Standing[], wanted: Suggestion): boolean {
  const same = standing.findIndex(({ path, body }) => path === wanted.path && plain(body) === plain(wanted.body))
  if (same >= 0) standing.splice(same, 1)
  return same >= 0
}

/** Our suggestions whose lines are still there, which comments are answered, and whether a suggestion of ours was ever made. */
async function ours(octokit: Client, where: Where, author: Author, at: Context): Promise<{ standing: Standing[]; answered: Set<number>; known: boolean }> {
  const standing: Standing[] = []
  const answered = new Set<number>()
  let known = false
  for await (const data of pages(octokit.paginate.iterator('GET /repos/{owner}/{repo}/pulls/{pull_number}/comments', { ...where, per_page: 100 }))) {
    for (const comment of data as Standing[]) {
      if (comment.in_reply_to_id !== undefined) answered.add(comment.in_reply_to_id)
      else if (isOurs(comment.body, at) && (await author.wrote(comment))) {
        known = true
        if (typeof comment.line === 'number') standing.push(comment)
      }
    }
  }
  return { standing, answered, known }
}

/** True when a review of ours is there, though nothing of it is left. */
async function reviewed(octokit: Client, where: Where, author: Author, at: Context): Promise<boolean> {
  for await (const data of pages(octokit.paginate.iterator('GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews', { ...where, per_page: 100 }))) {
    for (const review of data) if (isOurs(review.body, at) && (await author.wrote(review))) return true
  }
  return false
}

const isOurs = (body: string, at: Context): boolean => plain(body).endsWith(plain(marked('', at)))

/** Those suggestions whose lines the pull request shows, as they are in the files that were checked. */
async function placed(octokit: Client, where: Where, wanted: Suggestion[]): Promise<Suggestion[]> {
  if (wanted.length === 0) return []
  const missing = new Set(wanted.map(({ path }) => path))
  const hunks = new Map<string, Hunk[]>()
  for await (const data of pages(octokit.paginate.iterator('GET /repos/{owner}/{repo}/pulls/{pull_number}/files', { ...where, per_page: 100 }))) {
    for (const { filename, patch } of data) if (missing.delete(filename)) hunks.set(filename, parse(patch ?? ''))
    if (missing.size === 0) break
  }
  const shows = (hunk: Hunk, { start_line, before }: Suggestion): boolean => before.every((text, at) => hunk.get(start_line + at) === text)
  return wanted.filter((each) => hunks.get(each.path)?.some((hunk) => shows(hunk, each)))
}

async function* pages<T>(iterator: AsyncIterable<{ data: T }>): AsyncGenerator<T> {
  let count = 0
  for await (const { data } of iterator) {
    yield data
    count += 1
    if (count === PAGES) return
  }
}

/** Lines of the new file that a hunk shows, by number. */
type Hunk = Map<number, string>

function parse(patch: string): Hunk[] {
  const hunks: Hunk[] = []
  let number = 0
  for (const line of patch.split('\n')) {
    const [, start] = /^@@ -\d+(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(line) ?? []
    if (start !== undefined) {
      hunks.push(new Map())
      number = Number(start)
    } else if (line.startsWith('+') || line.startsWith(' ')) {
      hunks.at(-1)?.set(number, line.slice(1))
      number += 1
    }
  }
  return hunks
}
