// What a token is for: one project, one environment, and the service that is meant.
import { InputError } from '../inputs.ts'
import type { Fault } from './answer.ts'
import type { Client } from './client.ts'

export interface Scope {
  project: { id: string; name: string; plan: string }
  environment: { id: string; name: string; ephemeral: boolean; unmerged: number }
}

export interface Service {
  id: string
  name: string
  repo: string | undefined
  image: string | undefined
  status: string | undefined
  domains: string[]
  volume: string | undefined
}

/** Asks what the token is for; a token of another kind is told from a wrong one. */
export async function scopeOf(client: Client): Promise<Scope> {
  const answer = await client.ask<any>('Scope').catch(async (fault: Fault) => {
    throw fault.kind === 'token' || fault.kind === 'permission' || fault.kind === 'refused' ? await explained(client, fault) : fault
  })
  const { projectId, environmentId, project, environment } = answer.projectToken
  return {
    project: { id: projectId, name: project.name, plan: project.subscriptionType },
    environment: { id: environmentId, name: environment.name, ephemeral: environment.isEphemeral, unmerged: environment.unmergedChangesCount ?? 0 },
  }
}

async function explained(client: Client, fault: Fault): Promise<Error> {
  const account = await client.asAccount().ask('Workspaces').then(() => true, () => false)
  const advice = 'make a project token for this environment in the settings of the project, under Tokens'
  if (account) return new InputError(`input 'railway-token' is the token of an account or a workspace, and must be that of a project: ${advice}`)
  return new InputError(`input 'railway-token' is not a token that Railway knows: ${advice} (${fault.message})`)
}

/** The services of the environment. */
export async function servicesOf(client: Client, scope: Scope): Promise<Service[]> {
  const { environment } = await client.ask<any>('Inventory', { project: scope.project.id, environment: scope.environment.id })
  const volumes = environment.volumeInstances.edges.map(({ node }: any) => node)
  return environment.serviceInstances.edges.map(({ node }: any) => ({
    id: node.serviceId,
    name: node.serviceName,
    repo: node.source?.repo ?? undefined,
    image: node.source?.image ?? undefined,
    status: node.latestDeployment?.status,
    domains: [...node.domains.customDomains, ...node.domains.serviceDomains].map(({ domain }: any) => domain),
    volume: volumes.find((volume: any) => volume.serviceId === node.serviceId)?.mountPath,
  }))
}

/** The service that `wanted` names; without a name the only one of this repository, or the only one without an image. */
export function chosen(services: Service[], wanted: string, repository: string): Service {
  const same = (one: string | undefined, other: string): boolean => one?.toLowerCase() === other.toLowerCase()
  const among = (all: Service[]): Service | undefined => (all.length === 1 ? all[0] : undefined)
  const found = wanted === ''
    ? (among(services.filter(({ repo }) => same(repo, repository))) ?? among(services.filter(({ image }) => image === undefined)))
    : services.find(({ id, name }) => id === wanted || same(name, wanted))
  if (found !== undefined) return found
  const names = services.map(({ name }) => name).join(', ') || 'none'
  const problem = wanted === '' ? "input 'railway-service' is needed, for more than one service may be meant" : `input 'railway-service' is '${wanted}', which the environment does not have`
  throw new InputError(`${problem}; its services: ${names}`)
}
