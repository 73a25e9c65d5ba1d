// The order of effects where Railway itself is asked. Every judgement and every word of a report comes from the checker.
import { audit as judge, deployment as told, masked, type Audit, type Host } from './checker.ts'
import type { Context, Env } from './context.ts'
import type { Deployments } from './github.ts'
import type { Inputs } from './inputs.ts'
import type { Connection, Hooks, Outcome as Rolled } from './railway.ts'
import * as runner from './runner.ts'

/** Events on which a commit is deployed: those that only people who may write here can cause. */
const DEPLOYING = ['push', 'workflow_dispatch']

/** Whether an audit is asked for and may be made; a line says why it may not. */
export function mayAudit({ railway }: Inputs, at: Context): boolean {
  if (!railway.audit) return false
  const reason = at.foreign ? 'the files may be those of a fork' : railway.token === '' ? 'there is no railway-token' : undefined
  if (reason !== undefined) runner.line(`Preflight: Railway is not audited, because ${reason}.`)
  return reason === undefined
}

/** Records what Railway holds and judges it; undefined when Railway cannot be asked now. */
export async function audited({ railway, config }: Inputs, at: Context, files: Host, today: string): Promise<Audit | undefined> {
  const { connect, record } = await import('./railway.ts')
  try {
    const connection = await connect(railway, `${at.owner}/${at.repo}`, new AbortController().signal)
    return judge(files, today, config, await record(connection))
  } catch (error) {
    const { kind, message } = error as Error & { kind?: string }
    if (kind !== 'away' && kind !== 'rate') throw error
    runner.line(`Preflight: Railway is not audited: ${message}.`)
    return undefined
  }
}

/** Deploys the commit; true when it is up and verified, or nothing was to be deployed. */
export async function deployed(env: Env, given: Inputs, at: Context): Promise<boolean> {
  if (!DEPLOYING.includes(at.event)) {
    runner.line(`Preflight: not deployed, because the event is ${at.event || 'unknown'}: only ${DEPLOYING.join(' and ')} deploy.`)
    return true
  }
  const stop = new AbortController()
  const signals = ['SIGINT', 'SIGTERM'] as const
  const abort = (): void => stop.abort()
  for (const signal of signals) process.on(signal, abort)
  try {
    const { connect } = await import('./railway.ts')
    return await rolled(env, given, at, await connect(given.railway, `${at.owner}/${at.repo}`, stop.signal), stop.signal)
  } finally {
    for (const signal of signals) process.removeListener(signal, abort)
  }
}

async function rolled(env: Env, given: Inputs, at: Context, connection: Connection, signal: AbortSignal): Promise<boolean> {
  const { roll } = await import('./railway.ts')
  const { Deployments } = await import('./github.ts')
  const { environment } = connection.scope
  const about = { sha: at.sha, environment: `${environment.name} / ${connection.service.name}`, production: !environment.ephemeral }
  const record = new Deployments(at, given.token, about, runner.line)
  const hooks = hooksOf(env, given, record)
  await record.tell('queued', { description: connection.service.name })
  const outcome = await roll(connection, given.railway, { commit: at.sha, root: at.root, signal, hooks }).catch(async (error: Error) => {
    await record.tell('error', { description: error.message })
    throw error
  })
  hooks.remember('')
  const { headline, good } = say(env, at, outcome)
  const { page, url, result } = outcome
  const state = good ? 'success' : result === 'cancelled' ? 'error' : 'failure'
  await record.tell(state, { description: headline, ...(page === undefined ? {} : { page }), ...(url === undefined ? {} : { url }) })
  return good
}

function hooksOf(env: Env, given: Inputs, record: Deployments): Hooks {
  const secrets = [given.token, given.railway.token].filter((secret) => secret !== '')
  return {
    line: runner.line,
    group: runner.group,
    masked: (text) => secrets.reduce((left, secret) => left.replaceAll(secret, '***'), masked(text)),
    remember: (deployment) => runner.state(env, 'preflight-deployment', deployment === '' ? '' : `${deployment} ${record.id ?? ''}`),
    tell: (...status) => record.tell(...status),
    verified: () => record.verified(),
  }
}

/** Tells the runner what became of it. */
function say(env: Env, at: Context, outcome: Rolled): { headline: string; good: boolean } {
  const { headline, text, markdown, good } = told(outcome, at.rulesBase)
  runner.untrusted(text)
  runner.summarize(env, markdown)
  runner.output(env, { deployment: outcome.deployment, 'deployment-result': outcome.result, 'deployment-url': outcome.page ?? '' })
  if (!good) runner.problem(headline)
  return { headline, good }
}
