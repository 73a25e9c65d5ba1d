// action.yml is the only description of inputs and outputs: the code and the README agree with it.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { parse } from 'yaml'

import { inputs } from '../src/inputs.ts'
import { broken, pullRequest, repository, run } from './process.ts'
import { StandIn } from './stand-in.ts'
import { inserted, table } from '../scripts/readme.mjs'

const root = join(import.meta.dirname, '..', '..')
const action = parse(readFileSync(join(root, 'action.yml'), 'utf8'))

test('the inputs that the code reads are those of action.yml', () => {
  const read = new Set<string>()
  const env = new Proxy({}, { get: (_, name) => (typeof name === 'string' && name.startsWith('INPUT_') ? (read.add(name.slice(6).toLowerCase()), '') : undefined) })
  inputs(env)
  assert.deepEqual([...read].sort(), Object.keys(action.inputs).sort())
})

test('the defaults of action.yml are accepted', () => {
  const env = Object.fromEntries(Object.entries<any>(action.inputs).map(([name, each]) => [`INPUT_${name.toUpperCase()}`, each.default]))
  assert.equal(inputs(env).mode, 'check')
})

test('the outputs that are set are those of action.yml', async () => {
  const github = await StandIn.start()
  const { outputs } = await run(repository(broken), { token: 't' }, { GITHUB_API_URL: github.url }, pullRequest(7))
  github.stop()
  assert.deepEqual(Object.keys(outputs).sort(), Object.keys(action.outputs).sort())
  assert.equal(outputs['comment-url'], 'https://github.com/o/r/pull/7#issuecomment-1')
})

test('it runs on node24 from the bundle', () => {
  assert.deepEqual(action.runs, { using: 'node24', main: 'action/dist/index.js', post: 'action/dist/post.js', 'post-if': 'always()' })
})

test('the README has the table of action.yml between its markers', (t) => {
  const path = join(root, 'README.md')
  const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
  if (!text.includes('<!-- action:start -->')) return t.skip('the README has no markers')
  assert.equal(text, inserted(text), 'run `node action/scripts/readme.mjs --write`')
})

test('the table names every input and output', () => {
  const rows: string = table()
  for (const name of [...Object.keys(action.inputs), ...Object.keys(action.outputs)]) assert.ok(rows.includes(`| \`${name}\` |`), name)
})

test('a table is put between markers and nothing else changes', () => {
  const text = 'a\n<!-- action:start -->\nOUTDATED\n<!-- action:end -->\nb\n'
  const twice: string = inserted(inserted(text))
  assert.equal(twice, inserted(text))
  assert.ok(twice.startsWith('a\n') && twice.endsWith('\nb\n') && !twice.includes('OUTDATED'))
  assert.equal(inserted('no markers'), 'no markers')
})
