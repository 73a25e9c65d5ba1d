// Railway itself: what it holds, and deployments. Loaded only when it is asked for.
import { Client } from './railway/client.ts'
import { deploy, type Outcome } from './railway/deploy.ts'
import { recordOf, type Live } from './railway/live.ts'
import type { Hooks, Order } from './railway/order.ts'
import { chosen, scopeOf, servicesOf, type Scope, type Service } from './railway/scope.ts'
import type { RailwayInputs } from './railway-inputs.ts'

export type { Outcome } from './railway/deploy.ts'
export type { Hooks } from './railway/order.ts'

/** A token that was tried, and the service that is meant. */
export interface Connection {
  client: Client
  scope: Scope
  service: Service
  services: Service[]
}

export async function connect(given: RailwayInputs, repository: string, signal: AbortSignal): Promise<Connection> {
  const client = new Client({ address: given.api, token: given.token, signal })
  const scope = await scopeOf(client)
  const services = await servicesOf(client, scope)
  return { client, scope, services, service: chosen(services, given.service, repository) }
}

export const record = ({ client, scope, service, services }: Connection): Promise<Live> => recordOf(client, scope, service, services)

export function roll({ client, scope, service }: Connection, given: RailwayInputs, about: { commit: string; root: string; signal: AbortSignal; hooks: Hooks }): Promise<Outcome> {
  const { limits, verify, rollback, token } = given
  const order: Order = { client, scope, service, limits, verify, rollback, token, ...about }
  return deploy(order)
}

/** Gives up a deployment whose run ended before it did. */
export async function abandon(given: RailwayInputs, deployment: string): Promise<void> {
  await new Client({ address: given.api, token: given.token }).ask('Cancel', { id: deployment })
}
