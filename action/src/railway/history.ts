// How the last deployments went: their statuses, and the times of their steps.
import type { Client } from './client.ts'
import { Fault } from './answer.ts'
import { events } from './operations.ts'
import type { Deployment } from './order.ts'

/** As the checker reads it (`checker/src/live/record.rs`): milliseconds of the clock. */
export interface Past {
  commit?: string
  status: string
  created: number
  healthy?: number
  failed?: number
}

interface Step {
  step: string
  createdAt: string
  completedAt: string | null
  payload: { error: string | null } | null
}

export async function historyOf(client: Client, all: Deployment[]): Promise<Past[]> {
  if (all.length === 0) return []
  const variables = Object.fromEntries(all.map(({ id }, at) => [`id${at}`, id]))
  const answer = await client.send<any>(events(all.length), variables).catch((fault: unknown) => {
    if (fault instanceof Fault) return {}
    throw fault
  })
  return all.map((one, at) => past(one, (answer[`of${at}`]?.edges ?? []).map(({ node }: { node: Step }) => node)))
}

function past({ status, createdAt, statusUpdatedAt, meta }: Deployment, steps: Step[]): Past {
  const time = (value: string | null | undefined): number | undefined => (value ? Date.parse(value) : undefined)
  const failing = steps.find(({ payload }) => payload?.error != null)
  const failed = time(failing?.completedAt ?? failing?.createdAt) ?? (status === 'CRASHED' || status === 'FAILED' ? time(statusUpdatedAt) : undefined)
  const done = failing === undefined ? steps.filter(({ step }) => step !== 'DRAIN_INSTANCES').map(({ completedAt }) => time(completedAt)) : []
  const healthy = done.length > 0 && done.every((each) => each !== undefined) ? Math.max(...(done as number[])) : undefined
  return { status, created: Date.parse(createdAt), ...(meta?.commitHash ? { commit: meta.commitHash } : {}), ...(healthy === undefined ? {} : { healthy }), ...(failed === undefined ? {} : { failed }) }
}
