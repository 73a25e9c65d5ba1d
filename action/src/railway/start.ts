// Makes the deployment of a commit, or finds the one that is there already.
import { setTimeout as pause } from 'node:timers/promises'

import { Fault } from './answer.ts'
import { deployments, ended, HELD, idOf, UP, type Deployment, type Order, type Verified } from './order.ts'
import { upload } from './upload.ts'

/** A deployment to wait for, or why there is none. */
export type Start = { id: string; verified: boolean } | { cause: string; seen: string }

/** Seconds that Railway may take to list what it has made. */
const LISTED = 30

export async function start(order: Order): Promise<Start> {
  const before = await quiet(order)
  if (!Array.isArray(before)) return before
  const there = before.find((one) => one.meta?.commitHash === order.commit)
  const newest = before[0]
  if (there !== undefined && there === newest && UP.has(there.status)) return { id: there.id, verified: (await order.hooks.verified()).some(({ page }) => idOf(page) === there.id) }
  if (there !== undefined && !ended(there.status)) return { id: there.id, verified: false }
  if (order.service.repo === undefined) return uploaded(order, newest, (await order.hooks.verified())[0])
  return byCommit(order, before)
}

/** The deployments, once no other commit's is on its way: two at once would end one another. One that waits for somebody is not. */
async function quiet(order: Order): Promise<Deployment[] | { cause: string; seen: string }> {
  const begun = performance.now()
  for (let said = false; ; said = true) {
    const all = await deployments(order)
    const other = all.find((one) => !ended(one.status) && !HELD.has(one.status) && one.meta?.commitHash !== order.commit)
    if (other === undefined) return all
    if (!said) order.hooks.line(`Preflight: waiting for deployment ${other.id}, which is ${other.status}`)
    if (performance.now() - begun > order.limits.deploy * 1000) return { cause: 'busy', seen: other.status }
    await pause(order.client.budget.pace(order.limits.poll * 1000, 1), undefined, { signal: order.signal })
  }
}

async function byCommit(order: Order, before: Deployment[]): Promise<Start> {
  const where = { environment: order.scope.environment.id, service: order.service.id, commit: order.commit }
  try {
    return { id: (await order.client.ask<any>('Deploy', where)).serviceInstanceDeployV2, verified: false }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    if (error.kind !== 'away') return { cause: 'refused', seen: error.message }
    // Whether it was made is not known: asking again could make a second one.
    const made = await appeared(order, before, (one) => one.meta?.commitHash === order.commit)
    return made === undefined ? { cause: 'refused', seen: error.message } : { id: made.id, verified: false }
  }
}

/** A deployment that was not there before. */
export async function appeared(order: Order, before: Deployment[], fits: (one: Deployment) => boolean): Promise<Deployment | undefined> {
  const known = new Set(before.map(({ id }) => id))
  const begun = performance.now()
  for (;;) {
    const made = (await deployments(order)).find((one) => !known.has(one.id) && fits(one))
    if (made !== undefined || performance.now() - begun > LISTED * 1000) return made
    await pause(order.limits.poll * 1000, undefined, { signal: order.signal })
  }
}

/** An upload holds no commit: which one is up is only what GitHub was told. */
async function uploaded(order: Order, newest: Deployment | undefined, last: Verified | undefined): Promise<Start> {
  const up = newest !== undefined && UP.has(newest.status) && idOf(last?.page ?? '') === newest.id
  return up && last?.commit === order.commit ? { id: newest.id, verified: true } : upload(order)
}
