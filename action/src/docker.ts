// Docker's command line: words, never a shell, and an environment without the step's secrets.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { hostname } from 'node:os'

import type { Env } from './context.ts'

export interface Done {
  code: number
  out: string
  err: string
}

export interface Options {
  /** Milliseconds after which the command is killed. */
  limit?: number
  /** Called with every line of both streams. */
  line?: (text: string) => void
  /** Called with what it writes to standard output, which is then not kept. */
  data?: (chunk: Buffer) => void
  /** Added to the environment. */
  env?: Env
}

/** What of the environment Docker may see. */
const SEEN = /^(PATH|HOME|USER|TMPDIR|XDG_.*|DOCKER_.*|BUILDX_.*|BUILDKIT_.*|(https?|no|all)_proxy)$/i
/** Bytes of one stream that are kept. */
const KEPT = 8 * 1024 * 1024

/** One run's use of Docker. Everything it makes has the label `preflight.run`. */
export class Docker {
  readonly run: string
  /** Filter for everything of this run. */
  readonly label: string
  /** Labels of what is made: the run, and whose it is. */
  readonly labels: string[]
  #env: Env
  #children = new Set<ChildProcess>()

  constructor(run: string, env: Env) {
    this.run = run
    this.label = `preflight.run=${run}`
    this.labels = ['--label', this.label, '--label', `preflight.process=${hostname()}:${process.pid}`]
    this.#env = Object.fromEntries(Object.entries(env).filter(([name]) => SEEN.test(name)))
  }

  /** Runs `docker` with these words; never throws for an exit code. */
  call(words: string[], options: Options = {}): Promise<Done> {
    return new Promise((done) => {
      const child = spawn('docker', words, { env: { ...this.#env, ...options.env }, stdio: ['ignore', 'pipe', 'pipe'], detached: false })
      this.#children.add(child)
      const timer = options.limit === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), options.limit)
      const kept = { out: '', err: '' }
      const take = (stream: 'out' | 'err', text: string): void => {
        if (kept[stream].length < KEPT) kept[stream] += text
      }
      const lines = options.line === undefined ? undefined : [splitter(options.line), splitter(options.line)]
      child.stdout.on('data', (chunk: Buffer) => {
        if (options.data) return options.data(chunk)
        take('out', chunk.toString())
        lines?.[0]?.(chunk.toString())
      })
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        take('err', text)
        lines?.[1]?.(text)
      })
      const finish = (code: number): void => {
        clearTimeout(timer)
        this.#children.delete(child)
        done({ code, ...kept })
      }
      child.on('error', (error) => {
        kept.err += error.message
        finish(-1)
      })
      child.on('close', (code) => finish(code ?? -1))
    })
  }

  /** As `call`, and throws what Docker says when it fails. */
  async must(words: string[], options: Options = {}): Promise<string> {
    const { code, out, err } = await this.call(words, options)
    if (code !== 0) throw new Error(`docker ${words[0]}: ${(err || out).trim().slice(-500) || `exit code ${code}`}`)
    return out.trim()
  }

  /** A command that goes on; its lines, until `stop`. */
  follow(words: string[], line: (text: string) => void): () => void {
    const child = spawn('docker', words, { env: this.#env, stdio: ['ignore', 'pipe', 'ignore'] })
    this.#children.add(child)
    child.stdout.setEncoding('utf8').on('data', splitter(line))
    child.on('error', () => this.#children.delete(child))
    child.on('close', () => this.#children.delete(child))
    return () => void child.kill('SIGKILL')
  }

  /** Removes everything of this run, at once and without waiting for anybody: fit for a signal handler. */
  sweep(): void {
    for (const child of this.#children) child.kill('SIGKILL')
    sweep(this.#env, this.label)
  }
}

/** Removes what has `label`: containers with their volumes, networks, images. Twice, for what was being made meanwhile. */
export function sweep(env: Env, label: string): void {
  const docker = (words: string[]): string[] => {
    const { stdout } = spawnSync('docker', words, { env, encoding: 'utf8', timeout: 30_000, stdio: ['ignore', 'pipe', 'ignore'] })
    return (stdout ?? '').split('\n').filter((id) => id !== '')
  }
  const filter = ['--filter', `label=${label}`]
  for (let round = 0; round < 2; round += 1) {
    const containers = docker(['ps', '--all', '--quiet', ...filter])
    if (containers.length > 0) docker(['rm', '--force', '--volumes', ...containers])
    const networks = docker(['network', 'ls', '--quiet', ...filter])
    if (networks.length > 0) docker(['network', 'rm', ...networks])
    const images = docker(['images', '--quiet', ...filter])
    if (images.length > 0) docker(['rmi', '--force', ...new Set(images)])
    if (containers.length + networks.length + images.length === 0) return
  }
}

/** Cuts a stream of text into lines. */
function splitter(line: (text: string) => void): (text: string) => void {
  let rest = ''
  return (text) => {
    const lines = (rest + text).split('\n')
    rest = (lines.pop() ?? '').slice(-65_536)
    for (const each of lines) line(each.replace(/\r$/, ''))
  }
}
