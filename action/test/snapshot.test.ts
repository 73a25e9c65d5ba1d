// The snapshot of a working directory.
import assert from 'node:assert/strict'
import { chmodSync, existsSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

import { snapshot } from '../src/snapshot.ts'
import { folder, git, put, repository } from './process.ts'

const listed = async (root: string): Promise<string[]> => (await snapshot(root)).entries().split('\0').sort()
const text = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString()

test('tracked and untracked files are told apart, with sizes and modes', async () => {
  const root = repository({ 'a': '12', 'sub/run': '1' })
  chmodSync(join(root, 'sub/run'), 0o755)
  put(root, { 'new': '' })
  assert.deepEqual(await listed(root), ['tf 2 a', 'tx 1 sub/run', 'uf 0 new'])
  assert.deepEqual(await listed(join(root, 'sub')), ['tx 1 run'])
})

test('without git everything counts as tracked', async () => {
  const root = folder()
  put(root, { 'a/b': 'x' })
  assert.deepEqual(await listed(root), ['tf 1 a/b'])
})

test('a repository that tracks nothing yet is judged as if it did', async () => {
  const root = folder()
  git(root, 'init', '-q')
  put(root, { 'a/b': 'x' })
  const files = await snapshot(root)
  assert.equal(files.entries(), 'tf 1 a/b')
  assert.match(files.warnings.join(), /tracks nothing here yet/)
})

test('what git tracks and is gone is no entry', async () => {
  const root = repository({ 'a': '', 'b': '' })
  rmSync(join(root, 'a'))
  assert.deepEqual(await listed(root), ['tf 0 b'])
})

test('links are listed and never followed', async () => {
  const root = repository({ 'd/f': '1' })
  symlinkSync('..', join(root, 'd/up'))
  symlinkSync('/etc/passwd', join(root, 'secret'))
  const files = await snapshot(root)
  assert.deepEqual(files.entries().split('\0').sort(), ['tf 1 d/f', 'ul 11 secret', 'ul 2 d/up'])
  assert.equal(files.read('secret', 100), undefined)
  assert.equal(files.read('d/../d/f', 100), undefined)
})

test('names may hold blanks, quotes, line breaks, commands and bytes that are not UTF-8', async () => {
  const names = ['a b', '"q"', 'line\n::error::x', '-rf', '$(id)', 'é']
  const root = repository(Object.fromEntries(names.map((name) => [name, '1'])))
  const odd = Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff]), Buffer.from('.txt')])
  writeFileSync(odd, 'odd')
  git(root, 'add', '--all')
  const files = await snapshot(root)
  assert.deepEqual(files.entries().split('\0').sort(), [...names.map((name) => `tf 1 ${name}`), 'tf 3 \ufffd.txt'].sort())
  assert.equal(text(files.read('\ufffd.txt', 10)), 'odd')
})

test('a submodule is one entry', async () => {
  const root = repository({ 'a': '' })
  git(root, 'update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},lib/sub`)
  assert.deepEqual(await listed(root), ['tf 0 a', 'ts 0 lib/sub'])
})

test('reading stops at the limit, and a pipe does not make it wait', async () => {
  const root = repository({ 'a': '123456' })
  spawnSync('mkfifo', [join(root, 'pipe')])
  const files = await snapshot(root)
  assert.equal(text(files.read('a', 3)), '123')
  assert.equal(text(files.read('a', 100)), '123456')
  assert.equal(files.read('pipe', 3), undefined)
  assert.equal(files.read('gone', 3), undefined)
})

test('git runs nothing that a pull request brings along', async () => {
  const root = repository({ 'evil.sh': '#!/bin/sh\ntouch "$(dirname "$0")/ran"\n' })
  chmodSync(join(root, 'evil.sh'), 0o755)
  const bare = join(root, 'sub')
  git(root, 'init', '-q', '--bare', bare)
  git(bare, 'config', 'core.bare', 'false')
  git(bare, 'config', 'core.worktree', root)
  git(bare, 'config', 'core.fsmonitor', join(root, 'evil.sh'))
  await snapshot(bare)
  assert.ok(!existsSync(join(root, 'ran')))
  spawnSync('git', ['ls-files'], { cwd: bare })
  assert.ok(existsSync(join(root, 'ran')), 'the trap works')
})

test('what is not a directory is an error', async () => {
  await assert.rejects(snapshot('/nowhere/at/all'), /not a directory/)
})
