// Records what Railway holds of one service, read-only. What it means is the checker's to say.
import { Fault } from './answer.ts'
import type { Client } from './client.ts'
import type { Scope, Service } from './scope.ts'
import { variablesOf, type Variable } from './variables.ts'

/** As the checker reads it (`checker/src/live.rs`). */
export interface Live {
  project: string
  plan: string
  environment: { name: string; ephemeral: boolean; unmerged_changes: number }
  service: { id: string; name: string }
  stored?: Record<string, unknown>
  config?: Record<string, unknown>
  manifest?: Record<string, unknown>
  config_file?: string
  variables?: Variable[]
  redis_url?: string
  redis?: { name: string; image?: string; volume?: string; used_by: string[]; status?: string }[]
  memory_bytes?: number
  unavailable: Record<string, string>
}

/** Asks for everything; a part that this token may not read is recorded with the reason. */
export async function recordOf(client: Client, scope: Scope, service: Service, services: Service[]): Promise<Live> {
  const live: Live = {
    project: scope.project.name,
    plan: scope.project.plan,
    environment: { name: scope.environment.name, ephemeral: scope.environment.ephemeral, unmerged_changes: scope.environment.unmerged },
    service: { id: service.id, name: service.name },
    unavailable: {},
  }
  const where = { project: scope.project.id, environment: scope.environment.id, service: service.id }
  const part = async (name: string, work: () => Promise<Partial<Live>>): Promise<void> => {
    try {
      Object.assign(live, await work())
    } catch (error) {
      if (error instanceof Fault && error.kind !== 'permission' && error.kind !== 'refused') throw error
      live.unavailable[name] = error instanceof Fault ? error.message : 'Railway answered in a shape that is not known'
    }
  }
  await part('settings', () => settings(client, where))
  await part('config', () => configuration(client, where))
  await part('variables', async () => {
    const { variables, redisUrl, all } = await variablesOf(client, where, services)
    return { variables, ...(redisUrl === undefined ? {} : { redis_url: redisUrl }), redis: redisOf(services, all) }
  })
  if (live.unavailable['variables'] !== undefined) live.redis = redisOf(services, [])
  await part('limits', () => limits(client, where))
  return live
}

type Where = Record<'project' | 'environment' | 'service', string>

async function settings(client: Client, { environment, service }: Where): Promise<Partial<Live>> {
  const { serviceInstance } = await client.ask<any>('Settings', { environment, service })
  const { latestDeployment, ...stored } = serviceInstance
  const { serviceManifest, configFile } = latestDeployment?.meta ?? {}
  return { stored, ...(serviceManifest ? { manifest: blocks(serviceManifest) } : {}), ...(typeof configFile === 'string' ? { config_file: configFile } : {}) }
}

async function configuration(client: Client, { environment, service }: Where): Promise<Partial<Live>> {
  const answer = await client.ask<any>('Configuration', { environment })
  return { config: blocks(answer.environment.config?.services?.[service] ?? {}) }
}

/** The blocks of settings, without credentials and variables. */
function blocks({ build, deploy, source }: any): Record<string, unknown> {
  const { registryCredentials: _, ...rest } = deploy ?? {}
  return { build: build ?? {}, deploy: rest, source: source ?? {} }
}

async function limits(client: Client, { environment, service }: Where): Promise<Partial<Live>> {
  const { serviceInstanceLimits: found } = await client.ask<any>('Limits', { environment, service })
  const bytes = found?.containers?.memoryBytes ?? found?.memoryBytes
  return typeof bytes === 'number' ? { memory_bytes: bytes } : {}
}

/** Services that look like Redis, by their image or their name. */
function redisOf(services: Service[], variables: Variable[]): NonNullable<Live['redis']> {
  const looks = /redis|valkey|keydb|dragonfly/i
  const stores = services.filter(({ name, image, repo }) => looks.test(image ?? '') || (repo === undefined && looks.test(name)))
  return stores.map(({ name, image, volume, status }) => {
    const users = variables.filter(({ references }) => references.some((each) => each.split('.')[0] === name)).map(({ of }) => of)
    const used_by = [...new Set(users.filter((user) => user !== name))].sort()
    return { name, used_by, ...(image === undefined ? {} : { image }), ...(volume === undefined ? {} : { volume }), ...(status === undefined ? {} : { status }) }
  })
}
