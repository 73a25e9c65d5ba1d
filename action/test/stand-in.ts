// A stand-in for GitHub: keeps comments in memory, and judges every request and every answer by GitHub's own description.
import { createRequire } from 'node:module'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { Ajv, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'

type Json = Record<string, any>
type Operation = { path: string; method: string; pattern: RegExp; names: string[]; description: Json }

const api: Json = createRequire(import.meta.url)('@octokit/openapi/generated/api.github.com.json')
const ajv = new Ajv({ strict: false, coerceTypes: true, allErrors: true })
addFormats.default(ajv)
const validators = new Map<object, ValidateFunction>()

/** GitHub's documented limit, which its description does not have. */
const BODY_LIMIT = 65_536

/** Only what the action may use; a request for anything else is a violation. */
const operations: Operation[] = [
  ['GET', '/repos/{owner}/{repo}/issues/{issue_number}/comments'],
  ['POST', '/repos/{owner}/{repo}/issues/{issue_number}/comments'],
  ['PATCH', '/repos/{owner}/{repo}/issues/comments/{comment_id}'],
  ['GET', '/repos/{owner}/{repo}/pulls'],
  ['GET', '/repos/{owner}/{repo}/pulls/{pull_number}/files'],
  ['GET', '/repos/{owner}/{repo}/pulls/{pull_number}/comments'],
  ['POST', '/repos/{owner}/{repo}/pulls/{pull_number}/comments'],
  ['DELETE', '/repos/{owner}/{repo}/pulls/comments/{comment_id}'],
  ['GET', '/repos/{owner}/{repo}/pulls/{pull_number}/reviews'],
  ['POST', '/repos/{owner}/{repo}/pulls/{pull_number}/reviews'],
  ['GET', '/user'],
  ['GET', '/repos/{owner}/{repo}/deployments'],
  ['POST', '/repos/{owner}/{repo}/deployments'],
  ['GET', '/repos/{owner}/{repo}/deployments/{deployment_id}/statuses'],
  ['POST', '/repos/{owner}/{repo}/deployments/{deployment_id}/statuses'],
].map(([method = '', path = '']) => {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string)
  const pattern = new RegExp(`^${path.replace(/\{\w+\}/g, '([^/]+)')}$`)
  return { path, method, pattern, names, description: api['paths'][path][method.toLowerCase()] }
})

export interface Behaviour {
  /** Author of what this token writes; null means that the token may not ask who it is. */
  login: string
  user: boolean
  readOnly: boolean
  /** Answers to give before the real one, one a request. */
  first: { status: number; headers?: Record<string, string>; message?: string }[]
  delayMs: number
}

/** A comment of a review on lines of a file; `line` is gone once those lines have changed. */
export interface ReviewComment {
  id: number
  pull: number
  review: number
  login: string
  path: string
  body: string
  start_line?: number
  line?: number
  in_reply_to_id?: number
}

export class StandIn {
  /** Files of every pull request, with the patch that GitHub shows; without one for large files. */
  files: { filename: string; patch?: string }[] = []
  reviews: { id: number; pull: number; login: string; body: string }[] = []
  reviewComments: ReviewComment[] = []
  comments: { issue: number; id: number; login: string; body: string }[] = []
  pulls: { number: number; head: string; sha: string }[] = []
  deployments: { id: number; sha: string; task: string; environment: string; production: boolean; statuses: Json[] }[] = []
  requests: string[] = []
  /** Where a request or an answer departs from GitHub's description. */
  violations: string[] = []
  behaviour: Behaviour = { login: 'github-actions[bot]', user: false, readOnly: false, first: [], delayMs: 0 }
  #server: Server = createServer((request, response) => void this.#serve(request, response))
  #next = 1

  static async start(): Promise<StandIn> {
    const it = new StandIn()
    await new Promise<void>((done) => it.#server.listen(0, '127.0.0.1', done))
    return it
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  stop(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  /** A comment that is there already. */
  add(issue: number, login: string, body: string): number {
    const id = this.#next++
    this.comments.push({ issue, id, login, body })
    return id
  }

  /** A deployment that was told a success already. */
  addDeployment(sha: string, environment: string, page: string): void {
    const { environment_url: _, ...made } = structuredClone(example('deployment-status'))
    const status = { ...made, state: 'success', log_url: page }
    this.deployments.push({ id: this.#next++, sha, task: 'deploy:preflight', environment, production: true, statuses: [status] })
  }

  /** A comment of a review that is there already. */
  addReviewComment(comment: Omit<ReviewComment, 'id' | 'review'>): number {
    const id = this.#next++
    this.reviewComments.push({ ...comment, id, review: 1 })
    return id
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const url = new URL(request.url ?? '/', this.url)
    this.requests.push(`${request.method} ${url.pathname}${url.search}`)
    if (this.behaviour.delayMs > 0) await new Promise((done) => setTimeout(done, this.behaviour.delayMs))
    const scripted = this.behaviour.first.shift()
    const operation = operations.find(({ method, pattern }) => method === request.method && pattern.test(url.pathname))
    if (!operation) this.violations.push(`${request.method} ${url.pathname} is not an operation the action may use`)
    const values = operation && this.#judge(operation, request, url, Buffer.concat(chunks).toString())
    if (scripted) return this.#send(response, scripted.status, { message: scripted.message ?? 'scripted' }, scripted.headers)
    if (!operation || !values) return this.#send(response, 422, { message: 'Validation Failed' })
    const [status, body, headers] = this.#answer(operation, values, url)
    this.#judgeAnswer(operation, status, body)
    this.#send(response, status, body, headers)
  }

  #send(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers })
    response.end(body === undefined ? undefined : JSON.stringify(body))
  }

  /** Checks path, query, headers and body; the values of all of them, or undefined when something is wrong. */
  #judge({ path, method, pattern, names, description }: Operation, request: IncomingMessage, url: URL, text: string): Json | undefined {
    const before = this.violations.length
    const wrong = (what: string): void => void this.violations.push(`${method} ${path}: ${what}`)
    const values: Json = Object.fromEntries([...(pattern.exec(url.pathname) ?? [])].slice(1).map((value, at) => [names[at], decodeURIComponent(value)]))
    const parameters: Json[] = (description['parameters'] ?? []).map(resolve)
    for (const [name, value] of url.searchParams) {
      if (!parameters.some((each) => each['in'] === 'query' && each['name'] === name)) wrong(`unknown query parameter ${name}`)
      values[name] = value
    }
    for (const { name, schema, required } of parameters) {
      if (required && !(name in values)) wrong(`${name} is missing`)
      if (name in values) this.#valid(schema, values, name, wrong)
    }
    if (!/^(token|bearer) \S+$/.test(request.headers.authorization ?? '')) wrong('no token')
    if (!request.headers['user-agent']) wrong('no user agent')
    const content = description['requestBody']?.content?.['application/json']
    if (content) {
      const body = { body: JSON.parse(text) }
      this.#valid(content.schema, body, 'body', wrong)
      if (Object.keys(body.body).some((key) => !(key in resolve(content.schema).properties))) wrong('unknown field in the body')
      for (const text of [body.body.body, ...(body.body.comments ?? []).map((each: Json) => each['body'])]) {
        if ([...(text ?? '')].length > BODY_LIMIT) wrong(`the comment is longer than ${BODY_LIMIT} characters`)
      }
      values['json'] = body.body
      values['body'] = body.body.body
    } else if (text !== '') wrong('a body where none belongs')
    return this.violations.length === before ? values : undefined
  }

  #valid(schema: object, holder: Json, key: string, wrong: (what: string) => void): void {
    const wrapped = { type: 'object', properties: { value: inlined(schema) } }
    let validate = validators.get(schema)
    if (!validate) validators.set(schema, (validate = ajv.compile(wrapped)))
    const value = { value: holder[key] }
    if (!validate(value)) wrong(`${key}: ${ajv.errorsText(validate.errors)}`)
    holder[key] = value.value
  }

  #judgeAnswer(operation: Operation, status: number, body: unknown): void {
    const response = operation.description['responses'][status]
    if (response === undefined) return
    const schema = resolve(response).content?.['application/json']?.schema
    if (schema) this.#valid(schema, { answer: structuredClone(body) }, 'answer', (what) => this.violations.push(`stand-in: ${operation.path}: ${what}`))
  }

  #answer({ path, method }: Operation, values: Json, url: URL): [number, unknown, Record<string, string>?] {
    const denied = { message: 'Resource not accessible by integration', documentation_url: 'https://docs.github.com/rest', status: '403' }
    if (path === '/user') return this.behaviour.user ? [200, { ...example('private-user'), login: this.behaviour.login }] : [403, denied]
    if (path.includes('/deployments')) return this.behaviour.readOnly ? [403, denied] : this.#deployment(path, method, values)
    if (path.endsWith('/pulls')) return [200, this.pulls.filter(({ head }) => head === values['head']).map((each) => this.#pull(each))]
    if (method === 'GET' && path.includes('/pulls/')) return this.#list(path, values, url)
    if (method === 'GET') return this.#page(values, url)
    if (this.behaviour.readOnly) return [403, denied]
    if (path.includes('/pulls/')) return this.#review(path, method, values)
    if (method === 'POST') {
      const id = this.add(values['issue_number'], this.behaviour.login, values['body'])
      return [201, this.#comment(this.comments.find((each) => each.id === id)!)]
    }
    const known = this.comments.find((each) => each.id === values['comment_id'])
    if (!known) return [404, { message: 'Not Found' }]
    known.body = values['body']
    return [200, this.#comment(known)]
  }

  /** Files, comments or reviews of a pull request, in pages. */
  #list(path: string, values: Json, url: URL): [number, unknown, Record<string, string>?] {
    const { pull_number: pull, per_page: size = 30, page = 1 } = values
    const all = path.endsWith('/files')
      ? this.files.map((each) => this.#file(each))
      : path.endsWith('/reviews')
        ? this.reviews.filter((each) => each.pull === pull).map((each) => this.#reviewed(each))
        : this.reviewComments.filter((each) => each.pull === pull).map((each) => this.#suggested(each))
    url.searchParams.set('page', String(page + 1))
    return [200, all.slice((page - 1) * size, page * size), all.length > page * size ? { link: `<${url.href}>; rel="next"` } : {}]
  }

  /** Writes and deletes of reviews; lines that the pull request does not show are refused, as GitHub does. */
  #review(path: string, method: string, values: Json): [number, unknown] {
    if (method === 'DELETE') {
      const at = this.reviewComments.findIndex(({ id }) => id === values['comment_id'])
      if (at < 0) return [404, { message: 'Not Found' }]
      this.reviewComments.splice(at, 1)
      return [204, undefined]
    }
    const { pull_number: pull, json } = values
    const review = path.endsWith('/reviews') ? this.#next++ : 1
    const comments: Json[] = path.endsWith('/reviews') ? (json['comments'] ?? []) : [json]
    for (const each of comments) {
      if (!this.#shown(each)) return [422, { message: 'Unprocessable Entity', errors: ['Line could not be resolved'] }]
    }
    for (const { path, body, line, start_line } of comments) this.reviewComments.push({ id: this.#next++, pull, review, login: this.behaviour.login, path, body, line, start_line })
    if (!path.endsWith('/reviews')) return [201, this.#suggested(this.reviewComments.at(-1)!)]
    this.reviews.push({ id: review, pull, login: this.behaviour.login, body: json['body'] })
    return [200, this.#reviewed(this.reviews.at(-1)!)]
  }

  /** True when one hunk of the file shows all lines of the comment on the right side. */
  #shown({ path, line, start_line = line, side }: Json): boolean {
    const patch = this.files.find(({ filename }) => filename === path)?.patch ?? ''
    const hunks = [...patch.matchAll(/^@@ -\S+ \+(\d+)(?:,(\d+))? @@/gm)].map(([, from, count = '1']) => [Number(from), Number(from) + Number(count) - 1] as const)
    return side === 'RIGHT' && start_line <= line && hunks.some(([first, last]) => first <= start_line && line <= last)
  }

  /** Deployments and their statuses, newest first. */
  #deployment(path: string, method: string, values: Json): [number, unknown] {
    const { json, sha, task, environment, per_page: size = 30 } = values
    const one = this.deployments.find(({ id }) => id === Number(values['deployment_id']))
    if (path.endsWith('/statuses')) {
      if (one === undefined) return [404, { message: 'Not Found' }]
      if (method === 'GET') return [200, one.statuses.slice(0, size)]
      const { log_url: _, environment_url: __, ...made } = structuredClone(example('deployment-status'))
      one.statuses.unshift({ ...made, ...json, id: this.#next++ })
      return [201, one.statuses[0]]
    }
    const shown = ({ id, sha, task, environment, production }: StandIn['deployments'][number]): Json => ({ ...structuredClone(example('deployment')), id, sha, ref: sha, task, environment, production_environment: production })
    if (method === 'GET') {
      const fits = this.deployments.filter((each) => (!sha || each.sha === sha) && (!task || each.task === task) && (!environment || each.environment === environment))
      return [200, fits.reverse().slice(0, size).map(shown)]
    }
    const made = { id: this.#next++, sha: json.ref, task: json.task, environment: json.environment, production: json.production_environment, statuses: [] }
    this.deployments.push(made)
    return [201, shown(made)]
  }

  #user(login: string): Json {
    return { ...example('pull-request-review')['user'], login, type: login.endsWith('[bot]') ? 'Bot' : 'User' }
  }

  #file({ filename, patch }: StandIn['files'][number]): Json {
    const [made] = structuredClone(example('diff-entry-items')) as unknown as Json[]
    const { patch: _, ...rest } = made!
    return { ...rest, filename, ...(patch === undefined ? {} : { patch }) }
  }

  #reviewed({ id, login, body }: StandIn['reviews'][number]): Json {
    return { ...structuredClone(example('pull-request-review')), id, body, user: this.#user(login) }
  }

  #suggested({ id, review, login, path, body, line, start_line, in_reply_to_id }: ReviewComment): Json {
    const { in_reply_to_id: _, line: __, start_line: ___, ...made } = structuredClone(example('pull-request-review-comment'))
    const lines = { ...(line === undefined ? {} : { line }), ...(start_line === undefined ? {} : { start_line }) }
    return { ...made, id, pull_request_review_id: review, path, body, ...lines, ...(in_reply_to_id === undefined ? {} : { in_reply_to_id }), user: this.#user(login) }
  }

  #page(values: Json, url: URL): [number, unknown, Record<string, string>?] {
    const { issue_number: issue, per_page: size = 30, page = 1 } = values
    const all = this.comments.filter((each) => each.issue === issue)
    const more = all.length > page * size
    url.searchParams.set('page', String(page + 1))
    return [200, all.slice((page - 1) * size, page * size).map((each) => this.#comment(each)), more ? { link: `<${url.href}>; rel="next"` } : {}]
  }

  #comment({ id, login, body, issue }: StandIn['comments'][number]): Json {
    const made = structuredClone(example('issue-comment'))
    const html_url = `https://github.com/o/r/pull/${issue}#issuecomment-${id}`
    return { ...made, id, body, html_url, user: { ...made['user'], login, type: login.endsWith('[bot]') ? 'Bot' : 'User' } }
  }

  /** GitHub's example, without the teams: they lack a field that GitHub's schema requires. */
  #pull({ number, sha }: StandIn['pulls'][number]): Json {
    const [made] = structuredClone(example('pull-request-simple-items')) as unknown as Json[]
    return { ...made, number, requested_teams: [], head: { ...made!['head'], sha } }
  }
}

const example = (name: string): Json => api['components'].examples[name].value

function resolve(value: Json): Json {
  const reference: string | undefined = value['$ref']
  return reference ? reference.slice(2).split('/').reduce((at, key) => at[key], api) : value
}

/** A schema with every reference replaced by what it names. */
function inlined(schema: unknown): Json {
  if (Array.isArray(schema)) return schema.map(inlined) as unknown as Json
  if (typeof schema !== 'object' || schema === null) return schema as unknown as Json
  const { example: _, examples: __, ...rest } = resolve(schema as Json)
  return Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, inlined(value)]))
}
