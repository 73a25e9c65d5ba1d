// The variables of a service by name and state. Values are looked at here and go no further.
import type { Client } from './client.ts'
import { Fault } from './answer.ts'
import type { Service } from './scope.ts'

export interface Variable {
  name: string
  /** `set`, `sealed`, `empty`, `localhost`, `unresolved`, or `unread` where only the name is known. */
  state: string
  references: string[]
  /** Name of the service that has it. */
  of: string
}

interface Found {
  variables: Variable[]
  /** Those of every service. */
  all: Variable[]
  /** `REDIS_URL` without its secret. */
  redisUrl: string | undefined
}

export async function variablesOf(client: Client, where: Record<'project' | 'environment' | 'service', string>, services: Service[]): Promise<Found> {
  const { environment } = await client.ask<any>('VariableNames', { project: where.project, environment: where.environment })
  const { edges, pageInfo } = environment.variables
  if (pageInfo.hasNextPage) throw new Fault('refused', 'there are more than 1000 variables')
  const values: Record<string, unknown> | undefined = await client.ask<any>('VariableValues', where).then(
    (answer) => answer.variablesForServiceDeployment,
    (fault: Fault) => {
      if (fault.kind !== 'permission' && fault.kind !== 'refused') throw fault
      return undefined
    },
  )
  const names = new Map(services.map(({ id, name }) => [id, name]))
  const all: Variable[] = edges.map(({ node }: any) => ({
    name: node.name,
    state: node.isSealed ? 'sealed' : stateOf(values?.[node.name], values !== undefined && node.serviceId === where.service, node.references, services),
    references: node.references,
    of: names.get(node.serviceId) ?? 'shared',
  }))
  const own = edges.flatMap(({ node }: any, at: number) => (node.serviceId === where.service ? [all[at]!] : []))
  const redis = values?.['REDIS_URL']
  return { variables: own, all, redisUrl: typeof redis === 'string' && redis !== '' ? withoutSecret(redis) : undefined }
}

function stateOf(value: unknown, read: boolean, references: string[], services: Service[]): string {
  const missing = references.some((each) => {
    const [owner = '', ...rest] = each.split('.')
    return rest.length > 0 && owner !== 'shared' && !services.some(({ name }) => name === owner)
  })
  if (missing) return 'unresolved'
  if (!read) return 'unread'
  if (typeof value !== 'string' || value.trim() === '') return references.length > 0 ? 'unresolved' : 'empty'
  if (value.includes('${{')) return 'unresolved'
  return /(^|[/@])(localhost|127\.0\.0\.1|\[::1\])([:/]|$)/i.test(value) ? 'localhost' : 'set'
}

/** Where an address leads, without who may go there. A question mark before an at sign may be part of a password: nothing is shown. */
export function withoutSecret(value: string): string {
  const [, scheme, user, host] = /^([a-z][a-z0-9+.-]*:\/\/)(.*@)?([\w.-]+(?::\d+)?|\[[\da-f:]+\](?::\d+)?)(?:\/\d*)?(?:\?.*)?$/i.exec(value.trim()) ?? []
  if (scheme === undefined || host === undefined) return 'no address'
  if (user?.includes('?')) return `${scheme}*****`
  return `${scheme}${user === undefined ? '' : '*****@'}${host}`
}
