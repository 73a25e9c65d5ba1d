// End to end: `act` runs a real workflow, the action talks to the stand-in for GitHub.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test, type TestContext } from 'node:test'

import { Act, installed } from './act.ts'
import { broken, commit, mended, put, repository } from './process.ts'
import { StandIn } from './stand-in.ts'

const workflow = readFileSync(join(import.meta.dirname, 'act-workflow.yml'), 'utf8')
const runner = new Act()
let github: StandIn

before(async () => {
  github = await StandIn.start()
  runner.prepare()
})
after(() => github.stop())

/** Runs the workflow in `repository` as `event`; the log without colours. */
async function act(repository: string, event: string, payload: object): Promise<{ code: number; log: string }> {
  const done = await runner.run(repository, event, payload, { env: { GITHUB_API_URL: github.url }, secrets: { GITHUB_TOKEN: 'secret-token' } })
  assert.deepEqual(github.violations, [], done.log)
  return done
}

const pull = (number: number, extra: object = {}): object => ({ pull_request: { number, head: { sha: 'b'.repeat(40), ref: 'x' }, base: { ref: 'main' }, ...extra } })
const project = (files: Record<string, string>): string => repository({ ...files, '.github/workflows/preflight.yml': workflow })
const scenario = (name: string, run: (t: TestContext) => Promise<void>): void => void test(name, { skip: installed ? false : 'act is not installed' }, run)

scenario('a pull request gets annotations, a summary and one comment, which the next runs update', async () => {
  const repository = project(broken)
  const first = await act(repository, 'pull_request', pull(7))
  assert.equal(first.code, 0, first.log)
  assert.match(first.log, /no shell expands `\$PORT`/)
  assert.match(first.log, /verdict=will-fail errors=1/)
  assert.match(first.log, /### ❌ This deployment will not come up/)
  assert.match(first.log, /outcome=failure/)
  assert.equal(github.comments.length, 1, first.log)
  const body = github.comments[0]?.body

  put(repository, { 'railway.json': '{ "deploy": { "startCommand": "exec gunicorn app:app -b [::]:$PORT" } }\n' })
  commit(repository)
  await act(repository, 'pull_request', pull(7))
  assert.equal(github.comments.length, 1)
  assert.notEqual(github.comments[0]?.body, body)

  const fixed = await act(project(mended), 'pull_request', pull(7))
  assert.match(fixed.log, /verdict=clear errors=0/)
  assert.equal(github.comments.length, 1)
  assert.match(github.comments[0]?.body ?? '', /✅/)
})

scenario('a pull request from a fork, whose token is read-only, loses the comment and says so in one line', async () => {
  github.comments = []
  github.behaviour.readOnly = true
  const fork = await act(project(broken), 'pull_request', pull(8, { head: { sha: 'f'.repeat(40), repo: { fork: true, full_name: 'fork/r' } } }))
  github.behaviour.readOnly = false
  assert.equal(fork.log.match(/this token may not comment/g)?.length, 1, fork.log)
  assert.match(fork.log, /### ❌ This deployment will not come up/)
  assert.match(fork.log, /outcome=failure/)
  assert.equal(github.comments.length, 0)
})

for (const event of ['push', 'merge_group', 'workflow_dispatch']) {
  scenario(`${event} is judged without a word to GitHub`, async () => {
    github.requests = []
    const done = await act(project(broken), event, {})
    assert.equal(done.code, 0, done.log)
    assert.match(done.log, /verdict=will-fail errors=1/)
    assert.deepEqual(github.requests, [])
  })
}
