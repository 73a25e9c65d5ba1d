// Git's index, read without starting git. Whatever is not plain is left to git itself.
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'

export interface Tracked {
  files: Set<string>
  submodules: string[]
}

/** Bytes of an entry before its flags: ten numbers of a file's state and a SHA-1 name. */
const STATE = 60
const EXTENDED = 0x4000
const SUBMODULE = 0o160000

/** What git tracks below `root`; undefined when only git can say. */
export function readIndex(root: string): Tracked | undefined {
  const top = topOf(root)
  if (top === undefined) return undefined
  try {
    const git = join(top, '.git')
    if (!statSync(git).isDirectory() || /objectformat|worktree/i.test(readFileSync(join(git, 'config'), 'utf8'))) return undefined
    const within = relative(top, root).split(sep).join('/')
    return parse(readFileSync(join(git, 'index')), within === '' ? '' : `${within}/`)
  } catch {
    return undefined
  }
}

/** The nearest directory with a `.git`, from `root` up. A bare repository on the way is for git to judge. */
function topOf(root: string): string | undefined {
  for (let directory = root; ; directory = dirname(directory)) {
    if (existsSync(join(directory, '.git'))) return directory
    if (existsSync(join(directory, 'HEAD')) || directory === dirname(directory)) return undefined
  }
}

/** Reads versions 2 and 3 (gitformat-index); undefined for others, and for split and sparse indexes. */
function parse(index: Buffer, prefix: string): Tracked | undefined {
  const version = index.readUInt32BE(4)
  if (index.toString('latin1', 0, 4) !== 'DIRC' || (version !== 2 && version !== 3)) return undefined
  const tracked: Tracked = { files: new Set(), submodules: [] }
  let at = 12
  for (let left = index.readUInt32BE(8); left > 0; left -= 1) {
    const name = at + STATE + 2 + (index.readUInt16BE(at + STATE) & EXTENDED ? 2 : 0)
    const end = index.indexOf(0, name)
    if (end < 0) return undefined
    const path = index.toString('utf8', name, end)
    if (path.startsWith(prefix)) {
      if (index.readUInt32BE(at + 24) === SUBMODULE) tracked.submodules.push(path.slice(prefix.length))
      else tracked.files.add(path.slice(prefix.length))
    }
    // One to eight NULs pad an entry to a multiple of eight bytes.
    at += Math.floor((end - at + 8) / 8) * 8
  }
  return onlyKnown(index, at) ? tracked : undefined
}

/** True when the extensions after the entries change nothing about them: their names begin with a capital letter. */
function onlyKnown(index: Buffer, from: number): boolean {
  for (let at = from; at + 20 < index.length; at += 8 + index.readUInt32BE(at + 4)) {
    const first = index[at] ?? 0
    if (first < 0x41 || first > 0x5a) return false
  }
  return true
}
