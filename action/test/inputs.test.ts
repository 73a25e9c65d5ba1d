// Inputs and the runner's environment.
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { context } from '../src/context.ts'
import { InputError, inputs } from '../src/inputs.ts'
import { folder } from './process.ts'

test('without inputs everything has a default', () => {
  assert.deepEqual(inputs({}), { mode: 'check', path: '.', config: null, failOn: null, trigger: null, comment: 'auto', suggestions: 'auto', sarif: false, prove: 'off', proveServices: [], redisImage: 'redis:8-alpine', token: '', report: '' })
})

test('every wrong input is named at once', () => {
  const env = { 'INPUT_FAIL-ON': 'fatal', 'INPUT_COMMENT': 'yes', 'INPUT_CONFIG': '/nowhere/at/all' }
  assert.throws(() => inputs(env), (error) => error instanceof InputError && ['fail-on', 'comment', 'config'].every((name) => error.message.includes(`'${name}'`)))
})

test('the comment mode needs a token and a report', () => {
  assert.throws(() => inputs({ INPUT_MODE: 'comment' }), /'report'.*'token'/)
})

test('a configuration is read from the workspace', () => {
  const root = folder()
  writeFileSync(join(root, 'p.toml'), 'fail_on = "never"')
  assert.equal(inputs({ GITHUB_WORKSPACE: root, INPUT_CONFIG: 'p.toml' }).config, 'fail_on = "never"')
})

test('a path outside the workspace is refused', () => {
  const at = (path: string) => context({ GITHUB_WORKSPACE: '/w/s' }, inputs({ INPUT_PATH: path }))
  for (const path of ['..', '../other', '/etc', 'a/../../b']) assert.throws(() => at(path), InputError, path)
  assert.equal(at('..a').prefix, '..a/')
  assert.equal(at('a/../b').root, '/w/s/b')
})

test('paths of annotations and links begin at the repository, wherever it was checked out', () => {
  const root = folder()
  mkdirSync(join(root, 'repo', '.git'), { recursive: true })
  const env = { GITHUB_WORKSPACE: root, GITHUB_REPOSITORY: 'o/r', GITHUB_SHA: 'c0ffee' }
  const at = context(env, inputs({ INPUT_PATH: 'repo/a b#' }))
  assert.equal(at.prefix, 'a b#/')
  assert.equal(at.linkBase, 'https://github.com/o/r/blob/c0ffee/a%20b%23/')
})

test('rule pages are those of the version that runs', () => {
  const given = inputs({})
  assert.equal(context({}, given).rulesBase, 'https://github.com/preflight-action/preflight/blob/main/docs/rules/')
  const env = { GITHUB_ACTION_REPOSITORY: 'fork/preflight', GITHUB_ACTION_REF: 'v1', GITHUB_SERVER_URL: 'https://ghe.example' }
  assert.equal(context(env, given).rulesBase, 'https://github.com/fork/preflight/blob/v1/docs/rules/')
})

test('an event of any shape is borne', () => {
  const path = join(folder(), 'event.json')
  for (const event of [null, 1, [], { pull_request: null }, { pull_request: { number: '7', head: 3 } }, { workflow_run: { head_sha: 1 } }]) {
    writeFileSync(path, JSON.stringify(event))
    const at = context({ GITHUB_EVENT_PATH: path }, inputs({}))
    assert.equal(at.pull, undefined)
    assert.equal(at.run, undefined)
  }
})

test('services to prove are a list, and the image of Redis is a name', () => {
  const given = inputs({ 'INPUT_PROVE': 'full', 'INPUT_PROVE-SERVICES': 'api, worker', 'INPUT_REDIS-IMAGE': 'registry.example/redis:7' })
  assert.deepEqual([given.prove, given.proveServices, given.redisImage], ['full', ['api', 'worker'], 'registry.example/redis:7'])
  assert.throws(() => inputs({ 'INPUT_REDIS-IMAGE': '--privileged', 'INPUT_PROVE': 'all' }), /redis-image.*no name of an image|'prove' is 'all'/)
})
