// The inputs that concern Railway itself.
export interface RailwayInputs {
  token: string
  service: string
  api: string
  audit: boolean
  deploy: boolean
  rollback: boolean
  verify: { url: string; log: string }
  /** Seconds. */
  limits: { deploy: number; verify: number; watch: number; poll: number }
}

const API = 'https://backboard.railway.com/graphql/v2'

type Choice = <T extends string>(name: string, known: readonly T[], missing: T) => T

/** Reads them; what is wrong is added to `problems`. */
export function railwayInputs(get: (name: string) => string, choice: Choice, problems: string[]): RailwayInputs {
  const yes = (name: string, missing: 'true' | 'false'): boolean => choice(name, ['true', 'false'], missing) === 'true'
  const seconds = (name: string, missing: number, most: number): number => {
    const value = get(name) || String(missing)
    if (!/^\d+(\.\d+)?$/.test(value) || Number(value) > most) problems.push(`input '${name}' is '${value}', and must be seconds up to ${most}`)
    return Number(value)
  }
  const address = (name: string, missing: string): string => {
    const value = get(name) || missing
    if (value !== '' && !isSafe(value)) problems.push(`input '${name}' is no address that begins with https://`)
    return value
  }
  const given = {
    token: get('railway-token'),
    service: get('railway-service'),
    api: address('railway-api', API),
    audit: yes('audit', 'false'),
    deploy: yes('deploy', 'false'),
    rollback: yes('rollback', 'true'),
    verify: { url: address('verify-url', ''), log: get('verify-log') },
    limits: { deploy: seconds('deploy-timeout', 1200, 7200), verify: seconds('verify-timeout', 120, 3600), watch: seconds('watch', 60, 3600), poll: Math.max(0.05, seconds('poll', 5, 300)) },
  }
  if (given.deploy && given.token === '') problems.push("input 'railway-token' is needed with deploy: true")
  return given
}

/** Encrypted, or not leaving this machine. */
function isSafe(value: string): boolean {
  const url = URL.parse(value)
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname))
}
