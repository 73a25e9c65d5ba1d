// The client for GitHub, and what tells our words there from those of others.
import { Octokit } from '@octokit/core'
import { paginateRest } from '@octokit/plugin-paginate-rest'
import { retry } from '@octokit/plugin-retry'
import { throttling } from '@octokit/plugin-throttling'

import type { Context } from './context.ts'

/** Author of what is posted with a workflow's own token. */
const BOT = 'github-actions[bot]'
/** Longest wait that GitHub may ask for, and longest wait for an answer. */
const PATIENCE_SECONDS = 60
const TIMEOUT_MS = 15_000

const Client = Octokit.plugin(paginateRest, retry, throttling)
export type Client = InstanceType<typeof Client>

export function client(at: Context, token: string): Client {
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

/** Whose words are ours: anyone can write our markers, but only we are their author. */
export class Author {
  #viewer: string | undefined
  readonly #octokit: Client

  constructor(octokit: Client) {
    this.#octokit = octokit
  }

  async wrote(comment: { user?: { login: string } | null }): Promise<boolean> {
    const login = comment.user?.login
    if (login === BOT) return true
    this.#viewer ??= await this.#login()
    return login === this.#viewer
  }

  /** Who the token speaks for; a workflow's own token may not ask. */
  async #login(): Promise<string> {
    try {
      return (await this.#octokit.request('GET /user')).data.login
    } catch {
      return BOT
    }
  }
}

/** Tells the comments of several directories apart. */
export const tail = (at: Context): string => (at.prefix === '' ? '' : `<!-- preflight-path ${encodeURIComponent(at.prefix).replaceAll('-', '%2D')} -->\n`)

/** A body without what GitHub may change on the way. */
export const plain = (body: string | undefined): string => (body ?? '').replaceAll('\r\n', '\n').trimEnd()

