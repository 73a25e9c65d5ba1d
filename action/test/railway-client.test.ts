// The client for Railway against a server that misbehaves in every way.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'

import { Fault } from '../src/railway/answer.ts'
import { Budget } from '../src/railway/budget.ts'
import { Client } from '../src/railway/client.ts'
import { chosen, scopeOf } from '../src/railway/scope.ts'
import { withoutSecret } from '../src/railway/variables.ts'
import { ACCOUNT_TOKEN, PROJECT_TOKEN, Railway } from './railway.ts'

let railway: Railway
beforeEach(async () => {
  railway = await Railway.start()
})
afterEach(() => {
  railway.stop()
  assert.deepEqual(railway.violations, [])
})

const client = (token = PROJECT_TOKEN): Client => new Client({ address: railway.api, token, timeout: 400, backoff: 5 })
const fault = async (work: Promise<unknown>): Promise<Fault> => work.then(() => assert.fail('no fault'), (error: Fault) => error)

test('a project token tells its project and environment', async () => {
  const { project, environment } = await scopeOf(client())
  assert.deepEqual([project.name, project.plan, environment.name], ['shop', 'hobby', 'production'])
})

test('a token of the wrong kind is named, a wrong token too, and neither is shown', async () => {
  const account = await fault(scopeOf(client(ACCOUNT_TOKEN)))
  assert.match(account.message, /is the token of an account or a workspace.*Tokens/)
  const wrong = await fault(scopeOf(client('planted-wrong-token')))
  assert.match(wrong.message, /not a token that Railway knows.*Not Authorized/)
  assert.ok(!/planted/.test(account.message + wrong.message))
})

test('a message that holds the token loses it', async () => {
  railway.faults = [{ message: `token ${PROJECT_TOKEN} expired` }]
  assert.equal((await fault(client().ask('Scope'))).message, 'Railway answered: token *** expired')
})

test('401 and 403 are told apart, and asked once', async () => {
  railway.faults = [{ status: 401, body: '{}' }, { status: 403, body: '{}' }]
  assert.equal((await fault(client().ask('Scope'))).kind, 'token')
  assert.equal((await fault(client().ask('Scope'))).kind, 'permission')
  assert.equal(railway.requests.length, 2)
})

test('a rate limit is waited out as long as Railway asks', async () => {
  for (const value of ['1', new Date(Date.now() + 1000).toUTCString()]) {
    railway.faults = [{ status: 429, headers: { 'retry-after': value }, body: '' }]
    await client().ask('Scope')
  }
  assert.equal(railway.requests.length, 4)
})

test('a rate limit beyond patience is said', async () => {
  railway.faults = [{ status: 429, headers: { 'retry-after': '3600' }, body: '' }]
  const { kind, message } = await fault(client().ask('Scope'))
  assert.deepEqual([kind, message], ['rate', "Railway's rate limit is used up; it asks for 3600 s of patience"])
})

test('a burst of server errors is survived, an endless one ends', async () => {
  railway.faults = [{ status: 502 }, { status: 503 }, { status: 500 }]
  await client().ask('Scope')
  railway.faults = Array.from({ length: 20 }, () => ({ status: 503 }))
  assert.equal((await fault(client().ask('Scope'))).message, 'Railway answered with HTTP 503')
  assert.equal(railway.faults.length, 15)
})

test('an answer that never comes is asked for again', async () => {
  railway.faults = [{ hang: true }]
  await client().ask('Scope')
  railway.faults = Array.from({ length: 5 }, () => ({ hang: true }))
  assert.equal((await fault(client().ask('Scope'))).message, 'Railway did not answer in time')
})

test('malformed answers are asked for again and end in words', async () => {
  for (const body of ['', '{', '[]', 'null', '{"data":null}', '{"data":"x"}', '{"errors":{}}', '{"errors":7,"data":{}}', '\u0000']) {
    railway.faults = [{ body }]
    await client().ask('Scope')
    railway.faults = Array.from({ length: 5 }, () => ({ body }))
    assert.equal((await fault(client().ask('Scope'))).message, 'Railway gave an answer that is no GraphQL', body)
  }
})

test('a mutation whose end is not known is not sent again', async () => {
  for (const each of [{ status: 502 }, { hang: true }, { body: '{' }]) {
    railway.requests = []
    railway.faults = [each]
    assert.equal((await fault(client().ask('Cancel', { id: 'x' }))).kind, 'away')
    assert.deepEqual(railway.requests, ['Cancel'])
  }
})

test('a server that is not there is said', async () => {
  const away = new Client({ address: 'http://127.0.0.1:1023/graphql', token: 'planted', backoff: 1 })
  assert.match((await fault(away.ask('Scope'))).message, /cannot be reached: ECONNREFUSED/)
})

test('the less is left of the rate limit, the longer the time between looks', () => {
  const budget = new Budget()
  assert.equal(budget.pace(5000, 3), 5000)
  budget.read(new Headers({ 'x-ratelimit-remaining': '80', 'x-ratelimit-reset': '600' }))
  assert.ok(Math.abs(budget.pace(5000, 3) - 30_000) < 200)
  budget.read(new Headers({ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(Math.ceil(Date.now() / 1000) + 600) }))
  assert.equal(budget.pace(5000, 3), 60_000)
})

test('the service is the named one, or the only one that can be meant', () => {
  const service = (name: string, more: object = {}): any => ({ id: `id-${name}`, name, ...more })
  const all = [service('web', { repo: 'o/other' }), service('worker', { repo: 'O/R' }), service('Redis', { image: 'redis:8' })]
  assert.equal(chosen(all, '', 'o/r').name, 'worker')
  assert.equal(chosen(all, 'WEB', 'o/r').name, 'web')
  assert.equal(chosen([service('only'), all[2]], '', 'o/r').name, 'only')
  assert.throws(() => chosen(all, '', 'x/y'), /'railway-service' is needed.*web, worker, Redis/)
  assert.throws(() => chosen(all, 'api', 'o/r'), /which the environment does not have/)
})

test('an address is shown without who may go there', () => {
  assert.equal(withoutSecret('redis://default:planted@redis.railway.internal:6379/0'), 'redis://*****@redis.railway.internal:6379')
  assert.equal(withoutSecret('redis://:planted@planted/planted@[fd12::1]:6379'), 'redis://*****@[fd12::1]:6379')
  assert.equal(withoutSecret('rediss://h:6379?password=planted'), 'rediss://h:6379')
  assert.equal(withoutSecret('redis://h:6379?password=a@planted'), 'redis://*****')
  for (const value of ['planted', 'redis://h:6379/planted', 'redis://planted planted']) assert.equal(withoutSecret(value), 'no address')
})
