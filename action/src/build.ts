// Builds an image as Railway does: from the files that travel, for linux/amd64, with BuildKit.
import { cpSync, existsSync, mkdirSync, readlinkSync, lstatSync, symlinkSync, writeFileSync, copyFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

import type { Env } from './context.ts'
import type { Docker } from './docker.ts'
import type { Build, ServicePlan } from './plan.ts'
import { TarSizes } from './tar-sizes.ts'

/** Lines of the progress that are kept. */
const LINES = 400
const WIDTH = 500
/** Bytes of a context that are sent a second time to measure it. */
const MEASURED = 300_000_000

/** Where the builder finds its files. */
export interface Context {
  directory: string
  dockerfile: string
  /** The ignore file that belongs to the Dockerfile alone. */
  ignore: string | undefined
}

/** How this Docker builds with BuildKit; undefined when it cannot. */
export async function builder(docker: Docker): Promise<string[] | undefined> {
  const [buildx, version] = await Promise.all([docker.call(['buildx', 'version']), docker.call(['version', '--format', '{{.Client.Version}}'])])
  if (buildx.code === 0) return ['buildx', 'build', '--load']
  // Clients before 23 speak BuildKit themselves.
  return Number.parseInt(version.out, 10) < 23 ? ['build'] : undefined
}

/** Lays out below `place` the files that travel from `root`; a deployment has no others. */
export function layOut(root: string, plan: ServicePlan, files: string[], place: string): Context {
  const directory = join(place, 'context')
  mkdirSync(directory, { recursive: true })
  for (const path of files) copy(join(root, path), join(directory, relative(plan.root, path)))
  const inside = plan.root === '' || plan.dockerfile.startsWith(`${plan.root}/`)
  const dockerfile = inside ? join(directory, relative(plan.root, plan.dockerfile)) : join(place, 'dockerfile', plan.dockerfile)
  for (const end of ['', '.dockerignore']) {
    if (!inside && existsSync(join(root, plan.dockerfile + end))) copy(join(root, plan.dockerfile + end), dockerfile + end)
  }
  const ignore = `${dockerfile}.dockerignore`
  return { directory, dockerfile, ignore: existsSync(ignore) ? ignore : undefined }
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true })
  const stat = lstatSync(from, { throwIfNoEntry: false })
  if (stat?.isSymbolicLink()) symlinkSync(readlinkSync(from), to)
  else if (stat?.isFile()) cpSync(from, to)
}

/** Arguments for GitHub's cache, where there is one that this builder can use. */
export function cache(env: Env, words: string[], driver: string, scope: string): string[] {
  const there = env['ACTIONS_RUNTIME_TOKEN'] && (env['ACTIONS_RESULTS_URL'] || env['ACTIONS_CACHE_URL'])
  if (!there || words[0] !== 'buildx' || driver === 'docker') return []
  return ['--cache-from', `type=gha,scope=${scope}`, '--cache-to', `type=gha,mode=max,ignore-error=true,scope=${scope}`]
}

/** Builds `plan` as `tag`; every line of progress goes to `line`. */
export async function build(docker: Docker, words: string[], plan: ServicePlan, context: Context, tag: string, extra: string[], env: Env, line: (text: string) => void): Promise<Build> {
  const log: string[] = []
  const keep = (text: string): void => {
    line(text)
    log.push(text.slice(0, WIDTH))
    if (log.length > LINES) log.splice(0, log.length - LINES)
  }
  const args = Object.entries(plan.build_args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`])
  const all = [...words, '--progress=plain', '--platform=linux/amd64', ...docker.labels.slice(0, 2), '--tag', tag, ...args, ...extra, '--file', context.dockerfile, context.directory]
  const begun = Date.now()
  const measuring = plan.context_bytes <= MEASURED ? measure(docker, words, context) : undefined
  const { code } = await docker.call(all, { line: keep, limit: plan.build_limit * 1000, env: { DOCKER_BUILDKIT: '1', ...env } })
  const milliseconds = Date.now() - begun
  const made: Build = { succeeded: code === 0, milliseconds, timed_out: milliseconds >= plan.build_limit * 1000, log, ...(await measuring) }
  return code === 0 ? { ...made, ...(await image(docker, tag)) } : made
}

/** What the builder receives: every file of the context, by an image of nothing else. */
async function measure(docker: Docker, words: string[], context: Context): Promise<Partial<Build>> {
  const place = join(context.directory, '..', 'measure')
  mkdirSync(place, { recursive: true })
  writeFileSync(join(place, 'Dockerfile'), 'FROM scratch\nCOPY . /\n')
  if (context.ignore) copyFileSync(context.ignore, join(place, 'Dockerfile.dockerignore'))
  const sizes = new TarSizes()
  const plain = words.filter((word) => word !== '--load')
  const { code } = await docker.call([...plain, '--quiet', '--output=type=tar,dest=-', '--file', join(place, 'Dockerfile'), context.directory], {
    data: (chunk) => sizes.take(chunk),
    limit: 120_000,
    env: { DOCKER_BUILDKIT: '1' },
  })
  return code === 0 ? { context_bytes: sizes.bytes, context_files: sizes.files } : {}
}

async function image(docker: Docker, tag: string): Promise<Partial<Build>> {
  const [size, history] = await Promise.all([
    docker.must(['image', 'inspect', '--format', '{{.Size}}', tag]),
    docker.must(['history', '--no-trunc', '--human=false', '--format', '{{.Size}}\t{{.CreatedBy}}', tag]),
  ])
  const layers = history.split('\n').map((row) => {
    const [bytes, by = ''] = row.split('\t')
    return { bytes: Number(bytes) || 0, created_by: by.slice(0, 200) }
  })
  return { image_bytes: Number(size) || 0, layers: layers.sort((one, other) => other.bytes - one.bytes).slice(0, 10) }
}
