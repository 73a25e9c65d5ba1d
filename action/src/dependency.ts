// What a service depends on: a system of its own for each drill, in every state that a drill asks for.
import type { Docker } from './docker.ts'
import type { Part, World } from './plan.ts'
import { Redis } from './redis.ts'

/** Where a dependency lives: names begin with `prefix`, and are unique in the run. */
export interface Place {
  docker: Docker
  network: string
  /** An address of the network that nobody has. */
  nobody: string
  prefix: string
  /** Image of the system. */
  image: string
}

export interface Dependency {
  /** Brings it into a state, before the service starts. */
  enter(world: World): Promise<void>
  /** Starts it, and resolves when it answers. */
  start(): Promise<void>
  stop(): Promise<void>
  /** A part of the address that the service is given. */
  address(part: Part): string
  /** How many connections it has from `address`. */
  connections(address: string): Promise<number>
}

/** Every system that can be provided, by the name the plan has for it; another is added here. */
export const systems: Record<string, (place: Place) => Dependency> = {
  redis: (place) => new Redis(place),
}
