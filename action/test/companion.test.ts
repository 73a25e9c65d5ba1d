// The companion workflow: the report of an unprivileged run is hostile until shown otherwise.
import assert from 'node:assert/strict'
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'

import { broken, folder, mended, repository, run, type Run } from './process.ts'
import { StandIn } from './stand-in.ts'

const SHA = 'd'.repeat(40)
const event = { workflow_run: { head_sha: SHA, head_branch: 'fix', head_repository: { owner: { login: 'fork' } } } }
let github: StandIn

beforeEach(async () => {
  github = await StandIn.start()
  github.pulls = [{ number: 12, head: 'fork:other', sha: SHA }, { number: 34, head: 'fork:fix', sha: SHA }]
})
afterEach(() => {
  github.stop()
  assert.deepEqual(github.violations, [])
})

async function reported(files: Record<string, string>): Promise<any> {
  const { outputs } = await run(repository(files), {})
  return JSON.parse(readFileSync(outputs['report'] ?? '', 'utf8'))
}

async function comment(report: unknown): Promise<Run> {
  const path = join(folder(), 'report.json')
  writeFileSync(path, typeof report === 'string' ? report : JSON.stringify(report))
  return await run(folder(), { mode: 'comment', token: 't', report: path }, { GITHUB_API_URL: github.url }, event)
}

test('the comment goes to the pull request that GitHub names, with links to its commit', async () => {
  const report = await reported(broken)
  const done = await comment({ ...report, pull_request: 1, number: 1 })
  assert.equal(done.code, 0, done.log)
  assert.deepEqual(github.comments.map(({ issue }) => issue), [34])
  assert.match(done.outputs['comment-url'] ?? '', /pull\/34#issuecomment/)
  assert.match(github.comments[0]?.body ?? '', new RegExp(`will not come up(.|\n)*o/r/blob/${SHA}/railway.json#L1`))
  await comment(await reported(mended))
  assert.equal(github.comments.length, 1)
  assert.match(github.comments[0]?.body ?? '', /✅/)
})

test('nothing is posted when the pull request has moved on or was closed', async () => {
  github.pulls = [{ number: 34, head: 'fork:fix', sha: 'e'.repeat(40) }]
  const done = await comment(await reported(broken))
  assert.equal(done.code, 0)
  assert.match(done.log, /no open pull request/)
  assert.equal(github.comments.length, 0)
})

test('what is not a report is refused', async () => {
  const report = await reported(broken)
  const large = JSON.stringify({ ...report, headline: 'x'.repeat(1024 * 1024) })
  const forged = { ...report, findings: [] }
  const unknown = { ...report, findings: [{ ...report.findings[0], rule: '</details>@team' }] }
  const changed = (change: object): object => ({ ...report, findings: report.findings.map((each: object) => ({ ...each, ...change })) })
  const shapes = [
    { ...report, schema_version: '2.0' },
    { ...report, findings: 'x' },
    { ...report, services: { length: 1 } },
    { ...report, findings: Array(100_000).fill(1) },
    changed({ severity: 'fine' }),
    changed({ line: -1 }),
    changed({ path: 7 }),
    '['.repeat(200_000),
  ]
  for (const wrong of ['', 'null', '[]', '{', '{"schema_version":"1.0"}', large, forged, unknown, ...shapes]) {
    const done = await comment(wrong)
    assert.equal(done.code, 2, String(JSON.stringify(wrong)).slice(0, 100))
    assert.match(done.log, /^::error title=Preflight::/m)
  }
  assert.equal(github.comments.length, 0)
})

test('a report behind a link is refused', async () => {
  const link = join(folder(), 'report.json')
  symlinkSync('/etc/passwd', link)
  const done = await run(folder(), { mode: 'comment', token: 't', report: link }, { GITHUB_API_URL: github.url }, event)
  assert.equal(done.code, 2)
  assert.ok(!done.log.includes('root:'))
})

test('markup in a forged report stays text', async () => {
  const report = await reported(broken)
  const evil = '</td></details><img src=x> @team [a](https://evil.example)'
  for (const finding of report.findings) Object.assign(finding, { message: evil, help: evil, path: evil, service: evil })
  const done = await comment(report)
  assert.equal(done.code, 0, done.log)
  const body = github.comments[0]?.body ?? ''
  for (const markup of ['<img', '@team', '](', 'https://evil']) assert.ok(!body.includes(markup), markup)
})
