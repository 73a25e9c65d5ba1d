// The client for Railway: a POST an operation, answers taken for what they are, patience bounded.
import { setTimeout as pause } from 'node:timers/promises'

import { answerOf, Fault } from './answer.ts'
import { operations, type OperationName } from './operations.ts'
import { Budget } from './budget.ts'

/** Tries after the first; the waits between them double from one second. */
const RETRIES = 4
/** Longest wait that Railway may ask for. */
const PATIENCE_SECONDS = 120
const TIMEOUT_MS = 15_000

export interface Options {
  address: string
  token: string
  signal?: AbortSignal
  timeout?: number
  /** Milliseconds of the first wait after a failure. */
  backoff?: number
}

export class Client {
  readonly budget = new Budget()
  readonly #options: Options
  #bearer = false

  constructor(options: Options) {
    this.#options = options
  }

  /** The same with the token sent as one of an account or a workspace. */
  asAccount(): Client {
    const other = new Client(this.#options)
    other.#bearer = true
    return other
  }

  /** The same for a last word, after the signal. */
  afresh(): Client {
    const { signal: _, ...rest } = this.#options
    return new Client({ ...rest, timeout: 3000, backoff: 300 })
  }

  /** What `name` answers. A mutation whose end is not known is never sent again. */
  ask<T>(name: OperationName, variables: Record<string, unknown> = {}): Promise<T> {
    return this.send<T>(operations[name], variables)
  }

  async send<T>(query: string, variables: Record<string, unknown>): Promise<T> {
    const again = query.startsWith('query')
    for (let attempt = 0; ; attempt += 1) {
      try {
        return (await this.#once(query, variables)) as T
      } catch (error) {
        const fault = this.#fault(error)
        const wait = fault.wait ?? (this.#options.backoff ?? 1000) * 2 ** attempt
        const worthwhile = fault.kind === 'rate' || (again && fault.kind === 'away')
        if (!worthwhile || attempt >= RETRIES || wait > PATIENCE_SECONDS * 1000) throw fault
        await pause(wait, undefined, { signal: this.#options.signal })
      }
    }
  }

  async #once(query: string, variables: Record<string, unknown>): Promise<unknown> {
    const { address, token, signal, timeout = TIMEOUT_MS } = this.#options
    const limit = AbortSignal.timeout(timeout)
    const response = await fetch(address, {
      method: 'POST',
      redirect: 'error',
      headers: { 'content-type': 'application/json', 'user-agent': 'preflight', ...(this.#bearer ? { authorization: `Bearer ${token}` } : { 'project-access-token': token }) },
      body: JSON.stringify({ query, variables }),
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
    })
    this.budget.read(response.headers)
    return answerOf(response)
  }

  /** `error` as a fault that does not hold the token. */
  #fault(error: unknown): Fault {
    this.#options.signal?.throwIfAborted()
    const fault = error instanceof Fault ? error : Fault.ofNetwork(error)
    return fault.without(this.#options.token)
  }
}
