// One container of a service: started as Railway starts it, watched by Docker's events.
import { readFileSync } from 'node:fs'

import type { Docker } from './docker.ts'
import type { DrillRun, ServicePlan } from './plan.ts'

/** What Docker gives by default that an ordinary service needs; nothing for devices, namespaces or raw packets. */
const CAPABILITIES = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'NET_BIND_SERVICE', 'SETGID', 'SETUID', 'SYS_CHROOT']
/** Lines of a log that are kept: the first and the last. */
const FIRST = 60
const LAST = 140
const WIDTH = 500

/** Limits that hold for every container. */
export const limits = (memory: number): string[] => [
  `--memory=${memory}m`,
  `--memory-swap=${memory}m`,
  '--pids-limit=512',
  '--cap-drop=ALL',
  '--security-opt=no-new-privileges',
  '--log-driver=json-file',
  '--log-opt=max-size=8m',
]

/** Docker's events for every container of a run, by name. */
export class Events {
  #stop: () => void
  #listeners = new Map<string, (action: string, at: number, attributes: Record<string, string>) => void>()

  constructor(docker: Docker) {
    const words = ['events', '--filter', 'type=container', '--filter', `label=${docker.label}`, '--format', '{{json .}}', '--since', String(Math.floor(Date.now() / 1000) - 1)]
    this.#stop = docker.follow(words, (line) => {
      const event = JSON.parse(line) as { status: string; timeNano: number; Actor: { Attributes: Record<string, string> } }
      const { Attributes: attributes } = event.Actor
      this.#listeners.get(attributes['name'] ?? '')?.(event.status, event.timeNano / 1e6, attributes)
    })
  }

  on(name: string, listener: (action: string, at: number, attributes: Record<string, string>) => void): void {
    this.#listeners.set(name, listener)
  }

  stop(): void {
    this.#stop()
  }
}

export class Container {
  readonly name: string
  address: string | undefined
  /** True when the process is gone and will not be started again. */
  gone = false
  exits: DrillRun['exits'] = []
  restarts: number[] = []
  #docker: Docker
  #begun: number | undefined
  #oom = false

  constructor(docker: Docker, events: Events, name: string) {
    this.#docker = docker
    this.name = name
    events.on(name, (action, at, attributes) => this.#heard(action, at, attributes))
  }

  /** Creates it; nothing runs yet. */
  async create(plan: ServicePlan, image: string, network: string, memory: number, variables: Record<string, string>, restart: boolean): Promise<void> {
    const words = ['create', '--name', this.name, ...this.#docker.labels, '--network', network, ...limits(memory)]
    words.push(...CAPABILITIES.map((each) => `--cap-add=${each}`))
    // Railway's resolver says at once that it knows no such name; Docker's would ask outside for ten seconds.
    if (!plan.internet) words.push('--dns=127.0.0.1', '--dns-opt=timeout:1', '--dns-opt=attempts:1')
    words.push(`--restart=${restart && plan.restarts > 0 ? `on-failure:${plan.restarts}` : 'no'}`)
    for (const [name, value] of Object.entries({ ...plan.variables, ...variables, PORT: String(plan.port) })) words.push('--env', `${name}=${value}`)
    const [program, ...rest] = plan.start ?? []
    if (program !== undefined) words.push('--entrypoint', program)
    await this.#docker.must([...words, image, ...rest])
  }

  /** Starts it; what Docker says when its command cannot be executed. */
  async start(): Promise<string | undefined> {
    const before = Date.now()
    const { code, err } = await this.#docker.call(['start', this.name])
    if (code !== 0) return err.trim().slice(0, 1000)
    this.#begun ??= before
    await this.#look()
    return undefined
  }

  /** Milliseconds since its first start. */
  now(): number {
    return this.#begun === undefined ? 0 : Math.max(0, Math.round(Date.now() - this.#begun))
  }

  #since(at: number): number {
    return Math.max(0, Math.round(at - (this.#begun ?? at)))
  }

  #heard(action: string, at: number, attributes: Record<string, string>): void {
    if (action === 'start') {
      if (this.exits.length === 0) this.#begun = at
      else {
        this.restarts.push(this.#since(at))
        void this.#look()
      }
    } else if (action === 'oom') {
      this.#oom = true
    } else if (action === 'die') {
      this.address = undefined
      this.exits.push({ at: this.#since(at), status: Number(attributes['exitCode'] ?? -1), oom: this.#oom })
      this.#oom = false
      setTimeout(() => void this.#look(), 150)
    }
  }

  /** Asks Docker for the address and whether it is gone for good. */
  async #look(): Promise<void> {
    const format = '{{.State.Status}} {{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}'
    const { code, out } = await this.#docker.call(['inspect', '--format', format, this.name])
    const [state, address] = out.trim().split(' ')
    if (code !== 0) return
    if (state === 'running' && address) this.address = address
    if (state === 'exited' || state === 'dead') this.gone = true
  }

  async terminate(): Promise<void> {
    await this.#docker.call(['kill', '--signal=SIGTERM', this.name])
  }

  /** Memory in use, in MiB. */
  async memory(): Promise<number | undefined> {
    const { out } = await this.#docker.call(['stats', '--no-stream', '--format', '{{.MemUsage}}', this.name], { limit: 10_000 })
    const [, number, unit] = /^([\d.]+)(\w+)/.exec(out.trim()) ?? []
    const factor = { B: 1 / 1048576, KiB: 1 / 1024, MiB: 1, GiB: 1024 }[unit ?? '']
    return number === undefined || factor === undefined ? undefined : Number(number) * factor
  }

  /** The ports it listens on; nothing where the daemon's processes are not this machine's. */
  async listens(): Promise<DrillRun['listens']> {
    const { out } = await this.#docker.call(['inspect', '--format', '{{.State.Pid}} {{.Id}}', this.name])
    const [pid, id] = out.trim().split(' ')
    try {
      if (!id || !readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(id)) return []
      return ['tcp', 'tcp6'].flatMap((file) => sockets(readFileSync(`/proc/${pid}/net/${file}`, 'utf8')))
    } catch {
      return []
    }
  }

  /** What it wrote, by time. */
  async log(): Promise<DrillRun['log']> {
    const lines: DrillRun['log'] = []
    const line = (text: string): void => {
      const blank = text.indexOf(' ')
      const at = Date.parse(text.slice(0, blank).replace(/(\.\d{3})\d*Z$/, '$1Z'))
      if (!Number.isNaN(at)) lines.push({ at: Math.round(at - (this.#begun ?? at)), text: text.slice(blank + 1, blank + 1 + WIDTH) })
    }
    await this.#docker.call(['logs', '--timestamps', '--tail', '5000', this.name], { line, limit: 20_000 })
    lines.sort((one, other) => one.at - other.at)
    return lines.length <= FIRST + LAST ? lines : [...lines.slice(0, FIRST), ...lines.slice(-LAST)]
  }

  async remove(): Promise<void> {
    this.gone = true
    await this.#docker.call(['rm', '--force', '--volumes', this.name])
  }
}

/** Listening sockets of the kernel's table; Docker's own resolver, which is on 127.0.0.11, is none of the service's. */
function sockets(table: string): DrillRun['listens'] {
  const found: DrillRun['listens'] = []
  for (const line of table.split('\n').slice(1)) {
    const [, local = '', , state] = line.trim().split(/\s+/)
    const [address = '', port = ''] = local.split(':')
    if (state !== '0A' || address === '0B00007F') continue
    const loopback = address === '0100007F' || address === '00000000000000000000000001000000'
    const each = { port: parseInt(port, 16), loopback }
    if (!found.some((known) => known.port === each.port && known.loopback === each.loopback)) found.push(each)
  }
  return found
}
