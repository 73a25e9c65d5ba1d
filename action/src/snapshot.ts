// The repository's files: git says what is tracked, the directory says the rest. Links are never followed.
import { spawn } from 'node:child_process'
import { closeSync, constants, lstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'

import type { Host } from './checker.js'

interface File {
  path: string
  size: number
  kind: 'f' | 'x' | 'l' | 's'
}

/** Lists `root` and hands its files to the checker. */
export async function snapshot(root: string): Promise<Host> {
  const tracked = trackedFiles(root)
  const files = walk(root)
  const known = await tracked
  const submodules = known?.submodules ?? []
  const records = files.map((file) => `${known && !known.files.has(file.path) ? 'u' : 't'}${file.kind} ${file.size} ${file.path}`)
  const links = submodules.map((path) => `ts 0 ${path}`)
  const readable = new Set(files.filter((file) => file.kind === 'f' || file.kind === 'x').map((file) => file.path))
  return {
    entries: () => [...records, ...links].join('\0'),
    read: (path, limit) => (readable.has(path) ? readAtMost(join(root, path), limit) : undefined),
  }
}

function walk(root: string): File[] {
  const files: File[] = []
  const pending = ['']
  for (let prefix = pending.pop(); prefix !== undefined; prefix = pending.pop()) {
    let items
    try {
      items = readdirSync(join(root, prefix), { withFileTypes: true })
    } catch {
      continue
    }
    for (const item of items) {
      if (item.name === '.git') continue
      const path = prefix === '' ? item.name : `${prefix}/${item.name}`
      if (item.isDirectory()) {
        pending.push(path)
      } else if (item.isFile() || item.isSymbolicLink()) {
        const stat = lstatSync(join(root, path), { throwIfNoEntry: false })
        if (!stat) continue
        const kind = item.isSymbolicLink() ? 'l' : stat.mode & 0o111 ? 'x' : 'f'
        files.push({ path, size: stat.size, kind })
      }
    }
  }
  return files
}

/** What git tracks below `root`; undefined without git or outside a repository, where everything counts as tracked. */
function trackedFiles(root: string): Promise<{ files: Set<string>; submodules: string[] } | undefined> {
  return new Promise((done) => {
    const git = spawn('git', ['-c', 'safe.directory=*', 'ls-files', '--stage', '-z'], { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] })
    const chunks: Buffer[] = []
    git.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    git.on('error', () => done(undefined))
    git.on('close', (code) => {
      if (code !== 0) return done(undefined)
      const files = new Set<string>()
      const submodules: string[] = []
      for (const record of Buffer.concat(chunks).toString('utf8').split('\0')) {
        const tab = record.indexOf('\t')
        if (tab < 0) continue
        const path = record.slice(tab + 1)
        if (record.startsWith('160000 ')) submodules.push(path)
        else files.add(path)
      }
      done({ files, submodules })
    })
  })
}

function readAtMost(path: string, limit: number): Uint8Array | undefined {
  let file: number
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch {
    return undefined
  }
  try {
    const size = Math.min(limit, lstatSync(path).size)
    const buffer = Buffer.alloc(size)
    let length = 0
    while (length < size) {
      const read = readSync(file, buffer, length, size - length, length)
      if (read === 0) break
      length += read
    }
    return buffer.subarray(0, length)
  } finally {
    closeSync(file)
  }
}
