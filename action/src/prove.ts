// Proves in Docker what the plan asks for. Loaded only when it is asked for.
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'

import { build, builder, cache, layOut } from './build.ts'
import { Events, limits } from './container.ts'
import type { Context as At, Env } from './context.ts'
import { Docker, sweep } from './docker.ts'
import { play, type Stage } from './drill.ts'
import type { DrillRun, Observations, Observed, Plan, ServicePlan, SmokeRun } from './plan.ts'
import * as runner from './runner.ts'

/** Drills that run at the same time, after the two whose times are reported. */
const ABREAST = 6
const FIRST = 2
/** Milliseconds in which those two have the processor for themselves. */
const HEAD_START = 6000
/** Milliseconds between their starts, so that they do not take the processor from one another. */
const STAGGER = 700
const PULL_LIMIT = 120_000
const SMOKE_LINES = 200

export interface Request {
  plan: Plan
  /** By root directory, the files that travel. */
  files: Record<string, string[]>
  profile: string
  redisImage: string
}

/** Carries the plan out. Whatever it makes is gone when it is over, however it ends. */
export async function prove(env: Env, at: At, asked: Request): Promise<Observations> {
  const run = randomBytes(5).toString('hex')
  const docker = new Docker(run, env)
  runner.state(env, 'preflight-run', run)
  const seen: Observations = { profile: asked.profile, services: [] }
  if ((await docker.call(['version', '--format', '{{.Server.Version}}'], { limit: 20_000 })).code !== 0) return { ...seen, fault: 'no Docker daemon answers' }
  sweepDead(docker)
  const stop = (signal: NodeJS.Signals): void => {
    docker.sweep()
    process.exit(signal === 'SIGINT' ? 130 : 143)
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.once(signal, stop)
  const place = mkdtempSync(join(at.temp, 'preflight-prove-'))
  const session = new Session(docker, env, at, asked, place)
  try {
    const words = await builder(docker)
    if (words === undefined) return { ...seen, fault: 'this Docker has no BuildKit: install docker-buildx' }
    await session.all(words, seen)
  } finally {
    session.events?.stop()
    docker.sweep()
    rmSync(place, { recursive: true, force: true })
    for (const signal of signals) process.removeListener(signal, stop)
  }
  seen.overhead = session.overhead()
  return seen
}

/** Removes what processes of this machine left behind that are no more. */
function sweepDead(docker: Docker): void {
  const format = ['--filter', 'label=preflight.process', '--format', '{{.Label "preflight.process"}} {{.Label "preflight.run"}}']
  const found = [['ps', '--all'], ['network', 'ls']].map((words) => spawnSync('docker', [...words, ...format], { encoding: 'utf8', timeout: 20_000 }).stdout ?? '')
  const dead = new Set<string>()
  for (const [, host, pid, run = ''] of found.join('\n').matchAll(/^(\S+):(\d+) (\w+)$/gm)) {
    if (host === hostname() && run !== docker.run && !lives(Number(pid))) dead.add(run)
  }
  for (const run of dead) sweep(process.env, `preflight.run=${run}`)
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

class Session {
  events: Events | undefined
  #docker: Docker
  #env: Env
  #at: At
  #asked: Request
  #place: string
  #begun = Date.now()
  /** When something ran or was built that is not ours. */
  #spans: [number, number][] = []

  constructor(docker: Docker, env: Env, at: At, asked: Request, place: string) {
    this.#docker = docker
    this.#env = env
    this.#at = at
    this.#asked = asked
    this.#place = place
  }

  /** Milliseconds that were neither building nor a container's running. */
  overhead(): number {
    const spans = this.#spans.sort(([one], [other]) => one - other)
    let busy = 0
    let end = 0
    for (const [from, to] of spans) {
      busy += Math.max(0, to - Math.max(from, end))
      end = Math.max(end, to)
    }
    return Date.now() - this.#begun - busy
  }

  async #timed<T>(work: Promise<T>): Promise<T> {
    const from = Date.now()
    try {
      return await work
    } finally {
      this.#spans.push([from, Date.now()])
    }
  }

  async all(words: string[], seen: Observations): Promise<void> {
    const { plan } = this.#asked
    this.events = new Events(this.#docker)
    const systems = plan.services.some(({ drills, dependencies }) => drills.length > 0 && dependencies.length > 0) ? this.#redis() : Promise.resolve({})
    const images: (string | undefined)[] = []
    for (const [number, service] of plan.services.entries()) {
      const observed: Observed = { service: service.service, drills: [] }
      seen.services.push(observed)
      images.push(await this.#build(words, service, observed, number))
    }
    const ready = await systems
    await Promise.all(plan.services.map(async (service, number) => {
      const [image, observed] = [images[number], seen.services[number]]
      if (image !== undefined && observed !== undefined) await this.#exercise(service, image, observed, number, ready)
    }))
  }

  async #build(words: string[], service: ServicePlan, observed: Observed, number: number): Promise<string | undefined> {
    const tag = `preflight-${this.#docker.run}-${number}`
    const place = join(this.#place, String(number))
    const context = layOut(this.#at.root, service, this.#asked.files[service.root] ?? [], place)
    const driver = words[0] === 'buildx' ? (/^Driver:\s*(\S+)/m.exec((await this.#docker.call(['buildx', 'inspect'])).out)?.[1] ?? 'docker') : 'docker'
    const extra = cache(this.#env, words, driver, tag.replace(this.#docker.run, 'cache'))
    const forCache = extra.length > 0 ? Object.fromEntries(Object.entries(this.#env).filter(([name]) => name.startsWith('ACTIONS_'))) : {}
    const group = runner.group(`Preflight: building ${service.service}`)
    try {
      observed.build = await this.#timed(build(this.#docker, words, service, context, tag, extra, forCache, (line) => group.line(line)))
    } catch (error) {
      observed.build = { succeeded: false, fault: (error as Error).message, milliseconds: 0 }
    } finally {
      group.end()
    }
    return observed.build.succeeded ? tag : undefined
  }

  async #exercise(service: ServicePlan, image: string, observed: Observed, number: number, images: Record<string, string>): Promise<void> {
    const smoke = service.smoke === null ? undefined : this.#smoke(service, service.smoke, image, number)
    if (service.drills.length > 0) {
      const network = `preflight-${this.#docker.run}-${number}`
      const words = ['network', 'create', '--driver=bridge', ...this.#docker.labels, ...(service.internet ? [] : ['--internal']), network]
      await this.#docker.must(words)
      const nobody = last(await this.#docker.must(['network', 'inspect', '--format', '{{range .IPAM.Config}}{{.Subnet}} {{end}}', network]))
      const stage: Stage = { place: { docker: this.#docker, network, nobody }, events: this.events!, image, images }
      const rest = async (): Promise<DrillRun[]> => {
        await this.#timed(new Promise((done) => setTimeout(done, HEAD_START)))
        return this.#drills(service, service.drills.slice(FIRST), stage)
      }
      observed.drills.push(...(await Promise.all([this.#drills(service, service.drills.slice(0, FIRST), stage), rest()])).flat())
    }
    const ran = await smoke
    if (ran !== undefined) observed.smoke = ran
  }

  async #drills(service: ServicePlan, drills: ServicePlan['drills'], stage: Stage): Promise<DrillRun[]> {
    const waiting = [...drills.entries()]
    const runs: DrillRun[] = []
    const worker = async (delay: number): Promise<void> => {
      await new Promise((done) => setTimeout(done, delay))
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const [at, drill] = next
        runs[at] = await play(service, drill, stage, (from, to) => this.#spans.push([from, to]))
        runner.line(`Preflight: ${service.service}: ${drill.id} is done`)
      }
    }
    const begun = Date.now()
    await Promise.all([...Array(Math.min(ABREAST, drills.length))].map((_, at) => worker(at * STAGGER)))
    // What lies between the starts on purpose is a drill's own waiting.
    if (drills.length > 1) this.#spans.push([begun, begun + (Math.min(ABREAST, drills.length) - 1) * STAGGER])
    return runs
  }

  /** The smoke test: no network at all. */
  async #smoke(service: ServicePlan, smoke: NonNullable<ServicePlan['smoke']>, image: string, number: number): Promise<SmokeRun> {
    const name = `preflight-${this.#docker.run}-${number}-smoke`
    const log: string[] = []
    const line = (text: string): void => {
      log.push(text.slice(0, 500))
      if (log.length > SMOKE_LINES) log.shift()
    }
    const [program = '', ...rest] = smoke.command
    const variables = Object.entries({ ...service.variables, PORT: String(service.port), ...addresses(service) })
    const words = ['run', '--rm', '--name', name, ...this.#docker.labels, '--network=none', ...limits(service.memory)]
    words.push(...variables.flatMap(([key, value]) => ['--env', `${key}=${value}`]), ...(smoke.dir === null ? [] : ['--workdir', smoke.dir]))
    const begun = Date.now()
    const { code } = await this.#timed(this.#docker.call([...words, '--entrypoint', program, image, ...rest], { line, limit: smoke.limit * 1000 }))
    const milliseconds = Date.now() - begun
    if (milliseconds >= smoke.limit * 1000) await this.#docker.call(['rm', '--force', name])
    if (code === 125) return { status: null, fault: log.at(-1) ?? 'docker run failed', milliseconds, log }
    return { status: milliseconds >= smoke.limit * 1000 ? null : code, milliseconds, log }
  }

  /** The image of Redis: the one that is there, else pulled. */
  async #redis(): Promise<Record<string, string>> {
    const image = this.#asked.redisImage
    if ((await this.#docker.call(['image', 'inspect', '--format', '{{.Id}}', image])).code === 0) return { redis: image }
    const { code } = await this.#docker.call(['pull', '--quiet', image], { limit: PULL_LIMIT })
    return code === 0 ? { redis: image } : {}
  }
}

/** Addresses of dependencies that nobody has, for a program that is only loaded. */
function addresses(service: ServicePlan): Record<string, string> {
  const parts = { url: 'redis://preflight.invalid:6379/0', host: 'preflight.invalid', port: '6379', password: '' }
  return Object.fromEntries(service.dependencies.flatMap(({ variables }) => Object.entries(variables).map(([name, part]) => [name, parts[part]])))
}

/** The last address of a network but one: Docker hands addresses out from the other end. */
function last(subnets: string): string {
  const [, address = '', bits = '24'] = /(\d+\.\d+\.\d+\.\d+)\/(\d+)/.exec(subnets) ?? []
  const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0) + 2 ** (32 - Number(bits)) - 2
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.')
}
