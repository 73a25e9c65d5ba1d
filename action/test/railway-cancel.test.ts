// A run that is cancelled, and one that is killed: the deployment that is not up yet is given up.
import assert from 'node:assert/strict'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'

import { dist, repository, run, type Run } from './process.ts'
import { comesUp, PROJECT_TOKEN, Railway } from './railway.ts'
import { arrange, files, PLANTED } from './railway-scenarios.ts'
import { StandIn } from './stand-in.ts'

let railway: Railway
let github: StandIn
beforeEach(async () => {
  railway = await Railway.start()
  github = await StandIn.start()
  arrange(railway)
})
afterEach(() => {
  railway.stop()
  github.stop()
  assert.deepEqual([...railway.violations, ...github.violations], [])
})

const inputs = (): Record<string, string> => ({ 'token': `${PLANTED}github`, 'railway-token': PROJECT_TOKEN, 'railway-api': railway.api, 'railway-service': 'worker', 'deploy': 'true', 'poll': '0.05', 'watch': '60' })

/** Runs the action and sends `signal` once Railway was asked for `operation` `times` times. */
function interrupted(signal: NodeJS.Signals, operation: string, times = 1): Promise<Run> {
  const send = (child: ChildProcess): void => {
    const timer = setInterval(() => {
      if (railway.requests.filter((each) => each === operation).length < times) return
      clearInterval(timer)
      child.kill(signal)
    }, 10)
  }
  return run(repository(files), inputs(), { GITHUB_API_URL: github.url, GITHUB_EVENT_NAME: 'push' }, {}, send)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal} cancels a deployment that is on its way`, async () => {
    railway.plans.push([{ status: 'BUILDING' }])
    const done = await interrupted(signal, 'Look', 3)
    assert.equal(done.code, 1, done.log)
    assert.equal(railway.deployments[0]?.status, 'REMOVED', done.log)
    assert.match(done.log, /The deployment of aaaaaaaa was cancelled/)
    assert.equal(github.deployments[0]?.statuses[0]?.['state'], 'error')
    assert.equal(done.state['preflight-deployment'], '')
  })
}

test('a deployment that is up when the run is cancelled stays', async () => {
  railway.plans.push(comesUp())
  const done = await interrupted('SIGTERM', 'Look', 9)
  assert.equal(done.code, 1, done.log)
  assert.equal(railway.deployments[0]?.status, 'SUCCESS')
  assert.ok(!railway.requests.includes('Cancel'))
})

test('what a killed step left is given up after the job', async () => {
  railway.plans.push([{ status: 'BUILDING' }])
  const killed = await interrupted('SIGKILL', 'Look', 3)
  assert.match(killed.state['preflight-deployment'] ?? '', /^[\w-]+ \d+$/)
  const env = Object.fromEntries(Object.entries(inputs()).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]))
  const post = spawn(process.execPath, [join(dist, 'post.js')], { env: { PATH: process.env['PATH'], ...env, 'GITHUB_API_URL': github.url, 'GITHUB_REPOSITORY': 'o/r', 'STATE_preflight-deployment': killed.state['preflight-deployment'] } })
  await new Promise((ended) => post.on('close', ended))
  assert.equal(railway.deployments[0]?.status, 'REMOVED')
  assert.equal(github.deployments[0]?.statuses[0]?.['state'], 'error')
})

test('a job that deployed nothing leaves nothing to do', () => {
  const { status, stdout } = spawnSync(process.execPath, [join(dist, 'post.js')], { env: { PATH: process.env['PATH'] }, encoding: 'utf8' })
  assert.deepEqual([status, stdout], [0, ''])
})
