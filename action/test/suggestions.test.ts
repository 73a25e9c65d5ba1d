// Suggestions on the lines of a pull request, against the stand-in for GitHub.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, test } from 'node:test'

import { broken, commit, mended, pullRequest, put, repository, run, type Run } from './process.ts'
import { StandIn } from './stand-in.ts'

const MARKER = '<!-- preflight-suggestion -->'
const LINE = broken['railway.json'].trimEnd()
const files = { ...broken, Dockerfile: 'FROM python:3.13-slim\nVOLUME /data\nCOPY app.py .\nCMD ["python", "app.py"]\n' }
/** Patches that show every line of `files`, as a pull request that adds them has them. */
const shown = (which: Record<string, string>): StandIn['files'] =>
  Object.entries(which).map(([filename, text]) => {
    const lines = text.trimEnd().split('\n')
    return { filename, patch: `@@ -0,0 +1,${lines.length} @@\n${lines.map((line) => `+${line}`).join('\n')}` }
  })
let github: StandIn

beforeEach(async () => {
  github = await StandIn.start()
})
afterEach(() => github.stop())

const check = async (root: string, inputs: Record<string, string> = {}): Promise<Run> => {
  github.requests = []
  const done = await run(root, { token: 'secret-token', ...inputs }, { GITHUB_API_URL: github.url }, pullRequest(7))
  assert.deepEqual(github.violations, [])
  return done
}
const asked = (): boolean => github.requests.some((line) => line.includes('/pulls/'))
const writes = (): string[] => github.requests.filter((line) => !line.startsWith('GET')).map((line) => line.replace(/\?.*/, ''))

test('fixes on lines of the pull request become one review', async () => {
  github.files = shown(files)
  const done = await check(repository(files))
  assert.match(done.log, /made 2 suggestions/)
  assert.deepEqual(github.reviews.map(({ login, body }) => [login, body.includes(MARKER)]), [['github-actions[bot]', true]])
  const [deletion, command] = [...github.reviewComments].sort((one, other) => one.path.localeCompare(other.path))
  assert.equal(deletion?.path, 'Dockerfile')
  assert.equal(deletion?.line, 2)
  assert.match(deletion?.body ?? '', /\n```suggestion\n```\n/)
  assert.equal(command?.path, 'railway.json')
  assert.ok(command?.body.includes('\n```suggestion\n{ "deploy": { "startCommand": "sh -c \'exec gunicorn app:app --bind 0.0.0.0:$PORT\'" } }\n```\n'), command?.body)
})

test('what stands is not repeated, what is new is added to it, what no longer holds is taken back', async () => {
  const root = repository(files)
  github.files = shown(files)
  await check(root)
  await check(root)
  assert.deepEqual(writes(), [], 'a second run writes nothing')

  const more = { Dockerfile: files.Dockerfile.replace('VOLUME', 'RUN true\nVOLUME /more\nVOLUME') }
  put(root, more)
  commit(root)
  github.files = shown({ ...files, ...more })
  await check(root)
  assert.deepEqual(writes().filter((line) => line.includes('/pulls/')), ['POST /repos/o/r/pulls/7/comments'])
  assert.equal(github.reviews.length, 1, 'never a second review')
  assert.equal(github.reviewComments.length, 3)

  put(root, { ...mended, 'railway.json': '{}\n' })
  commit(root)
  const done = await check(root, { comment: 'always' })
  assert.match(done.log, /took back \d suggestions/)
  assert.equal(github.reviewComments.length, 0)
  put(root, files)
  commit(root)
  github.files = shown(files)
  await check(root)
  assert.equal(github.reviews.length, 1, 'never a second review, even when nothing was left of the first')
  assert.equal(github.reviewComments.length, 2)
})

test('a suggestion that somebody answered, or whose lines have changed, is left alone', async () => {
  const body = `old\n${MARKER}\n`
  const answered = github.addReviewComment({ pull: 7, login: 'github-actions[bot]', path: 'app.py', body, line: 1 })
  github.addReviewComment({ pull: 7, login: 'alice', path: 'app.py', body: 'thanks', line: 1, in_reply_to_id: answered })
  const outdated = github.addReviewComment({ pull: 7, login: 'github-actions[bot]', path: 'app.py', body })
  const gone = github.addReviewComment({ pull: 7, login: 'github-actions[bot]', path: 'app.py', body, line: 1 })
  const forged = github.addReviewComment({ pull: 7, login: 'mallory', path: 'app.py', body, line: 1 })
  await check(repository(mended))
  const left = github.reviewComments.map(({ id }) => id)
  assert.ok([answered, outdated, forged].every((id) => left.includes(id)))
  assert.ok(!left.includes(gone))
})

test('elsewhere the patch is in the comment and nothing is suggested', async () => {
  const merged = `@@ -1 +1 @@\n+${LINE.replace('gunicorn', 'uvicorn')}`
  for (const patch of [undefined, '@@ -10,1 +10,1 @@\n+x', merged]) {
    github.files = [{ filename: 'railway.json', ...(patch === undefined ? {} : { patch }) }, { filename: 'app.py', patch: '@@ -0,0 +1 @@\n+print(1)' }]
    const done = await check(repository(files))
    assert.equal(done.code, 1)
    assert.equal(github.reviewComments.length, 0, String(patch))
    assert.match(github.comments[0]?.body ?? '', /```diff\n--- a\/railway.json/)
  }
})

test('a suggestion may stand on lines around a change, but not on two hunks', async () => {
  const docker = ['FROM python:3.13-slim', ...Array(10).fill('RUN true'), 'VOLUME /data', 'CMD ["python", "app.py"]']
  const root = repository({ ...mended, Dockerfile: `${docker.join('\n')}\n` })
  github.files = [{ filename: 'Dockerfile', patch: '@@ -1,2 +1,2 @@\n FROM python:3.13-slim\n-RUN false\n+RUN true\n@@ -10,3 +10,4 @@ RUN true\n RUN true\n+RUN true\n VOLUME /data\n CMD ["python", "app.py"]\n\\ No newline at end of file' }]
  await check(root)
  assert.deepEqual(github.reviewComments.map(({ line, start_line }) => [line, start_line]), [[12, undefined]])
})

test('paths begin at the root of the repository, and two directories do not meet', async () => {
  const all = Object.fromEntries(['a', 'b-c'].flatMap((dir) => Object.entries(files).map(([path, text]) => [`${dir}/${path}`, text])))
  const root = repository(all)
  github.files = shown(all)
  for (const path of ['a', 'b-c', 'a']) await check(root, { path })
  assert.deepEqual(github.reviewComments.map(({ path }) => path).sort(), ['a/Dockerfile', 'a/railway.json', 'b-c/Dockerfile', 'b-c/railway.json'])
  assert.equal(github.reviews.length, 2)
})

test('the file is found on a later page, and no further page is asked for', async () => {
  github.files = [...Array.from({ length: 150 }, (_, at) => ({ filename: `f${at}`, patch: '' })), ...shown(files), ...Array.from({ length: 150 }, (_, at) => ({ filename: `g${at}`, patch: '' }))]
  await check(repository(files))
  assert.equal(github.reviewComments.length, 2)
  assert.equal(github.requests.filter((line) => line.includes('/files')).length, 2)
})

test('suggestions: never, comment: never and a read-only token make no request for them', async () => {
  github.files = shown(files)
  const root = repository(files)
  await check(root, { suggestions: 'never' })
  assert.ok(!asked())
  await check(root, { comment: 'never' })
  assert.deepEqual(github.requests, [])
  Object.assign(github, { comments: [] })
  github.behaviour.readOnly = true
  const done = await check(root)
  assert.ok(!asked())
  assert.equal(done.log.match(/may not comment/g)?.length, 1)
})

test('a refusal is said and fails nothing', async () => {
  github.files = shown({ ...files, 'railway.json': broken['railway.json'] })
  const root = repository(files)
  await check(root, { suggestions: 'never' })
  github.behaviour.readOnly = true
  const done = await check(root)
  assert.match(done.log, /no suggestions, because GitHub answered: Resource not accessible/)
  assert.equal(done.code, 1)
  assert.equal(done.outputs['verdict'], 'will-fail')
})

test('twenty suggestions are made at most; the rest is in the comment', async () => {
  const many = { ...mended, Dockerfile: `FROM alpine\n${Array.from({ length: 30 }, (_, at) => `VOLUME /v${at}\n`).join('')}CMD ["true"]\n` }
  github.files = shown(many)
  await check(repository(many))
  assert.equal(github.reviewComments.length, 20)
})

test('text of a file cannot leave its suggestion', async () => {
  const evil = { ...mended, Dockerfile: 'FROM alpine\nVOLUME /a /b\nCMD ["true"]\n', 'railway.json': '{ "deploy": { "startCommand": "gunicorn ```</details>@team<img src=x> --bind $PORT" } }\n' }
  github.files = shown(evil)
  await check(repository(evil))
  const comment = github.reviewComments.find(({ path }) => path === 'railway.json')
  assert.ok(comment, JSON.stringify(github.reviewComments))
  assert.match(comment.body, /\n(````+)suggestion\n[^\n]*```<\/details>@team[^\n]*\n\1\n/)
  const outside = comment.body.replace(/\n(````+)suggestion\n[^]*\n\1\n/, '\n')
  for (const markup of ['@team', '<img', '</details>', '```']) assert.ok(!outside.includes(markup), outside)
})

test('a SARIF log is written when it is asked for', async () => {
  const root = repository(Object.fromEntries(Object.entries(files).map(([path, text]) => [`a b/${path}`, text])))
  const without = await check(root, { path: 'a b' })
  assert.equal(without.outputs['sarif'], '')
  const { outputs } = await check(root, { path: 'a b', sarif: 'true' })
  const log = JSON.parse(readFileSync(outputs['sarif'] ?? '', 'utf8'))
  assert.equal(log.version, '2.1.0')
  assert.equal(log.runs[0].automationDetails.id, 'preflight/a%20b/')
  const places = log.runs[0].results.map((result: any) => result.locations[0].physicalLocation.artifactLocation.uri)
  assert.ok(places.includes('a%20b/railway.json'), places.join())
})
