// Whether what was deployed works: proven once, then watched.
import { rest, type Look } from './follow.ts'
import type { Log } from './log.ts'
import type { Order } from './order.ts'
import { Watch } from './watch.ts'

export type Proof = { kind: 'answered'; url: string } | { kind: 'logged'; line: string } | { kind: 'running'; instances: number }

export interface Verdict {
  proof?: Proof
  cold_start?: number
  watched?: number
  restarts: number
  /** Why it does not work; absent when it does. */
  cause?: string
  seen?: string
}

/** A wrong answer may be an accident; two in a row are none. */
const SILENCE = 2
const ANSWER_MS = 10_000

/** The address that proves that the deployment is up, when there is one. */
export function addressOf({ verify, service }: Order, at: Look): string {
  if (verify.url !== '') return verify.url
  const path = at.meta?.serviceManifest?.deploy?.healthcheckPath
  const domain = service.domains[0] ?? at.staticUrl
  return typeof path === 'string' && path.startsWith('/') && domain ? `https://${domain}${path}` : ''
}

/** Asks `url`; undefined when it answers 200. */
async function wrong(url: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)])
    const response = await fetch(url, { redirect: 'manual', headers: { 'user-agent': 'preflight' }, signal: limited })
    await response.body?.cancel()
    return response.status === 200 ? undefined : String(response.status)
  } catch (error) {
    signal.throwIfAborted()
    const { name, cause } = error as Error & { cause?: { code?: string } }
    return cause?.code ?? name
  }
}

/** The line that says that start-up is over: the given text, or the last of the stages that a worker counts. */
function readyLine(lines: readonly string[], wanted: string): string | undefined {
  return lines.find((line) => (wanted === '' ? /\[STAGE (\d+)\/\1\]/.test(line) : line.includes(wanted)))
}

export async function verify(order: Order, at: Look, log: Log): Promise<Verdict> {
  const begun = performance.now()
  const seconds = (): number => (performance.now() - begun) / 1000
  const verdict: Verdict = { restarts: 0 }
  const url = addressOf(order, at)
  const watch = new Watch(at)
  while (verdict.proof === undefined) {
    const seen = url === '' ? undefined : await wrong(url, order.signal)
    await log.more('DeployLog')
    const proof = url === '' ? proofIn(order, log, watch, seconds()) : seen === undefined ? ({ kind: 'answered', url } as const) : undefined
    if (proof !== undefined) Object.assign(verdict, { proof, cold_start: seconds() })
    else if (seconds() > order.limits.verify) return { ...verdict, cause: url === '' ? 'no-marker' : 'no-answer', seen: seen ?? order.verify.log }
    else {
      const cause = await watch.next(order, at.id)
      if (cause !== undefined) return { ...verdict, cause, restarts: watch.restarts }
      await rest(order)
    }
  }
  return watched(order, at, log, watch, verdict, url)
}

/** Without an address: the log's word, or instances that run when no stage is counted there. */
function proofIn(order: Order, log: Log, watch: Watch, seconds: number): Proof | undefined {
  const line = readyLine(log.lines, order.verify.log)
  if (line !== undefined) return { kind: 'logged', line: line.slice(0, 200) }
  const speaks = order.verify.log !== '' || log.lines.some((each) => /\[STAGE \d+\/\d+\]/.test(each))
  const patient = seconds > Math.min(order.limits.verify, order.limits.poll * 2)
  return !speaks && patient && watch.running > 0 ? { kind: 'running', instances: watch.running } : undefined
}

async function watched(order: Order, at: Look, log: Log, watch: Watch, verdict: Verdict, url: string): Promise<Verdict> {
  const begun = performance.now()
  let silent = 0
  for (;;) {
    const cause = await watch.next(order, at.id)
    const seen = url === '' || cause !== undefined ? undefined : await wrong(url, order.signal)
    silent = seen === undefined ? 0 : silent + 1
    await log.more('DeployLog')
    const done = { ...verdict, watched: (performance.now() - begun) / 1000, restarts: watch.restarts }
    if (cause !== undefined) return { ...done, cause }
    if (watch.restarts > 0) return { ...done, cause: 'restarting' }
    if (seen !== undefined && silent >= SILENCE) return { ...done, cause: 'went-silent', seen }
    if (done.watched >= order.limits.watch && silent === 0) return done
    await rest(order)
  }
}
