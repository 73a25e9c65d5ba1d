// One comment on a pull request, against the stand-in for GitHub.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'

import { broken, commands, commit, mended, pullRequest, put, repository, run, type Run } from './process.ts'
import { StandIn } from './stand-in.ts'

const MARKER = '<!-- preflight-report -->'
let github: StandIn

beforeEach(async () => {
  github = await StandIn.start()
})
afterEach(() => github.stop())

const check = async (root: string, inputs: Record<string, string> = {}): Promise<Run> => {
  const done = await run(root, { token: 'secret-token', ...inputs }, { GITHUB_API_URL: github.url }, pullRequest(7))
  assert.deepEqual(github.violations, [])
  return done
}

/** Lines for people that speak of the comment. */
const lines = (log: string): string[] => log.split('\n').filter((line) => line.startsWith('Preflight: '))

test('a comment is created once, updated in place, left alone when nothing changes, and turned into all clear', async () => {
  const root = repository(broken)
  assert.equal((await check(root)).code, 1)
  assert.equal(github.comments.length, 1)
  const first = github.comments[0]?.body ?? ''
  assert.ok(first.startsWith(MARKER))
  assert.match(first, /will not come up/)

  github.requests = []
  await check(root)
  assert.ok(github.requests.every((line) => line.startsWith('GET ')), 'an unchanged comment is not edited')

  put(root, { 'railway.json': '{ "deploy": { "startCommand": "gunicorn app:app -b 0.0.0.0:$PORT -w 1" } }\n' })
  commit(root)
  await check(root)
  assert.equal(github.comments.length, 1)
  assert.notEqual(github.comments[0]?.body, first)

  const fixed = repository(mended)
  const clear = await check(fixed)
  assert.equal(clear.code, 0)
  assert.equal(github.comments.length, 1)
  assert.match(github.comments[0]?.body ?? '', /✅/)
})

test('the comment holds the file that takes the place of a config file, until it is there or nobody wants it', async () => {
  await check(repository(broken))
  assert.match(github.comments[0]?.body ?? '', /^ *start: "gunicorn app:app --bind 0\.0\.0\.0:\$PORT",$/m)
  await check(repository({ ...broken, '.github/preflight.toml': '[rules]\nconfig-cutoff = "off"\n' }))
  assert.doesNotMatch(github.comments[0]?.body ?? '', /export default defineRailway/)
  const there = 'import { defineRailway, project, service } from "railway/iac";\nexport default defineRailway(() => project("p", { resources: [service("web", {})] }));\n'
  await check(repository({ ...broken, '.railway/railway.ts': there }))
  assert.doesNotMatch(github.comments[0]?.body ?? '', /by `preflight migrate`/)
})

test('without anything to say no comment is created, unless it is always wanted', async () => {
  const root = repository(mended)
  await check(root)
  assert.equal(github.comments.length, 0)
  await check(root, { comment: 'always' })
  assert.equal(github.comments.length, 1)
})

test('comment: never makes no request', async () => {
  await check(repository(broken), { comment: 'never' })
  assert.deepEqual(github.requests, [])
})

test('a forged marker by another author is not touched', async () => {
  const forged = github.add(7, 'mallory', `${MARKER}\nall is well`)
  await check(repository(broken))
  assert.equal(github.comments.length, 2)
  assert.equal(github.comments.find(({ id }) => id === forged)?.body, `${MARKER}\nall is well`)
})

test('a token of a person finds the comment of that person', async () => {
  github.behaviour = { ...github.behaviour, login: 'alice', user: true }
  await check(repository(broken))
  await check(repository({ ...broken, 'app.py': 'app = lambda environ, start_response: [b""]\n' }))
  assert.deepEqual(github.comments.map(({ login }) => login), ['alice'])
})

test('the comment is found behind 230 others', async () => {
  for (let at = 0; at < 230; at += 1) github.add(7, 'bob', `comment ${at}`)
  const own = github.add(7, 'github-actions[bot]', `${MARKER}\nold`)
  await check(repository(broken))
  assert.equal(github.comments.length, 231)
  assert.match(github.comments.find(({ id }) => id === own)?.body ?? '', /will not come up/)
  assert.equal(github.requests.filter((line) => line.includes('/issues/') && line.startsWith('GET')).length, 3)
})

test('two directories have two comments', async () => {
  const root = repository(Object.fromEntries(['a', 'b'].flatMap((dir) => Object.entries(broken).map(([path, text]) => [`${dir}-x/${path}`, text]))))
  for (const path of ['a-x', 'b-x', 'a-x']) await check(root, { path })
  await check(root)
  assert.equal(github.comments.length, 3)
  assert.match(github.comments[0]?.body ?? '', /blob\/b{40}\/a-x\/railway.json/)
})

test('a read-only token costs one clear line and nothing else', async () => {
  github.behaviour.readOnly = true
  const done = await check(repository(broken))
  assert.equal(done.code, 1)
  const said = lines(done.log)
  assert.equal(said.length, 1, said.join('\n'))
  assert.match(said[0] ?? '', /may not comment .*forks.*summary and the annotations/)
  assert.match(done.summary, /will not come up/)
  assert.ok(commands(done.log).some((line) => line.startsWith('::error file=railway.json')))
  assert.equal(done.outputs['verdict'], 'will-fail')
})

test('a rate limit is waited out as long as GitHub asks', async () => {
  github.behaviour.first = [{ status: 429, headers: { 'retry-after': '1' }, message: 'You have exceeded a secondary rate limit' }]
  const done = await check(repository(broken))
  assert.equal(github.comments.length, 1, done.log)
  assert.ok(done.milliseconds > 1000)
})

test('a rate limit beyond patience is said, not waited for', async () => {
  github.behaviour.first = [{ status: 403, headers: { 'retry-after': '3600' }, message: 'You have exceeded a secondary rate limit' }]
  const done = await check(repository(broken))
  assert.match(lines(done.log).join(), /no comment, because GitHub answered: You have exceeded a secondary rate limit/)
  assert.ok(done.milliseconds < 10_000)
})

test('a failing server is asked again', async () => {
  github.behaviour.first = [{ status: 502 }]
  await check(repository(broken))
  assert.equal(github.comments.length, 1)
})

test('a slow server is waited for', async () => {
  github.behaviour.delayMs = 1500
  await check(repository(broken))
  assert.equal(github.comments.length, 1)
})

test('a server that is not there fails no step', async () => {
  const done = await run(repository(mended), { token: 't' }, { GITHUB_API_URL: 'http://127.0.0.1:9' }, pullRequest(7))
  assert.equal(done.code, 0, done.log)
  assert.match(lines(done.log).join(), /no comment, because GitHub answered/)
})

test('without a pull request nothing is asked of GitHub', async () => {
  for (const event of [{ ref: 'refs/heads/main' }, { merge_group: { head_sha: 'c'.repeat(40) } }, { inputs: {} }]) {
    const done = await run(repository(broken), { token: 't' }, { GITHUB_API_URL: github.url }, event)
    assert.equal(done.code, 1)
    assert.match(done.summary, /will not come up/)
  }
  assert.deepEqual(github.requests, [])
})

test('the process ends soon after its last request', async () => {
  const done = await check(repository(broken))
  assert.ok(done.milliseconds < 3000, `${done.milliseconds} ms`)
})

test('five hundred findings stay within the limit of a comment', async () => {
  const files = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`services/${'long-name-'.repeat(8)}${at}/railway.json`, broken['railway.json']]))
  const done = await check(repository(files))
  assert.equal(github.comments.length, 1, done.log)
  assert.ok((github.comments[0]?.body.length ?? 0) <= 65_536)
  assert.match(done.log, /\d+ more in the log and the summary/)
  const kinds = ['error', 'warning', 'notice'].map((kind) => commands(done.log).filter((line) => line.startsWith(`::${kind} file`)).length)
  assert.ok(Math.max(...kinds) === 10, kinds.join())
})
