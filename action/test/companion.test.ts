// The companion of pull requests from forks: its report is anyone's, its pull request is GitHub's word.
import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'

import { broken, commands, folder, pullRequest, repository, run, type Run } from './process.ts'
import { StandIn } from './stand-in.ts'

const SHA = 'b'.repeat(40)
const followed = { workflow_run: { head_sha: SHA, head_branch: 'topic', head_repository: { owner: { login: 'someone' } } } }
let github: StandIn

beforeEach(async () => {
  github = await StandIn.start()
  github.pulls = [
    { number: 3, head: 'other:topic', sha: SHA },
    { number: 9, head: 'someone:topic', sha: SHA },
  ]
})
afterEach(() => {
  github.stop()
  assert.deepEqual(github.violations, [])
})

/** What an unprivileged run leaves behind. */
async function honest(): Promise<Record<string, any>> {
  const done = await run(repository(broken), {}, {}, pullRequest(9))
  return JSON.parse(done.files['report'] ?? '') as Record<string, any>
}

function post(document: unknown, event: object = followed): Promise<Run> {
  const root = folder()
  const report = join(root, 'report.json')
  writeFileSync(report, typeof document === 'string' ? document : JSON.stringify(document))
  return run(root, { mode: 'comment', report, token: 'secret-token' }, { GITHUB_API_URL: github.url }, event)
}

test('the report of a fork is posted on the pull request that GitHub names', async () => {
  const done = await post(await honest())
  assert.equal(done.code, 0, done.log)
  assert.deepEqual(github.comments.map(({ issue }) => issue), [9])
  assert.match(github.comments[0]?.body ?? '', /will not come up/)
  assert.match(done.outputs['comment-url'] ?? '', /pull\/9#issuecomment/)
})

test('a run that a newer push has overtaken posts nothing', async () => {
  github.pulls = [{ number: 9, head: 'someone:topic', sha: 'f'.repeat(40) }]
  const done = await post(await honest())
  assert.equal(done.code, 0)
  assert.match(done.log, /no open pull request at this commit/)
  assert.deepEqual(github.comments, [])
})

test('an event without a run posts nothing', async () => {
  await post(await honest(), pullRequest(9) as object)
  assert.deepEqual(github.comments, [])
})

test('text of a report mentions nobody, loads nothing and stays in its place', async () => {
  const report = await honest()
  const evil = '@octocat #1 ![x](https://e.vil/x.png) <img src=https://e.vil> </details></table>\n\n# Approved\n| a | b |\n```\n::error::x <!-- preflight-report --> http://e.vil www.e.vil'
  for (const finding of report['findings']) Object.assign(finding, { message: evil, help: evil, path: evil, service: evil })
  for (const service of report['services']) Object.assign(service, { name: evil, path: evil })
  Object.assign(report, { headline: evil, first: evil })
  const done = await post(report)
  assert.equal(done.code, 0, done.log)
  const body = github.comments[0]?.body ?? ''
  assert.doesNotMatch(body, /@octocat|<img|<\/table|^# Approved|!\[x\]\(|^```$/m)
  assert.equal(body.split('<!-- preflight-report -->').length, 2)
  assert.equal(body.split('<details>').length, body.split('</details>').length)
  assert.deepEqual(commands(done.log).filter((line) => !line.startsWith('::add-mask::')), [])
})

const hostile: Record<string, (report: Record<string, any>) => unknown> = {
  'no JSON': () => '{',
  'a list': () => [],
  'null': () => 'null',
  'another version': (report) => ({ ...report, schema_version: '2.0' }),
  'no findings': ({ findings: _, ...rest }) => rest,
  'findings that are text': (report) => ({ ...report, findings: 'x' }),
  'a verdict that the findings contradict': (report) => ({ ...report, verdict: 'clear' }),
  'a rule that is not ours': (report) => ({ ...report, findings: report['findings'].map((each: object) => ({ ...each, rule: 'made-up' })) }),
  'a severity that is not one': (report) => ({ ...report, findings: report['findings'].map((each: object) => ({ ...each, severity: 'fine' })) }),
  'a negative line': (report) => ({ ...report, findings: report['findings'].map((each: object) => ({ ...each, line: -1 })) }),
  'a hundred thousand findings': (report) => ({ ...report, findings: Array.from({ length: 100_000 }, () => report['findings'][0]) }),
  'more than a megabyte': (report) => `${JSON.stringify(report)}${' '.repeat(1024 * 1024)}`,
  'a deep nest': () => '['.repeat(200_000),
}
test('a report of the wrong shape or size is refused, and nothing is posted', async (it) => {
  const report = await honest()
  for (const [name, change] of Object.entries(hostile)) {
    await it.test(name, async () => {
      const done = await post(change(report))
      assert.equal(done.code, 2, done.log)
      assert.deepEqual(github.comments, [])
      assert.equal(commands(done.log).filter((line) => line.startsWith('::error')).length, 1)
    })
  }
})

test('a link, a directory and an absent file are refused', async () => {
  const root = folder()
  mkdirSync(join(root, 'directory'))
  symlinkSync('/etc/hostname', join(root, 'link'))
  for (const name of ['directory', 'link', 'absent']) {
    const done = await run(root, { mode: 'comment', report: join(root, name), token: 't' }, { GITHUB_API_URL: github.url }, followed)
    assert.equal(done.code, 2, name)
  }
  assert.deepEqual(github.comments, [])
})
