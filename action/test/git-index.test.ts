// The index as we read it is the index as git reads it.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'

import { readIndex } from '../src/git-index.ts'
import { listed } from '../src/snapshot.ts'
import { folder, git, put, repository } from './process.ts'

const files = Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`${'d/'.repeat(at % 5)}${'x'.repeat(at)}é\n${at}`.slice(0, 240), '']))

async function same(root: string): Promise<void> {
  const read = readIndex(root)
  assert.ok(read, 'the index is plain')
  assert.deepEqual(read, await listed(root))
  assert.ok(read.files.size > 0)
}

test('paths of every length, from the top and from below', async () => {
  const root = repository({ ...files, 'e/f': '', 'e-f': '' })
  await same(root)
  await same(join(root, 'd'))
  await same(join(root, 'e'))
})

test('extended flags, submodules, paths that are to be added, and conflicts', async () => {
  const root = repository(files)
  put(root, { 'later': '' })
  git(root, 'add', '--intent-to-add', 'later')
  git(root, 'update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},sub`)
  const blob = git(root, 'hash-object', '-w', 'later').trim()
  const { spawnSync } = await import('node:child_process')
  spawnSync('git', ['update-index', '--index-info'], { cwd: root, input: [1, 2, 3].map((stage) => `100644 ${blob} ${stage}\tconflict\n`).join('') })
  await same(root)
})

test('an index of another kind is left to git', async () => {
  const split = repository(files)
  git(split, 'update-index', '--split-index')
  const four = repository(files)
  git(four, 'update-index', '--index-version', '4')
  const worktree = join(folder(), 'tree')
  git(four, 'worktree', 'add', '-q', worktree)
  const long = folder()
  git(long, 'init', '-q', '--object-format=sha256')
  put(long, files)
  git(long, 'add', '--all')
  for (const root of [split, four, worktree, long]) {
    assert.equal(readIndex(root), undefined)
    assert.ok(((await listed(root))?.files.size ?? 0) > 200)
  }
})

test('outside a repository, in an empty one and in a damaged one there is nothing to read', () => {
  assert.equal(readIndex(folder()), undefined)
  const empty = folder()
  git(empty, 'init', '-q')
  assert.equal(readIndex(empty), undefined)
  const root = repository({ 'a': '', 'b': '' })
  put(root, { '.git/index': 'DIRC\0\0\0\u0002\0\0\0\u0009' })
  assert.equal(readIndex(root), undefined)
})
