// What is read twice is shown once; what starts late is no restart.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Look } from '../src/railway/follow.ts'
import { Log } from '../src/railway/log.ts'
import type { Order } from '../src/railway/order.ts'
import { Watch } from '../src/railway/watch.ts'

/** An order whose Railway gives these answers, one a question. */
function order(answers: object[]): Order {
  const lines: string[] = []
  const hooks = { line: () => {}, group: (title: string) => (lines.push(`> ${title}`), { line: (text: string) => lines.push(text), end: () => lines.push('<') }), masked: (text: string) => text.replaceAll('secret', '***') }
  return { client: { ask: async () => answers.shift() }, service: { name: 'worker' }, hooks, signal: new AbortController().signal, lines } as any
}

test('a log that overlaps is shown once, in groups, masked', async () => {
  const row = (timestamp: string, message: string): object => ({ timestamp, message })
  const all = order([
    { buildLogs: [row('1', 'a'), row('1', 'a'), row('2', 'a secret')] },
    { buildLogs: [row('2', 'a secret'), row('2', 'a secret'), row('3', 'c\nd')] },
    { deploymentLogs: [row('1', 'e')] },
    { buildLogs: [row('3', 'c\nd'), row('4', 'f')] },
  ])
  const log = new Log(all, 'id')
  await log.more('BuildLog')
  await log.more('BuildLog', 'DeployLog')
  await log.more('BuildLog')
  log.end()
  assert.deepEqual((all as any).lines, ['> Railway: build log of worker', 'a', 'a', 'a ***', 'a ***', 'c', 'd', '<', '> Railway: deploy log of worker', 'e', '<', '> Railway: build log of worker', 'f', '<'])
  assert.equal(log.text(), 'a\na\na ***\na ***\nc\nd\nf\ne')
})

const seen = (...instances: [id: string, status: string][]): Look => ({ id: 'd', status: 'SUCCESS', deploymentStopped: false, url: null, staticUrl: null, meta: null, instances: instances.map(([id, status]) => ({ id, status })) })

/** The restarts that a sequence of looks shows. */
async function restarts(first: Look, ...looks: Look[]): Promise<number> {
  const all = order(looks.map((deployment) => ({ deployment })))
  const watch = new Watch(first)
  for (const _ of looks) await watch.next(all, 'd')
  return watch.restarts
}

test('replicas that start late are no restarts', async () => {
  assert.equal(await restarts(seen(['a', 'RUNNING']), seen(['a', 'RUNNING'], ['b', 'INITIALIZING']), seen(['a', 'RUNNING'], ['b', 'RUNNING'])), 0)
  assert.equal(await restarts(seen(), seen(['a', 'RUNNING'])), 0)
})

test('an instance that falls is one restart, however long it lies', async () => {
  assert.equal(await restarts(seen(['a', 'RUNNING']), seen(['a', 'CRASHED']), seen(['a', 'RESTARTING']), seen(['a', 'RUNNING'])), 1)
  assert.equal(await restarts(seen(['a', 'RUNNING']), seen(['a', 'CRASHED']), seen(['b', 'RUNNING'])), 1)
  assert.equal(await restarts(seen(['a', 'RUNNING']), seen(['a', 'RESTARTING']), seen(['a', 'RUNNING']), seen(['a', 'RESTARTING'])), 2)
})

test('an instance whose place another takes is a restart', async () => {
  assert.equal(await restarts(seen(['a', 'RUNNING']), seen(['b', 'RUNNING']), seen(['c', 'RUNNING'])), 2)
})
