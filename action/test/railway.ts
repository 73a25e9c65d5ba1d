// A stand-in for Railway: one project whose deployments move on with every look, behind the schema that Railway publishes.
// `PREFLIGHT_RAILWAY_SCHEMA` names that schema, as introspection gives it; without it an excerpt of ours serves.
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

import { buildClientSchema, buildSchema, graphql, GraphQLError, type GraphQLSchema, parse, validate } from 'graphql'

type Json = Record<string, any>

export const excerpt: GraphQLSchema = buildSchema(readFileSync(join(import.meta.dirname, 'railway-excerpt.graphql'), 'utf8'))
const given = process.env['PREFLIGHT_RAILWAY_SCHEMA']
const introspection = given === undefined ? undefined : JSON.parse(readFileSync(given, 'utf8'))
/** The whole schema where it is given. */
export const schema: GraphQLSchema = introspection === undefined ? excerpt : buildClientSchema(introspection.data ?? introspection)
export const whole = introspection !== undefined

/** A status that a deployment takes, and what is then new. */
export interface Step {
  status: string
  build?: string[]
  deploy?: string[]
  instances?: [id: string, status: string][]
  stopped?: boolean
  /** What the service answers from then on. */
  health?: number
}

export interface Deployment {
  id: string
  service: string
  ahead: Step[]
  status: string
  created: number
  updated: number
  commit: string | undefined
  build: Json[]
  deploy: Json[]
  instances: [id: string, status: string][]
  stopped: boolean
  canRollback: boolean
  /** It moves on when it is listed, for nobody else looks at it. */
  alone?: boolean
}

export interface Service {
  id: string
  name: string
  repo?: string
  image?: string
  domain?: string
  volume?: string
  settings: Json
  config: Json
  manifest: Json
  variables: Record<string, { value: string; sealed?: boolean; references?: string[] }>
}

/** What happens to a request instead of, or after, its being carried out. */
export interface Fault {
  on?: string
  status?: number
  headers?: Record<string, string>
  body?: string
  hang?: boolean
  message?: string
  /** The operation is carried out before. */
  late?: boolean
}

export const PROJECT_TOKEN = 'planted-project-token-5f1c'
export const ACCOUNT_TOKEN = 'planted-account-token-77aa'

/** The statuses of a deployment that comes up, with its logs. */
export const comesUp = (health = 200, deploy: string[] = ['[STAGE 1/6] Loading environment...', '[STAGE 6/6] Starting worker loop...']): Step[] => [
  { status: 'INITIALIZING' },
  { status: 'QUEUED' },
  { status: 'BUILDING', build: ['load build definition from Dockerfile', '::error::forged by a log', '##[error]forged', '\u001b[31mexporting layers\u001b[0m'] },
  { status: 'DEPLOYING', build: ['Healthcheck succeeded'], deploy },
  { status: 'SUCCESS', instances: [['i-1', 'RUNNING']], health },
]

export class Railway {
  services: Service[] = []
  deployments: Deployment[] = []
  /** The ways of the deployments that will be made, in order; without one a deployment comes up. */
  plans: Step[][] = []
  faults: Fault[] = []
  /** Fields of the root that the token may not use. */
  refused = new Set<string>()
  unknownCommits = new Set<string>()
  remaining = 900
  unmerged = 0
  health = 503
  requests: string[] = []
  violations: string[] = []
  memory = 512 * 1024 * 1024
  #server: Server = createServer((request, response) => void this.#serve(request, response))
  #clock = Date.parse('2026-11-25T09:00:00Z')

  static async start(): Promise<Railway> {
    const it = new Railway()
    await new Promise<void>((done) => it.#server.listen(0, '127.0.0.1', done))
    return it
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get api(): string {
    return `${this.url}/graphql/v2`
  }

  stop(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  add(service: Partial<Service> & { name: string }): Service {
    const made: Service = { id: randomUUID(), settings: {}, config: {}, manifest: {}, variables: {}, ...service }
    this.services.push(made)
    return made
  }

  /** A deployment that was there before, or is made now. */
  deploy(service: string, commit: string | undefined, plan: Step[] = this.plans.shift() ?? comesUp()): Deployment {
    const now = this.#tick()
    const made: Deployment = { id: randomUUID(), service, ahead: [...plan], status: 'INITIALIZING', created: now, updated: now, commit, build: [], deploy: [], instances: [], stopped: false, canRollback: false }
    this.deployments.push(made)
    return made
  }

  /** One that went through all its steps long ago. */
  past(service: string, commit: string, plan: Step[] = comesUp()): Deployment {
    const made = this.deploy(service, commit, plan)
    while (made.ahead.length > 0) this.#advance(made)
    return made
  }

  #tick(): number {
    return (this.#clock += 1000)
  }

  #advance(one: Deployment): void {
    const step = one.ahead.shift()
    if (step === undefined) return
    Object.assign(one, { status: step.status, updated: this.#tick(), stopped: step.stopped ?? one.stopped, instances: step.instances ?? one.instances })
    for (const kind of ['build', 'deploy'] as const) one[kind].push(...(step[kind] ?? []).map((message) => ({ timestamp: new Date(this.#tick()).toISOString(), message, severity: 'info' })))
    if (step.health !== undefined) this.health = step.health
    if (step.status !== 'SUCCESS') return
    for (const other of this.deployments.filter((each) => each.service === one.service && each !== one && ['SUCCESS', 'CRASHED'].includes(each.status))) {
      other.status = 'REMOVED'
      other.canRollback = true
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    if (request.url === '/health') return void response.writeHead(this.health).end('{}')
    const { query = '', variables = {} } = JSON.parse(Buffer.concat(chunks).toString() || '{}')
    const name = /^(?:query|mutation) (\w+)/.exec(query)?.[1] ?? 'nameless'
    this.requests.push(name)
    if (request.method !== 'POST' || request.url !== '/graphql/v2' || request.headers['content-type'] !== 'application/json') this.violations.push(`${request.method} ${request.url}`)
    const at = this.faults.findIndex(({ on }) => on === undefined || on === name)
    const fault = at < 0 ? undefined : this.faults.splice(at, 1)[0]
    const answer = fault === undefined || fault.late ? await this.#answer(request, query, variables) : {}
    if (fault?.hang) return
    const headers = { 'content-type': 'application/json', 'x-ratelimit-limit': '1000', 'x-ratelimit-remaining': String((this.remaining -= 1)), 'x-ratelimit-reset': String(Math.ceil(Date.now() / 1000) + 60), ...fault?.headers }
    const body = fault === undefined ? answer : fault.message === undefined ? (fault.body ?? '<html>Bad Gateway</html>') : { errors: [{ message: fault.message }] }
    response.writeHead(fault?.status ?? 200, headers).end(typeof body === 'string' ? body : JSON.stringify(body))
  }

  async #answer(request: IncomingMessage, query: string, variables: Json): Promise<object> {
    for (const error of validate(schema, parse(query))) this.violations.push(error.message)
    const project = request.headers['project-access-token']
    const account = request.headers.authorization === `Bearer ${ACCOUNT_TOKEN}`
    if (project !== PROJECT_TOKEN && !account) return { errors: [{ message: 'Not Authorized' }], data: null }
    const { errors, data } = await graphql({ schema, source: query, rootValue: this.#root(account), variableValues: variables })
    for (const error of errors ?? []) if (!(error.originalError instanceof GraphQLError)) this.violations.push(`stand-in: ${error.message}`)
    return { ...(errors === undefined ? {} : { errors: errors.map(({ message, path }) => ({ message, path })) }), data }
  }

  /** The fields of the root, each refused to tokens that may not use it. */
  #root(account: boolean): Json {
    const project = { id: 'project-1', name: 'shop', subscriptionType: 'hobby' }
    const environment = { id: 'environment-1', name: 'production', isEphemeral: false, unmergedChangesCount: this.unmerged }
    const fields: Record<string, (of: Json) => unknown> = {
      projectToken: () => ({ id: 't', name: 'ci', projectId: project.id, environmentId: environment.id, project, environment }),
      apiToken: () => ({ workspaces: [{ id: 'w', name: 'acme' }] }),
      environment: () => ({ ...environment, ...this.#environment() }),
      serviceInstance: ({ serviceId }) => this.#instance(this.#service(serviceId)),
      serviceInstanceLimits: () => ({ containers: { cpu: 2, memoryBytes: this.memory } }),
      variablesForServiceDeployment: ({ serviceId }) => Object.fromEntries(Object.entries(this.#service(serviceId).variables).filter(([, { sealed }]) => !sealed).map(([name, { value }]) => [name, value])),
      deployments: ({ input, first }) => connection(this.#moved(this.deployments).filter(({ service }) => service === input.serviceId).reverse().slice(0, first).map((each) => this.#deployment(each))),
      deployment: ({ id }) => (this.#advance(this.#known(id)), this.#deployment(this.#known(id))),
      deploymentEvents: ({ id }) => connection(events(this.#known(id))),
      buildLogs: (of) => since(this.#known(of['deploymentId']).build, of),
      deploymentLogs: (of) => since(this.#known(of['deploymentId']).deploy, of),
      serviceInstanceDeployV2: ({ serviceId, commitSha }) => this.#made(serviceId, commitSha),
      deploymentRollback: ({ id }) => this.#rolledBack(this.#known(id)),
      deploymentCancel: ({ id }) => this.#cancelled(this.#known(id)),
    }
    const allowed = (name: string): boolean => !this.refused.has(name) && (name === 'apiToken' ? account : !account)
    return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, (of: Json) => (allowed(name) ? field(of) : refuse('Not Authorized'))]))
  }

  #moved(all: Deployment[]): Deployment[] {
    for (const each of all.filter(({ alone }) => alone)) this.#advance(each)
    return all
  }

  #service(id: string): Service {
    return this.services.find((each) => each.id === id) ?? refuse('ServiceInstance not found')
  }

  #known(id: string): Deployment {
    return this.deployments.find((each) => each.id === id) ?? refuse('Deployment not found')
  }

  #environment(): Json {
    const variables = this.services.flatMap(({ id, variables }) => Object.entries(variables).map(([name, { sealed = false, references = [] }]) => ({ name, serviceId: id, isSealed: sealed, references })))
    return {
      config: { services: Object.fromEntries(this.services.map(({ id, config, variables }) => [id, { ...config, variables }])) },
      serviceInstances: connection(this.services.map((each) => this.#instance(each))),
      volumeInstances: connection(this.services.flatMap(({ id, volume }) => (volume === undefined ? [] : [{ serviceId: id, mountPath: volume }]))),
      variables: connection(variables),
    }
  }

  #instance(service: Service): Json {
    const { id, name, repo, image, domain, settings } = service
    const latest = this.deployments.findLast((each) => each.service === id)
    const domains = { serviceDomains: domain === undefined ? [] : [{ domain }], customDomains: [] }
    const stored = { builder: 'RAILPACK', watchPatterns: [], restartPolicyType: 'ON_FAILURE', restartPolicyMaxRetries: 10, ...settings }
    return { ...stored, serviceId: id, serviceName: name, source: { repo: repo ?? null, image: image ?? null }, domains, latestDeployment: latest === undefined ? null : this.#deployment(latest) }
  }

  #deployment(one: Deployment): Json {
    const { id, status, created, updated, commit, stopped, canRollback, service } = one
    const iso = (time: number): string => new Date(time).toISOString()
    const { manifest } = this.#service(service)
    const meta = { ...(commit === undefined ? {} : { commitHash: commit }), serviceManifest: manifest }
    return { id, status, createdAt: iso(created), statusUpdatedAt: iso(updated), meta, canRollback, deploymentStopped: stopped, url: null, staticUrl: null, instances: one.instances.map(([id, status]) => ({ id, status })) }
  }

  #made(service: string, commit: string): string {
    const { repo } = this.#service(service)
    if (repo === undefined) refuse('Service has no repository')
    if (this.unknownCommits.has(commit)) refuse('Commit not found')
    if (this.deployments.some((each) => each.service === service && !ENDED.includes(each.status))) this.violations.push('two deployments at once')
    return this.deploy(service, commit).id
  }

  #rolledBack(one: Deployment): boolean {
    if (!one.canRollback) refuse('Deployment cannot be rolled back')
    this.deploy(one.service, one.commit)
    return true
  }

  #cancelled(one: Deployment): boolean {
    if (ENDED.includes(one.status)) refuse('Deployment cannot be cancelled')
    Object.assign(one, { status: 'REMOVED', ahead: [] })
    return true
  }
}

const ENDED = ['SUCCESS', 'FAILED', 'CRASHED', 'REMOVED', 'SKIPPED', 'SLEEPING']

const connection = (all: Json[]): Json => ({ edges: all.map((node) => ({ node, cursor: 'c' })), pageInfo: { hasNextPage: false, hasPreviousPage: false } })

function refuse(message: string): never {
  throw new GraphQLError(message)
}

function since(rows: Json[], { startDate, limit }: Json): Json[] {
  return rows.filter(({ timestamp }) => startDate == null || timestamp >= startDate).slice(0, limit + 1)
}

/** The steps of a deployment as Railway tells them, for the record. */
function events({ created, updated, status }: Deployment): Json[] {
  const iso = (time: number): string => new Date(time).toISOString()
  const failed = ['FAILED', 'CRASHED'].includes(status)
  const step = (name: string, from: number, to: number, error: string | null): Json => ({ step: name, createdAt: iso(from), completedAt: iso(to), payload: { error } })
  return [step('BUILD_IMAGE', created, created + 1000, null), step('HEALTHCHECK', created + 1000, updated, failed ? 'replicas never became healthy' : null)]
}
