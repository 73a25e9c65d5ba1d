// What is to be deployed, within which bounds, and what the rest of the action does for it.
import type { Client } from './client.ts'
import type { Scope, Service } from './scope.ts'

export interface Order {
  client: Client
  scope: Scope
  service: Service
  commit: string
  /** Directory that is uploaded where the service has no repository. */
  root: string
  token: string
  /** Seconds. */
  limits: { deploy: number; verify: number; watch: number; poll: number }
  verify: { url: string; log: string }
  rollback: boolean
  signal: AbortSignal
  hooks: Hooks
}

export interface Hooks {
  line: (text: string) => void
  group: (title: string) => { line: (text: string) => void; end: () => void }
  /** `text` without secrets. */
  masked: (text: string) => string
  /** Keeps for the step after the job which deployment is not over; empty when none is. */
  remember: (deployment: string) => void
  /** Tells GitHub. */
  tell: (state: 'queued' | 'in_progress' | 'success' | 'failure' | 'error' | 'inactive', about: { description: string; page?: string; url?: string }) => Promise<void>
  /** Deployments that were verified, newest first. */
  verified: () => Promise<Verified[]>
}

/** What GitHub was told of a verified deployment. */
export interface Verified {
  page: string
  commit: string
}

/** One deployment as Railway has it. */
export interface Deployment {
  id: string
  status: string
  createdAt: string
  statusUpdatedAt: string | null
  meta: { commitHash?: string; serviceManifest?: any } | null
  canRollback: boolean
}

export const UP = new Set(['SUCCESS', 'SLEEPING'])
export const DOWN = new Set(['FAILED', 'CRASHED', 'REMOVED', 'REMOVING', 'SKIPPED'])
/** Somebody else must do something first. */
export const HELD = new Set(['NEEDS_APPROVAL', 'WAITING'])
export const ended = (status: string): boolean => UP.has(status) || DOWN.has(status)

export async function deployments({ client, scope, service }: Pick<Order, 'client' | 'scope' | 'service'>): Promise<Deployment[]> {
  const answer = await client.ask<any>('Deployments', { project: scope.project.id, environment: scope.environment.id, service: service.id })
  const all: Deployment[] = answer.deployments.edges.map(({ node }: any) => node)
  return all.sort((one, other) => Date.parse(other.createdAt) - Date.parse(one.createdAt))
}

/** The page of a deployment; its id is found again in it. */
export function pageOf({ scope, service }: Pick<Order, 'scope' | 'service'>, id: string): string {
  return `https://railway.com/project/${scope.project.id}/service/${service.id}?environmentId=${scope.environment.id}&id=${id}`
}

export const idOf = (page: string): string => /[?&]id=([\w-]+)$/.exec(page)?.[1] ?? ''
