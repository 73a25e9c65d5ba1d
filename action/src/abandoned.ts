// A deployment whose step was killed before it was over.
import type { Context, Env } from './context.ts'
import type { Inputs } from './inputs.ts'
import * as runner from './runner.ts'

/** After the job: gives up a deployment that a killed step left on its way. */
export async function abandoned(env: Env, given: Inputs, at: Context): Promise<void> {
  const [, deployment, record] = /^([\w-]+) (\d*)$/.exec(env['STATE_preflight-deployment'] ?? '') ?? []
  if (deployment === undefined || given.railway.token === '') return
  const { abandon } = await import('./railway.ts')
  await abandon(given.railway, deployment).catch((error: Error) => runner.line(`Preflight: deployment ${deployment} was not cancelled: ${error.message}`))
  if (!record) return
  const { Deployments } = await import('./github.ts')
  const about = { sha: at.sha, environment: '', production: false }
  await new Deployments(at, given.token, about, runner.line, Number(record)).tell('error', { description: 'the run ended before the deployment did' })
}
