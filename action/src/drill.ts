// Carries a drill's steps out and notes what happens. What it means is the checker's to say.
import { Container, type Events } from './container.ts'
import { systems, type Dependency, type Place } from './dependency.ts'
import type { Drill, DrillRun, ServicePlan, Step } from './plan.ts'
import { Prober } from './probe.ts'

/** Milliseconds a process without a probe must have lived to count as up. */
const ALIVE = 5000
const TICK = 100
/** Ends after which a first answer is not waited for any longer. */
const HOPELESS = 4
/** Milliseconds between questions about connections. */
const ASK = 400

export interface Stage {
  place: Omit<Place, 'prefix' | 'image'>
  events: Events
  /** Image of the service. */
  image: string
  /** Images of systems; absent when they cannot be had. */
  images: Record<string, string>
}

/** Plays `drill` with a container and dependencies of its own. `span` is told when the container ran. */
export async function play(plan: ServicePlan, drill: Drill, stage: Stage, span: (from: number, to: number) => void): Promise<DrillRun> {
  const run: DrillRun = { id: drill.id, probes: [], restarts: [], exits: [], steps: [], listens: [], log: [], ended: 0 }
  const prefix = `preflight-${stage.place.docker.run}-${stage.place.network.split('-').at(-1)}-${drill.id}`
  const container = new Container(stage.place.docker, stage.events, prefix)
  let prober: Prober | undefined
  let from = Date.now()
  try {
    const [dependencies, variables] = await provide(plan, drill, { ...stage, prefix })
    const restart = !drill.steps.some((step) => step.do === 'terminate')
    await container.create(plan, stage.image, stage.place.network, drill.memory, variables, restart)
    from = Date.now()
    const refused = await container.start()
    if (refused !== undefined) return { ...run, start_error: refused }
    prober = new Prober(plan.port, plan.health?.path, () => container.address, () => container.now())
    for (const [at, step] of drill.steps.entries()) {
      const begun = container.now()
      const measured = drill.id === 'memory' && step.do === 'watch' && at === drill.steps.length - 1 ? container.memory() : undefined
      const outcome = await carryOut(step, container, prober, dependencies, plan.health !== null)
      run.steps.push({ do: step.do, at: begun, until: container.now(), outcome })
      const memory = await measured
      if (memory !== undefined) run.memory = memory
      if (outcome === 'gone') break
    }
    if (!prober.answered && !container.gone) run.listens = await container.listens()
  } catch (error) {
    run.fault = (error as Error).message.slice(0, 500)
  } finally {
    run.ended = container.now()
    span(from, Date.now())
    await prober?.stop()
    run.log = await container.log()
    Object.assign(run, { probes: prober?.probes ?? [], restarts: [...container.restarts], exits: [...container.exits] })
    if (prober?.listening !== undefined) run.listening = prober.listening
    await container.remove()
  }
  return run
}

/** The dependencies in the drill's state, and the variables that lead to them. */
async function provide(plan: ServicePlan, drill: Drill, stage: Stage & { prefix: string }): Promise<[Dependency[], Record<string, string>]> {
  const variables: Record<string, string> = {}
  const dependencies = await Promise.all(plan.dependencies.map(async ({ system, variables: names }) => {
    const image = stage.images[system]
    const make = systems[system]
    const real = drill.world !== 'unresolvable' && drill.world !== 'absent'
    if (make === undefined || (real && image === undefined)) throw new Error(`no image of ${system} can be had`)
    const dependency = make({ ...stage.place, prefix: stage.prefix, image: image ?? '' })
    await dependency.enter(drill.world)
    for (const [name, part] of Object.entries(names)) variables[name] = dependency.address(part)
    return dependency
  }))
  return [dependencies, variables]
}

type Outcome = DrillRun['steps'][number]['outcome']

async function carryOut(step: Step, container: Container, prober: Prober, dependencies: Dependency[], probed: boolean): Promise<Outcome> {
  switch (step.do) {
    case 'start':
      await Promise.all(dependencies.map((each) => each.start()))
      return 'done'
    case 'stop':
      await Promise.all(dependencies.map((each) => each.stop()))
      return 'done'
    case 'terminate': {
      await container.terminate()
      const outcome = await until(step.seconds, () => container.gone || container.exits.length > 0, () => false)
      return outcome
    }
    case 'watch':
      return (await until(step.seconds, () => false, () => container.gone)) === 'gone' ? 'gone' : 'done'
    case 'await-answer': {
      const begun = container.now()
      return await until(step.seconds, () => (probed ? prober.answered : container.exits.length === 0 && container.now() - begun >= ALIVE), () => container.gone || container.exits.length >= HOPELESS)
    }
    case 'await-connection': {
      let asked = 0
      let found = false
      const ask = async (): Promise<void> => {
        asked = Date.now()
        const { address } = container
        if (address === undefined) return
        const counts = await Promise.all(dependencies.map((each) => each.connections(address)))
        found ||= counts.every((count) => count > 0)
      }
      return await until(step.seconds, () => {
        if (Date.now() - asked > ASK) void ask()
        return found
      }, () => container.gone)
    }
  }
}

/** Waits until `done` or `gone`, `seconds` at most. */
async function until(seconds: number, done: () => boolean, gone: () => boolean): Promise<Outcome> {
  for (const end = Date.now() + seconds * 1000; ; await new Promise((next) => setTimeout(next, TICK))) {
    if (done()) return 'done'
    if (gone()) return 'gone'
    if (Date.now() >= end) return 'limit'
  }
}
