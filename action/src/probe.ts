// Probes as Railway makes them: plain HTTP to the container, its own Host header, no redirect followed.
import { request } from 'node:http'
import { connect } from 'node:net'

import type { Probes } from './plan.ts'

/** Milliseconds between probes before the first 200, and after it. */
const EAGER = 100
const CALM = 500
/** Milliseconds one probe may take. */
const LIMIT = 5000
/** Bytes of a body that are kept. */
const BODY = 300
/** Entries that are kept of a service which answers ever differently. */
const ENTRIES = 200

type Answer = Pick<Probes, 'status' | 'error' | 'body' | 'location'> & { connected: boolean }

/** Probes one container until it is stopped. */
export class Prober {
  probes: Probes[] = []
  /** When the port first took a connection. */
  listening: number | undefined
  #stopped = false
  #loop: Promise<void>

  /** `address` is the container's, or undefined while it has none; `now` counts from its start. */
  constructor(port: number, path: string | undefined, address: () => string | undefined, now: () => number) {
    this.#loop = this.#run(port, path, address, now)
  }

  get answered(): boolean {
    return this.probes.some(({ status }) => status === 200)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#loop
  }

  async #run(port: number, path: string | undefined, address: () => string | undefined, now: () => number): Promise<void> {
    while (!this.#stopped) {
      const host = address()
      const answer = host === undefined ? { error: 'refused', body: '', connected: false } : await probe(host, port, path, () => {
        this.listening ??= now()
      })
      if (path !== undefined) this.#note(answer, now())
      await new Promise((done) => setTimeout(done, this.answered || (path === undefined && this.listening !== undefined) ? CALM : EAGER))
    }
  }

  #note({ connected: _, ...answer }: Answer, at: number): void {
    const last = this.probes.at(-1)
    if (last && last.status === answer.status && last.error === answer.error) {
      Object.assign(last, { to: at, count: last.count + 1, body: answer.body })
    } else if (this.probes.length < ENTRIES) {
      this.probes.push({ from: at, to: at, count: 1, ...answer })
    }
  }
}

function probe(host: string, port: number, path: string | undefined, connected: () => void): Promise<Answer> {
  return new Promise((done) => {
    let open = false
    const opened = (): void => {
      open = true
      connected()
    }
    const failed = (error: NodeJS.ErrnoException): void => done({ error: NAMES[error.code ?? ''] ?? (open ? 'no answer' : 'unreachable'), body: '', connected: open })
    if (path === undefined) {
      const socket = connect({ host, port })
      socket.setTimeout(LIMIT, () => socket.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })))
      socket.on('error', failed).on('connect', () => {
        opened()
        socket.destroy()
        done({ body: '', connected: true })
      })
      return
    }
    const asked = request({ host, port, path, agent: false, headers: { host: 'healthcheck.railway.app', connection: 'close' } }, (response) => {
      let body = ''
      const answer = (): void => {
        const { location } = response.headers
        done({ status: response.statusCode ?? 0, body: body.slice(0, BODY), connected: true, ...(location === undefined ? {} : { location: location.slice(0, BODY) }) })
        asked.destroy()
      }
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text
        if (body.length > BODY) answer()
      })
      response.on('end', answer).on('error', answer)
    })
    asked.on('socket', (socket) => socket.once('connect', opened))
    asked.on('error', failed)
    setTimeout(() => asked.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })), LIMIT).unref()
    asked.end()
  })
}

const NAMES: Record<string, string> = { ECONNREFUSED: 'refused', ETIMEDOUT: 'timeout', ECONNRESET: 'reset', EHOSTUNREACH: 'unreachable', ENETUNREACH: 'unreachable' }
