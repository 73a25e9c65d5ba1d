// The workflow of a user, run by act: every event, one comment, a token that may only read.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'

import { broken, commit, folder, git, mended, put, repository } from './process.ts'
import { StandIn } from './stand-in.ts'

const top = join(import.meta.dirname, '..', '..')
const workflow = `
on: [pull_request, push, merge_group, workflow_dispatch]
permissions: { contents: read, pull-requests: write }
jobs:
  preflight:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v7
      - id: preflight
        uses: ./
      - if: always()
        env:
          VERDICT: \${{ steps.preflight.outputs.verdict }}
          COUNTS: \${{ steps.preflight.outputs.errors }}/\${{ steps.preflight.outputs.warnings }}/\${{ steps.preflight.outputs.notes }}
          REPORT: \${{ steps.preflight.outputs.report }}
          SUMMARY: \${{ steps.preflight.outputs.summary }}
          URL: \${{ steps.preflight.outputs.comment-url }}
        run: |
          echo "verdict=$VERDICT counts=$COUNTS url=$URL"
          node -e 'console.log("schema=" + JSON.parse(require("fs").readFileSync(process.env.REPORT, "utf8")).schema_version)'
          echo "summary-starts=$(head --bytes 60 "$SUMMARY" | tr '\\n' ' ')"
`

let github: StandIn
beforeEach(async () => {
  github = await StandIn.start()
})
afterEach(() => {
  github.stop()
  assert.deepEqual(github.violations, [])
})

/** A user's repository with the action beside it, as `uses: ./` wants. */
function project(files: Record<string, string>): string {
  const root = repository({ ...files, '.github/workflows/preflight.yml': workflow })
  cpSync(join(top, 'action.yml'), join(root, 'action.yml'))
  cpSync(join(top, 'action', 'dist'), join(root, 'action', 'dist'), { recursive: true })
  git(root, 'remote', 'add', 'origin', 'https://github.com/o/r.git')
  commit(root)
  return root
}

interface Job {
  code: number
  log: string
}

/** Runs the event through act on this machine. */
async function act(root: string, event: string, payload: object): Promise<Job> {
  const home = folder()
  const file = join(home, 'event.json')
  mkdirSync(join(home, '.config', 'act'), { recursive: true })
  for (const place of ['actrc', '.config/act/actrc']) {
    mkdirSync(dirname(join(home, place)), { recursive: true })
    writeFileSync(join(home, place), '')
  }
  writeFileSync(file, JSON.stringify(payload))
  const words = [event, '--eventpath', file, '--platform', 'ubuntu-latest=-self-hosted', '--env', `GITHUB_API_URL=${github.url}`, '--secret', 'GITHUB_TOKEN=secret-token', '--container-daemon-socket', '-']
  const child = spawn(actPath(), words, {
    cwd: root,
    env: { ...process.env, HOME: home, XDG_CACHE_HOME: join(home, 'cache'), XDG_CONFIG_HOME: join(home, '.config'), PATH: `${dirname(process.execPath)}:${process.env['PATH']}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (log += text))
  const code = await new Promise<number>((done) => child.on('close', (code) => done(code ?? -1)))
  return { code, log }
}

/** The real program, not the shim of a version manager, which needs the real home. */
function actPath(): string {
  const shim = spawnSync('pyenv', ['which', 'act'], { encoding: 'utf8' })
  return shim.status === 0 ? shim.stdout.trim() : 'act'
}

const pull = (files: { fork?: boolean } = {}): object => ({
  action: 'synchronize',
  number: 7,
  pull_request: {
    number: 7,
    head: { ref: 'topic', sha: 'b'.repeat(40), repo: { full_name: files.fork ? 'someone/r' : 'o/r', fork: files.fork ?? false } },
    base: { ref: 'main', sha: 'c'.repeat(40), repo: { full_name: 'o/r' } },
  },
})

test('a pull request gets one comment, which the second run updates and the mended repository turns into all clear', async () => {
  const root = project(broken)
  const first = await act(root, 'pull_request', pull())
  assert.notEqual(first.code, 0, first.log)
  assert.match(first.log, /::error file=railway.json|file=railway\.json|❗/)
  assert.match(first.log, /verdict=will-fail counts=\d+\/\d+\/\d+ url=https:\/\/github.com\/o\/r\/pull\/7#issuecomment-1/)
  assert.match(first.log, /schema=1\./)
  assert.equal(github.comments.length, 1, first.log)
  const body = github.comments[0]?.body

  put(root, { 'railway.json': `\n\n${broken['railway.json']}` })
  commit(root)
  await act(root, 'pull_request', pull())
  assert.equal(github.comments.length, 1)
  assert.notEqual(github.comments[0]?.body, body)

  git(root, 'rm', '-q', 'railway.json')
  put(root, mended)
  commit(root)
  const last = await act(root, 'pull_request', pull())
  assert.equal(last.code, 0, last.log)
  assert.equal(github.comments.length, 1)
  assert.match(last.log, /verdict=(clear|nothing-to-check)/)
  assert.doesNotMatch(github.comments[0]?.body ?? '', /will not come up/)
})

test('a pull request from a fork, whose token may only read, keeps its annotations and summary and gets one line', async () => {
  github.behaviour.readOnly = true
  const done = await act(project(broken), 'pull_request', pull({ fork: true }))
  assert.notEqual(done.code, 0)
  assert.equal(github.comments.length, 0)
  assert.equal(done.log.split('\n').filter((line) => line.includes('may not comment')).length, 1, done.log)
  assert.match(done.log, /verdict=will-fail/)
})

for (const [event, payload] of Object.entries({
  push: { ref: 'refs/heads/main', after: 'b'.repeat(40) },
  merge_group: { action: 'checks_requested', merge_group: { head_sha: 'b'.repeat(40), head_ref: 'refs/heads/gh-readonly-queue/main/x' } },
  workflow_dispatch: { inputs: {} },
})) {
  test(`${event} is judged without a word to GitHub`, async () => {
    const done = await act(project(broken), event, payload)
    assert.notEqual(done.code, 0, done.log)
    assert.match(done.log, /verdict=will-fail/)
    assert.deepEqual(github.requests, [])
  })
}
