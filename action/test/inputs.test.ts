// Inputs and the runner's environment.
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { context } from '../src/context.ts'
import { InputError, inputs } from '../src/inputs.ts'
import { folder } from './process.ts'

test('without inputs everything has a default', () => {
  const { railway, ...rest } = inputs({})
  assert.deepEqual(rest, { mode: 'check', path: '.', config: null, failOn: null, trigger: null, comment: 'auto', suggestions: 'auto', sarif: false, prove: 'off', proveServices: [], redisImage: 'redis:8-alpine', token: '', report: '' })
  const limits = { deploy: 1200, verify: 120, watch: 60, poll: 5 }
  assert.deepEqual(railway, { token: '', service: '', api: 'https://backboard.railway.com/graphql/v2', audit: false, deploy: false, rollback: true, verify: { url: '', log: '' }, limits })
})

test('a token for Railway is sent only where it is encrypted or stays on this machine', () => {
  for (const api of ['http://backboard.railway.com/graphql/v2', 'http://127.0.0.1.evil.example', 'ftp://x', 'x']) assert.throws(() => inputs({ 'INPUT_RAILWAY-API': api }), /'railway-api' is no address/)
  assert.equal(inputs({ 'INPUT_RAILWAY-API': 'http://127.0.0.1:8080/' }).railway.api, 'http://127.0.0.1:8080/')
  assert.throws(() => inputs({ INPUT_DEPLOY: 'true', INPUT_WATCH: '1e9', INPUT_POLL: '-1' }), /'watch' is '1e9'.*'poll' is '-1'.*'railway-token' is needed/)
})

test('only pushes and pull requests of the repository itself are its own', () => {
  const root = folder()
  const foreign = (event: string, from?: string): boolean => {
    const path = join(root, 'event.json')
    writeFileSync(path, JSON.stringify({ pull_request: { number: 1, head: { repo: from === undefined ? null : { full_name: from } } } }))
    return context({ GITHUB_WORKSPACE: root, GITHUB_REPOSITORY: 'o/r', GITHUB_EVENT_NAME: event, GITHUB_EVENT_PATH: path }, inputs({})).foreign
  }
  for (const event of ['push', 'workflow_dispatch', 'schedule', 'merge_group']) assert.equal(foreign(event), false, event)
  assert.equal(foreign('pull_request', 'O/R'), false)
  assert.equal(foreign('pull_request', 'mallory/r'), true)
  assert.equal(foreign('pull_request'), true, 'the fork is gone')
  for (const event of ['pull_request_target', 'workflow_run', 'issue_comment', '']) assert.equal(foreign(event, 'o/r'), true, event)
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
