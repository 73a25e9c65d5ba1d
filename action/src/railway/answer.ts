// What an answer of Railway means: data, or a fault with its kind.

/** Bytes of an answer that are read. */
const LIMIT = 20_000_000
/** Characters of a foreign message that are passed on. */
const QUOTED = 300

/**
 * `token`: Railway does not take the token. `permission`: the token may not do this. `rate`: too many requests.
 * `away`: no answer, or none that can be read. `refused`: an answer, and it is no.
 */
export type Kind = 'token' | 'permission' | 'rate' | 'away' | 'refused'

export class Fault extends Error {
  readonly kind: Kind
  /** Milliseconds that Railway asks to wait. */
  readonly wait: number | undefined

  constructor(kind: Kind, message: string, wait?: number) {
    super(message)
    this.kind = kind
    this.wait = wait
  }

  static ofNetwork(error: unknown): Fault {
    const { name, message, cause } = error as Error & { cause?: { code?: string; message?: string } }
    if (name === 'TimeoutError') return new Fault('away', 'Railway did not answer in time')
    return new Fault('away', `Railway cannot be reached: ${cause?.code ?? cause?.message ?? message}`)
  }

  /** The same, sure not to hold `secret`. */
  without(secret: string): Fault {
    return secret !== '' && this.message.includes(secret) ? new Fault(this.kind, this.message.replaceAll(secret, '***'), this.wait) : this
  }
}

/** The data of `response`; throws a `Fault` for anything else. */
export async function answerOf(response: Response): Promise<unknown> {
  const text = await bounded(response)
  const body = parsed(text)
  const { status } = response
  if (status === 429) throw limited(response.headers)
  if (status >= 500) throw new Fault('away', `Railway answered with HTTP ${status}`)
  const [first] = body?.errors ?? []
  if (first !== undefined) throw ofMessage(String(first.message ?? 'an error without a message'), first.extensions?.code, response.headers)
  if (status === 401) throw new Fault('token', 'Railway does not accept the token (HTTP 401)')
  if (status === 403) throw new Fault('permission', 'Railway refuses this to the token (HTTP 403)')
  if (!response.ok) throw new Fault('refused', `Railway answered with HTTP ${status}`)
  if (typeof body?.data !== 'object' || body.data === null) throw new Fault('away', 'Railway gave an answer that is no GraphQL')
  return body.data
}

interface Body {
  data?: unknown
  errors?: { message?: unknown; extensions?: { code?: unknown } }[]
}

function parsed(text: string): Body | undefined {
  try {
    const body: unknown = JSON.parse(text)
    const { errors } = Object(body) as { errors?: unknown }
    return typeof body === 'object' && body !== null && (errors == null || Array.isArray(errors)) ? (body as Body) : undefined
  } catch {
    return undefined
  }
}

function ofMessage(message: string, code: unknown, headers: Headers): Fault {
  const quoted = message.replaceAll(/\s+/g, ' ').slice(0, QUOTED)
  if (code === 'RATELIMITED' || /rate ?limit/i.test(message)) return limited(headers)
  if (/token (was )?not found|invalid (project )?token/i.test(message)) return new Fault('token', `Railway answered: ${quoted}`)
  if (code === 'FORBIDDEN' || code === 'UNAUTHENTICATED' || /not authori[sz]ed|unauthori[sz]ed|forbidden/i.test(message)) return new Fault('permission', `Railway answered: ${quoted}`)
  return new Fault('refused', `Railway answered: ${quoted}`)
}

function limited(headers: Headers): Fault {
  const wait = seconds(headers.get('retry-after'))
  const when = wait === undefined ? '' : `; it asks for ${Math.ceil(wait)} s of patience`
  return new Fault('rate', `Railway's rate limit is used up${when}`, wait === undefined ? undefined : wait * 1000)
}

/** `Retry-After`: seconds, or a date. */
function seconds(value: string | null): number | undefined {
  if (value === null || value.trim() === '') return undefined
  if (/^\s*\d+(\.\d+)?\s*$/.test(value)) return Number(value)
  const at = Date.parse(value)
  return Number.isNaN(at) ? undefined : Math.max(0, (at - Date.now()) / 1000)
}

async function bounded(response: Response): Promise<string> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of response.body ?? []) {
    size += part.byteLength
    if (size > LIMIT) throw new Fault('refused', `Railway's answer is longer than ${LIMIT} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}
