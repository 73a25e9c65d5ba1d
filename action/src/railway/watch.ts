// Compares each look at the instances of a deployment with the one before: what fell, what took its place.
import { look, type Look } from './follow.ts'
import { DOWN, type Order } from './order.ts'

export class Watch {
  restarts = 0
  running = 0
  #known: Set<string>
  readonly #fallen = new Set<string>()

  constructor(at: Look) {
    this.#known = new Set(at.instances.map(({ id }) => id))
  }

  /** What ended the deployment, if anything did. */
  async next(order: Order, id: string): Promise<string | undefined> {
    const now = await look(order, id)
    if (now === undefined) return undefined
    this.#compare(now)
    if (now.status === 'REMOVED' || now.status === 'REMOVING') return 'replaced'
    if (DOWN.has(now.status)) return 'crashed'
    return now.deploymentStopped ? 'ended' : undefined
  }

  /** An instance that falls is a restart; so is one whose place another takes. More of them are replicas that start late. */
  #compare({ instances }: Look): void {
    this.running = instances.filter(({ status }) => status === 'RUNNING').length
    for (const { id, status } of instances) {
      const falls = ['CRASHED', 'RESTARTING', 'EXITED'].includes(status)
      if (falls && !this.#fallen.has(id)) this.restarts += 1
      if (falls) this.#fallen.add(id)
      else this.#fallen.delete(id)
    }
    const ids = new Set(instances.map(({ id }) => id))
    const gone = [...this.#known].filter((id) => !ids.has(id) && !this.#fallen.has(id)).length
    const fresh = [...ids].filter((id) => !this.#known.has(id)).length
    this.restarts += Math.min(gone, fresh)
    this.#known = ids
  }
}
