// Deploys a commit: made or found, followed to its end, verified, watched; rolled back where it came up and does not work.
import { Fault } from './answer.ts'
import { follow, look, type Timeline } from './follow.ts'
import { historyOf, type Past } from './history.ts'
import { Log } from './log.ts'
import { deployments, pageOf, UP, type Order } from './order.ts'
import { rollBack, type Rollback } from './rollback.ts'
import { start } from './start.ts'
import { addressOf, verify, type Verdict } from './verify.ts'

/** What was done and seen, as the checker reads it (`checker/src/live/outcome.rs`). */
export interface Outcome extends Partial<Verdict> {
  service: string
  environment: string
  commit: string
  deployment: string
  page?: string
  url?: string
  result: 'deployed' | 'already' | 'failed' | 'unverified' | 'stuck' | 'refused' | 'cancelled'
  status: string
  timeline: Timeline
  rollback?: Rollback
  log?: string
  history: Past[]
}

export async function deploy(order: Order): Promise<Outcome> {
  const outcome: Outcome = { service: order.service.name, environment: order.scope.environment.name, commit: order.commit, deployment: '', result: 'failed', status: '', timeline: [], history: [] }
  try {
    await attempt(order, outcome)
  } catch (error) {
    if (!order.signal.aborted) throw error
    outcome.result = 'cancelled'
    await cancelled(order, outcome)
    return outcome
  }
  outcome.history = await history(order)
  return outcome
}

async function attempt(order: Order, outcome: Outcome): Promise<void> {
  const begun = performance.now()
  const made = await start(order)
  if (!('id' in made)) return void Object.assign(outcome, { result: 'refused', ...made })
  Object.assign(outcome, { deployment: made.id, page: pageOf(order, made.id) })
  if (made.verified) return standing(order, outcome)
  order.hooks.remember(made.id)
  const log = new Log(order, made.id)
  try {
    const { look: at, bound } = await follow(order, made.id, log, outcome.timeline, begun)
    outcome.status = at.status
    if (bound !== undefined) return await stuck(order, outcome, bound)
    if (!UP.has(at.status)) return void Object.assign(outcome, at.status === 'SKIPPED' ? { result: 'refused', cause: 'skipped' } : { result: 'failed' })
    const url = addressOf(order, at)
    if (url !== '') outcome.url = url
    const verdict = await verify(order, at, log)
    Object.assign(outcome, verdict, { result: verdict.cause === undefined ? 'deployed' : 'unverified' })
  } finally {
    log.end()
    if (outcome.result === 'failed' || outcome.result === 'unverified' || outcome.cause === 'skipped') outcome.log = log.text()
  }
  if (outcome.result === 'unverified' && order.rollback && outcome.cause !== 'replaced') outcome.rollback = await rollBack(order, made.id)
}

/** One that was verified before is only looked at. */
async function standing(order: Order, outcome: Outcome): Promise<void> {
  const at = await look(order, outcome.deployment)
  outcome.result = 'already'
  outcome.status = at?.status ?? ''
  if (at !== undefined && addressOf(order, at) !== '') outcome.url = addressOf(order, at)
}

/** One that does not end is ended, so that it does not come up unwatched; one that waits for somebody may wait on. */
async function stuck(order: Order, outcome: Outcome, bound: string): Promise<void> {
  Object.assign(outcome, { result: 'stuck', cause: bound })
  if (bound === 'deadline') await stop(order, outcome.deployment)
}

/** Tells Railway to give a deployment up; whether it can is no concern of ours. */
async function stop(order: Pick<Order, 'client' | 'hooks'>, id: string): Promise<void> {
  await order.client.ask('Cancel', { id }).catch((fault: Error) => order.hooks.line(`Preflight: deployment ${id} was not cancelled: ${fault.message}`))
}

/** The run was cancelled: so is a deployment that is not up. */
async function cancelled(order: Order, outcome: Outcome): Promise<void> {
  if (outcome.deployment === '' || UP.has(outcome.timeline.at(-1)?.[0] ?? '')) return
  await stop({ client: order.client.afresh(), hooks: order.hooks }, outcome.deployment)
}

async function history(order: Order): Promise<Past[]> {
  try {
    return await historyOf(order.client, await deployments(order))
  } catch (error) {
    if (error instanceof Fault) return []
    throw error
  }
}
