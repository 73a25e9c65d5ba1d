// A real redis-server in a container of its own, in every state a service may meet it in.
import { connect, type Socket } from 'node:net'

import { limits } from './container.ts'
import type { Dependency, Place } from './dependency.ts'
import type { Part, World } from './plan.ts'

const PORT = 6379
/** Milliseconds in which a server must answer. */
const PATIENCE = 15_000
/** Keys of the data that is loaded slowly, and microseconds for each: ten seconds together. */
const KEYS = 400
const KEY_DELAY = 25_000

export class Redis implements Dependency {
  #place: Place
  #world: World = 'up'
  #ip = ''
  /** Connections that fill the queue of a server which accepts none. */
  #fillers: Socket[] = []

  constructor(place: Place) {
    this.#place = place
  }

  get #name(): string {
    return `${this.#place.prefix}-redis`
  }

  async enter(world: World): Promise<void> {
    this.#world = world
    if (world === 'unresolvable' || world === 'absent') return
    const options: Partial<Record<World, string[]>> = {
      refused: ['--port', '0', '--unixsocket', '/tmp/redis.sock'],
      'black-hole': ['--tcp-backlog', '1'],
      'wrong-password': ['--requirepass', 'another-password'],
      loading: ['--enable-debug-command', 'yes', '--loading-process-events-interval-bytes', '1024', '--key-load-delay', String(KEY_DELAY)],
    }
    await this.#create(options[world] ?? [])
    if (world === 'down') return
    await this.#run(world !== 'refused')
    if (world === 'black-hole') await this.#freeze()
    if (world === 'loading') await this.#load()
  }

  async start(): Promise<void> {
    await this.#run(true)
  }

  async stop(): Promise<void> {
    await this.#place.docker.must(['kill', this.#name])
  }

  address(part: Part): string {
    const host = { unresolvable: 'redis.railway.internal', absent: this.#place.nobody }[this.#world as string] ?? this.#name
    const user = this.#world === 'wrong-password' ? 'default:wrong@' : ''
    return { url: `redis://${user}${host}:${PORT}/0`, host, port: String(PORT), password: this.#world === 'wrong-password' ? 'wrong' : '' }[part]
  }

  async connections(address: string): Promise<number> {
    if (this.#ip === '') return 0
    const list = await this.#ask(['CLIENT', 'LIST']).catch(() => '')
    return list.split('\n').filter((line) => line.includes(` addr=${address}:`)).length
  }

  async #create(options: string[]): Promise<void> {
    const { docker, network, image } = this.#place
    const words = ['create', '--name', this.#name, ...docker.labels, '--network', network, ...limits(256), '--entrypoint', 'redis-server']
    const settings = ['--dir', '/tmp', '--save', '', '--appendonly', 'no', '--protected-mode', 'no', ...options]
    await docker.must([...words, image, ...settings])
  }

  async #run(answers: boolean): Promise<void> {
    const { docker } = this.#place
    await docker.must(['start', this.#name])
    this.#ip = await docker.must(['inspect', '--format', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', this.#name])
    for (const begun = Date.now(); answers; await new Promise((done) => setTimeout(done, 50))) {
      const said = await this.#ask(['PING']).catch(() => '')
      if (/PONG|NOAUTH/.test(said)) return
      if (Date.now() - begun > PATIENCE) throw new Error('Redis does not answer')
    }
  }

  /** Stops the process and fills its queue: from then on the kernel drops every attempt to connect. */
  async #freeze(): Promise<void> {
    await this.#place.docker.must(['pause', this.#name])
    for (let at = 0; at < 4; at += 1) {
      const socket = connect(PORT, this.#ip)
      socket.on('error', () => undefined)
      socket.unref()
      this.#fillers.push(socket)
    }
    await new Promise((done) => setTimeout(done, 100))
  }

  /** Saves data and has it loaded again, slowly. */
  async #load(): Promise<void> {
    const value = 'x'.repeat(2048)
    for (let key = 0; key < KEYS; key += 1) await this.#ask(['SET', `preflight:${key}`, value])
    await this.#ask(['SAVE'])
    void this.#ask(['DEBUG', 'RELOAD', 'NOSAVE'], 60_000).catch(() => undefined)
    await new Promise((done) => setTimeout(done, 200))
  }

  /** One command and its answer, as it comes over the wire. */
  #ask(words: string[], limit = 2000): Promise<string> {
    return new Promise((done, fail) => {
      const socket = connect(PORT, this.#ip)
      let answer = ''
      socket.setTimeout(limit, () => socket.destroy(new Error('Redis is silent')))
      socket.setEncoding('utf8').on('data', (text: string) => {
        answer += text
        const [, length] = /^\$(\d+)\r\n/.exec(answer) ?? []
        const whole = length === undefined ? answer.endsWith('\r\n') : Buffer.byteLength(answer) >= Number(length) + length.length + 5
        if (whole) {
          socket.destroy()
          done(answer)
        }
      })
      socket.on('error', fail).on('close', () => fail(new Error('Redis closed the connection')))
      socket.write(`*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`)
    })
  }
}
