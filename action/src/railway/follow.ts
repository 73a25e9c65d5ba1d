// Waits for the end of a deployment, through every status, within bounds.
import { setTimeout as pause } from 'node:timers/promises'

import { Fault } from './answer.ts'
import type { Log } from './log.ts'
import { ended, HELD, type Order } from './order.ts'

/** Seconds that a deployment may wait for somebody. */
const HELD_LIMIT = 300
/** Requests of one look: the status and both logs. */
const COST = 3

export interface Look {
  id: string
  status: string
  deploymentStopped: boolean
  url: string | null
  staticUrl: string | null
  meta: { serviceManifest?: any; commitHash?: string } | null
  instances: { id: string; status: string }[]
}

/** How the waiting ended: the deployment did, or a bound was reached. */
export interface End {
  look: Look
  bound?: 'held' | 'deadline'
}

export type Timeline = [status: string, seconds: number][]

/** Looks at the deployment; undefined while Railway does not answer, which ends nothing. */
export async function look(order: Order, id: string): Promise<Look | undefined> {
  try {
    return (await order.client.ask<{ deployment: Look }>('Look', { id })).deployment
  } catch (error) {
    order.signal.throwIfAborted()
    if (error instanceof Fault && (error.kind === 'away' || error.kind === 'rate')) return undefined
    throw error
  }
}

/** The time until the next look. */
export async function rest(order: Order): Promise<void> {
  await pause(order.client.budget.pace(order.limits.poll * 1000, COST), undefined, { signal: order.signal })
}

export async function follow(order: Order, id: string, log: Log, timeline: Timeline, begun: number): Promise<End> {
  const seconds = (since: number): number => (performance.now() - since) / 1000
  let last: Look = { id, status: 'INITIALIZING', deploymentStopped: false, url: null, staticUrl: null, meta: null, instances: [] }
  let since = performance.now()
  for (;;) {
    const now = await look(order, id)
    if (now !== undefined && (timeline.length === 0 || now.status !== last.status)) {
      timeline.push([now.status, seconds(begun)])
      since = performance.now()
      if (!ended(now.status)) await order.hooks.tell('in_progress', { description: now.status })
    }
    last = now ?? last
    await log.more('BuildLog', ...(['DEPLOYING', 'SUCCESS', 'CRASHED', 'FAILED', 'SLEEPING'].includes(last.status) ? (['DeployLog'] as const) : []))
    if (now !== undefined && ended(now.status)) return { look: now }
    const over = seconds(begun) > order.limits.deploy
    if (HELD.has(last.status) && (over || seconds(since) > HELD_LIMIT)) return { look: last, bound: 'held' }
    if (over) return { look: last, bound: 'deadline' }
    await rest(order)
  }
}
