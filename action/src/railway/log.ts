// The two logs of a deployment as they grow, in folded groups, each line once.
import type { Order } from './order.ts'

/** Lines of each log that are kept for the diagnosis. */
const KEPT = 400
const WIDTH = 2000

type Kind = 'BuildLog' | 'DeployLog'

export class Log {
  readonly #order: Order
  readonly #id: string
  readonly #kept: Record<Kind, string[]> = { BuildLog: [], DeployLog: [] }
  readonly #since: Record<Kind, string | null> = { BuildLog: null, DeployLog: null }
  /** Lines of the youngest moment, which the next answer repeats. */
  readonly #seen: Record<Kind, Map<string, number>> = { BuildLog: new Map(), DeployLog: new Map() }
  #open: { kind: Kind; group: ReturnType<Order['hooks']['group']> } | undefined
  #faulty = false

  constructor(order: Order, id: string) {
    this.#order = order
    this.#id = id
  }

  /** Fetches what is new. A log that cannot be read is said once and no failure. */
  async more(...kinds: Kind[]): Promise<void> {
    for (const kind of kinds) {
      try {
        const answer = await this.#order.client.ask<any>(kind, { id: this.#id, since: this.#since[kind] })
        for (const line of this.#fresh(kind, answer.buildLogs ?? answer.deploymentLogs)) this.#show(kind, line)
      } catch (error) {
        this.#order.signal.throwIfAborted()
        if (!this.#faulty) this.#order.hooks.line(`Preflight: a log cannot be read: ${(error as Error).message}`)
        this.#faulty = true
      }
    }
  }

  /** The lines of the deployment's own log. */
  get lines(): readonly string[] {
    return this.#kept.DeployLog
  }

  /** Both logs, masked. */
  text(): string {
    return [...this.#kept.BuildLog, ...this.#kept.DeployLog].join('\n')
  }

  end(): void {
    this.#open?.group.end()
    this.#open = undefined
  }

  #fresh(kind: Kind, rows: { timestamp: string; message: string }[]): string[] {
    const repeated = new Map(this.#seen[kind])
    const lines: string[] = []
    for (const { timestamp, message } of rows) {
      const since = this.#since[kind]
      if (since !== null && timestamp < since) continue
      if (timestamp === since && (repeated.get(message) ?? 0) > 0) {
        repeated.set(message, repeated.get(message)! - 1)
        continue
      }
      if (timestamp !== since) this.#seen[kind].clear()
      this.#since[kind] = timestamp
      this.#seen[kind].set(message, (this.#seen[kind].get(message) ?? 0) + 1)
      lines.push(...message.split('\n').map((line) => line.slice(0, WIDTH)))
    }
    return lines
  }

  #show(kind: Kind, line: string): void {
    if (this.#open?.kind !== kind) {
      this.end()
      const title = `Railway: ${kind === 'BuildLog' ? 'build' : 'deploy'} log of ${this.#order.service.name}`
      this.#open = { kind, group: this.#order.hooks.group(title) }
    }
    const masked = this.#order.hooks.masked(line)
    this.#open.group.line(masked)
    this.#kept[kind].push(masked)
    if (this.#kept[kind].length > KEPT) this.#kept[kind].shift()
  }
}
