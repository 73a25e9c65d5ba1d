// Puts back the last deployment that was verified.
import { Fault } from './answer.ts'
import { follow } from './follow.ts'
import { Log } from './log.ts'
import { deployments, idOf, UP, type Deployment, type Order } from './order.ts'
import { appeared } from './start.ts'
import { verify } from './verify.ts'

/** As the checker reads it (`checker/src/live/outcome.rs`). */
export interface Rollback {
  deployment: string
  commit?: string
  verified: boolean
  up: boolean
  seconds?: number
  cause?: string
  seen?: string
  status?: string
}

/** Returns from `failed` to the last verified deployment, else to the last that came up. */
export async function rollBack(order: Order, failed: string): Promise<Rollback> {
  const begun = performance.now()
  const before = await deployments(order)
  const verified = (await order.hooks.verified()).map(({ page }) => idOf(page))
  const target = targetOf(before, verified, failed, order.commit)
  if (target === undefined) return { deployment: '', verified: false, up: false }
  const told = { deployment: target.id, verified: verified.includes(target.id), ...(target.meta?.commitHash ? { commit: target.meta.commitHash } : {}) }
  order.hooks.line(`Preflight: rolling back to deployment ${target.id}`)
  try {
    await order.client.ask('Rollback', { id: target.id })
  } catch (error) {
    // One that was not answered may have been carried out; the list tells.
    if (!(error instanceof Fault) || error.kind !== 'away') return { ...told, up: false, cause: 'refused', seen: (error as Error).message }
  }
  const made = (await appeared(order, before, () => true)) ?? target
  return { ...told, ...(await restored(order, made)), seconds: (performance.now() - begun) / 1000 }
}

function targetOf(all: Deployment[], verified: string[], failed: string, commit: string): Deployment | undefined {
  const possible = all.filter((one) => one.canRollback && one.id !== failed && one.meta?.commitHash !== commit)
  const known = verified.map((id) => possible.find((one) => one.id === id)).find((one) => one !== undefined)
  return known ?? possible.find((one) => UP.has(one.status) || one.status === 'REMOVED')
}

async function restored(order: Order, made: Deployment): Promise<Pick<Rollback, 'up' | 'cause' | 'seen' | 'status'>> {
  const log = new Log(order, made.id)
  const quiet: Order = { ...order, hooks: { ...order.hooks, tell: async () => {} }, limits: { ...order.limits, watch: 0 } }
  try {
    const { look, bound } = await follow(quiet, made.id, log, [], performance.now())
    const { status } = look
    if (bound !== undefined || !UP.has(status)) return { up: false, status, ...(bound === undefined ? {} : { cause: bound }) }
    const { cause, seen } = await verify(quiet, look, log)
    return cause === undefined ? { up: true } : { up: false, status, cause, ...(seen === undefined ? {} : { seen }) }
  } finally {
    log.end()
  }
}
