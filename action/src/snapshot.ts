// The repository's files: the directory says what is there, git says what is tracked. Links are never followed.
import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readSync } from 'node:fs'

import type { Host } from './checker.ts'
import { readIndex, type Tracked } from './git-index.ts'

/** A name as the file system has it: bytes where they are not UTF-8. */
type Name = string | Buffer

export interface Snapshot extends Host {
  /** What could not be read, each with its reason. */
  warnings: string[]
}

/** Git must trust any owner (containers) but no repository that a pull request brings along as files. */
const GIT = ['-c', 'safe.directory=*', '-c', 'safe.bareRepository=explicit', '-c', 'core.fsmonitor=false']

/** Lists `root` and hands its files to the checker. */
export async function snapshot(root: string): Promise<Snapshot> {
  if (!lstatSync(root, { throwIfNoEntry: false })?.isDirectory()) throw new Error(`${root} is not a directory`)
  const listing = readIndex(root) ?? listed(root)
  const files = new Walk(root)
  const tracked = untouched(await listing, files)
  const records = files.records.map(([kind, size, path]) => `${tracked?.files.has(path) === false ? 'u' : 't'}${kind} ${size} ${path}`)
  for (const path of tracked?.submodules ?? []) records.push(`ts 0 ${path}`)
  return {
    warnings: files.warnings,
    entries: () => records.join('\0'),
    read: (path, limit) => {
      const place = files.odd.get(path) ?? `${root}/${path}`
      return path.split('/').includes('..') ? undefined : readAtMost(place, limit)
    },
  }
}

/** A repository that tracks nothing yet is judged as if all of it were committed. */
function untouched(tracked: Tracked | undefined, files: Walk): Tracked | undefined {
  if (tracked === undefined || tracked.files.size + tracked.submodules.length > 0 || files.records.length === 0) return tracked
  files.warnings.push('git tracks nothing here yet: judged as if every file were committed')
  return undefined
}

class Walk {
  records: ['f' | 'x' | 'l', number, string][] = []
  /** Real names of files whose path is not UTF-8. */
  odd = new Map<string, Buffer>()
  warnings: string[] = []

  constructor(root: string) {
    const pending: [Name, string][] = [[root, '']]
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) this.#list(...next, pending)
  }

  #list(directory: Name, prefix: string, pending: [Name, string][]): void {
    let items
    try {
      items = entriesOf(directory)
    } catch (error) {
      this.warnings.push((error as Error).message)
      return
    }
    for (const item of items) {
      const shown = item.name.toString()
      if (shown === '.git') continue
      const real = join(directory, item.name)
      if (item.isDirectory()) pending.push([real, `${prefix}${shown}/`])
      else if (item.isFile() || item.isSymbolicLink()) this.#add(real, prefix + shown)
    }
  }

  #add(real: Name, path: string): void {
    const stat = lstatSync(real, { throwIfNoEntry: false })
    if (!stat) return
    this.records.push([stat.isSymbolicLink() ? 'l' : stat.mode & 0o111 ? 'x' : 'f', stat.size, path])
    if (typeof real !== 'string') this.odd.set(path, real)
  }
}

/** The entries of a directory; as bytes when a name is not UTF-8 and was replaced in part. */
function entriesOf(directory: Name) {
  const items = readdirSync(directory, { withFileTypes: true })
  return items.some(({ name }) => name.includes('\ufffd')) ? readdirSync(directory, { withFileTypes: true, encoding: 'buffer' }) : items
}

function join(directory: Name, name: Name): Name {
  if (typeof directory === 'string' && typeof name === 'string') return `${directory}/${name}`
  return Buffer.concat([Buffer.from(directory), Buffer.from('/'), Buffer.from(name)])
}

/** What git tracks below `root`; undefined without git or outside a repository, where everything counts as tracked. */
export function listed(root: string): Promise<Tracked | undefined> {
  return new Promise((done) => {
    const { spawn } = process.getBuiltinModule('node:child_process')
    const git = spawn('git', [...GIT, 'ls-files', '--stage', '-z'], { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] })
    const chunks: Buffer[] = []
    git.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    git.on('error', () => done(undefined))
    git.on('close', (code) => done(code === 0 ? parse(Buffer.concat(chunks).toString()) : undefined))
  })
}

/** Reads `<mode> <object> <stage>\t<path>` records that end with NUL. */
function parse(listing: string): Tracked {
  const files = new Set<string>()
  const submodules: string[] = []
  for (const record of listing.split('\0')) {
    const tab = record.indexOf('\t')
    if (tab < 0) continue
    const path = record.slice(tab + 1)
    if (record.startsWith('160000 ')) submodules.push(path)
    else files.add(path)
  }
  return { files, submodules }
}

/** At most `limit` bytes of a regular file; undefined for anything else. A pipe does not make it wait. */
function readAtMost(path: Name, limit: number): Uint8Array | undefined {
  let file: number
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch {
    return undefined
  }
  try {
    const stat = fstatSync(file)
    if (!stat.isFile()) return undefined
    const bytes = Buffer.allocUnsafe(Math.min(limit, stat.size))
    let length = 0
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(file, bytes, length, bytes.length - length, length)
    }
    return bytes.subarray(0, length)
  } finally {
    closeSync(file)
  }
}
