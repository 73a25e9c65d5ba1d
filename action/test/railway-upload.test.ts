// A service without a repository: its files travel with Railway's command line, for which a stand-in stands on the path.
import assert from 'node:assert/strict'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'

import { folder, repository, run, type Run } from './process.ts'
import { PROJECT_TOKEN, Railway } from './railway.ts'
import { arrange, files, PLANTED } from './railway-scenarios.ts'
import { StandIn } from './stand-in.ts'

let railway: Railway
let github: StandIn
beforeEach(async () => {
  railway = await Railway.start()
  github = await StandIn.start()
  arrange(railway)
  delete railway.services[1]!.repo
})
afterEach(() => {
  railway.stop()
  github.stop()
  assert.deepEqual([...railway.violations, ...github.violations], [])
})

/** Runs the action with `script` as the program `railway`; without one none is installed. */
function deployed(script?: string): Promise<Run> {
  const place = folder()
  if (script !== undefined) {
    writeFileSync(join(place, 'railway'), `#!/bin/sh\n${script}\n`)
    chmodSync(join(place, 'railway'), 0o755)
  }
  const inputs = { 'token': `${PLANTED}github`, 'railway-token': PROJECT_TOKEN, 'railway-api': railway.api, 'railway-service': 'worker', 'deploy': 'true', 'poll': '0.05', 'watch': '0.2' }
  return run(repository(files), inputs, { GITHUB_API_URL: github.url, GITHUB_EVENT_NAME: 'push', PATH: `${place}:/usr/bin:/bin`, SECRET_OF_THE_JOB: 'x' }, {})
}

test('the files are uploaded, and the same commit is not uploaded again', async () => {
  const { id } = railway.deploy('worker-1', undefined)
  const seen = join(folder(), 'seen')
  const script = `{ pwd; echo "$@"; env; } > ${seen}\necho '{"deploymentId":"${id}","logsUrl":"x"}'`
  railway.deployments = railway.deployments.map((each) => ({ ...each, alone: true }))
  const done = await deployed(script)
  assert.equal(done.code, 0, done.log)
  assert.match(done.log, /live and verified/)
  const text = readFileSync(seen, 'utf8')
  assert.match(text, /^up --detach --json --service worker-1$/m)
  assert.match(text, new RegExp(`^RAILWAY_TOKEN=${PROJECT_TOKEN}$`, 'm'))
  assert.ok(!/SECRET_OF_THE_JOB|INPUT_TOKEN/.test(text), text)
  const again = await deployed('exit 9')
  assert.match(again.log, /was live already/)
})

test('without the command line nothing is deployed, and that is said', async () => {
  const done = await deployed()
  assert.equal(done.code, 1)
  assert.match(done.log, /was not deployed .*the service has no repository, and the command line of Railway.*is not installed/)
})

test('what the command line says of a failure is passed on without the token', async () => {
  const done = await deployed(`echo "upload failed for $RAILWAY_TOKEN: 413" >&2; exit 1`)
  assert.equal(done.code, 1)
  const shown = done.log.split('\n').filter((line) => !line.startsWith('::add-mask::')).join('\n')
  assert.match(shown, /failed to upload it: upload failed for \*+: 413/)
  assert.ok(!shown.includes(PLANTED))
})
