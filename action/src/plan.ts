// The smoke plan as the checker writes it, and the observations as it reads them.
export interface Plan {
  services: ServicePlan[]
  skipped: { service: string; reason: string }[]
}

export interface ServicePlan {
  service: string
  root: string
  dockerfile: string
  build_args: Record<string, string>
  context_bytes: number
  missing: string[]
  lost: string[]
  build_limit: number
  start: string[] | null
  port: number
  health: { path: string } | null
  smoke: { command: string[]; dir: string | null; limit: number } | null
  variables: Record<string, string>
  dependencies: { system: string; variables: Record<string, Part> }[]
  memory: number
  restarts: number
  internet: boolean
  drills: Drill[]
}

export type Part = 'url' | 'host' | 'port' | 'password'
export type World = 'up' | 'down' | 'unresolvable' | 'absent' | 'refused' | 'black-hole' | 'wrong-password' | 'loading'

export interface Drill {
  id: string
  world: World
  memory: number
  steps: Step[]
}

export type Step =
  | { do: 'watch' | 'await-answer' | 'await-connection' | 'terminate'; seconds: number }
  | { do: 'start' | 'stop' }

export interface Build {
  succeeded: boolean
  fault?: string
  milliseconds: number
  timed_out?: boolean
  context_bytes?: number
  context_files?: number
  image_bytes?: number
  layers?: { bytes: number; created_by: string }[]
  log?: string[]
}

export interface SmokeRun {
  status: number | null
  fault?: string
  milliseconds: number
  log: string[]
}

export interface Probes {
  from: number
  to: number
  count: number
  status?: number
  error?: string
  body: string
  location?: string
}

export interface DrillRun {
  id: string
  fault?: string
  start_error?: string
  listening?: number
  probes: Probes[]
  restarts: number[]
  exits: { at: number; status: number; oom: boolean }[]
  steps: { do: string; at: number; until: number; outcome: 'done' | 'limit' | 'gone' }[]
  listens: { port: number; loopback: boolean }[]
  log: { at: number; text: string }[]
  memory?: number
  ended: number
}

export interface Observed {
  service: string
  build?: Build
  smoke?: SmokeRun
  drills: DrillRun[]
}

export interface Observations {
  profile: string
  services: Observed[]
  fault?: string
  overhead?: number
}
