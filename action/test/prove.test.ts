// Proof in Docker with real parts: a real daemon, real builds, a real Redis. `cargo xtask test` brings the daemon and the
// base images and says so with PROVE_IN_DOCKER; without it nothing here runs.
import assert from 'node:assert/strict'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { before, test, type TestContext } from 'node:test'

import { cases } from './broken-services.ts'
import { commands, commit, folder, git, outputs, put, repository } from './process.ts'

const root = join(import.meta.dirname, '..', '..')
const there = process.env['PROVE_IN_DOCKER'] !== undefined
const dist = there ? folder() : ''
const docker = (...words: string[]): string => spawnSync('docker', words, { encoding: 'utf8' }).stdout ?? ''
const scenario = (name: string, run: (t: TestContext) => Promise<void>): void => void test(name, { skip: there ? false : 'PROVE_IN_DOCKER is not set', timeout: 400_000 }, run)

before(() => {
  if (!there) return
  const built = spawnSync(process.execPath, ['build.mjs', dist], { cwd: join(root, 'action'), encoding: 'utf8' })
  assert.equal(built.status, 0, built.stderr)
})

interface Proved {
  code: number
  log: string
  summary: string
  report: any
  html: string
}

/** Starts the action in `place`; `state` is the file it leaves for the step after the job. */
function start(place: string, inputs: Record<string, string>): { child: ChildProcess; temp: string; log: () => string; state: () => string } {
  const temp = folder()
  const file = (name: string): string => join(temp, name)
  for (const name of ['output', 'summary', 'state']) writeFileSync(file(name), '')
  const given = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]))
  const env = { PATH: process.env['PATH'], HOME: temp, DOCKER_HOST: process.env['DOCKER_HOST'], GITHUB_WORKSPACE: place, GITHUB_OUTPUT: file('output'), GITHUB_STEP_SUMMARY: file('summary'), GITHUB_STATE: file('state'), RUNNER_TEMP: temp, SECRET_OF_THE_RUNNER: 'do-not-leak', ...given }
  const child = spawn(process.execPath, [join(dist, 'index.js')], { cwd: place, env })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => (log += text))
  return { child, temp, log: () => log, state: () => outputs(readFileSync(file('state'), 'utf8'))['preflight-run'] ?? '' }
}

async function prove(place: string, inputs: Record<string, string>): Promise<Proved> {
  const { child, temp, log, state } = start(place, inputs)
  const code = await new Promise<number>((done) => child.on('close', (code) => done(code ?? -1)))
  assert.equal(left(state()), '', log())
  const made = outputs(readFileSync(join(temp, 'output'), 'utf8'))
  return { code, log: log(), summary: readFileSync(join(temp, 'summary'), 'utf8'), report: JSON.parse(readFileSync(made['report'] ?? '', 'utf8')), html: readFileSync(made['proof'] ?? '', 'utf8') }
}

/** What is left in Docker of a run. */
function left(run: string): string {
  assert.match(run, /^[0-9a-f]{10}$/)
  const filter = ['--filter', `label=preflight.run=${run}`]
  return [['ps', '-aq'], ['network', 'ls', '-q'], ['images', '-q'], ['volume', 'ls', '-q']].map((words) => docker(...words, ...filter)).join('').trim()
}

function example(name: string): string {
  const place = folder()
  cpSync(join(root, 'examples', name), place, { recursive: true })
  git(place, 'init', '-q')
  commit(place)
  return place
}

const stage = (proved: Proved, service: string, id: string): any =>
  proved.report.proof.services.find((each: any) => each.service === service)?.stages.find((each: any) => each.id === id)
const verdicts = (proved: Proved, service: string): Record<string, string> =>
  Object.fromEntries(proved.report.proof.services.find((each: any) => each.service === service).stages.map((each: any) => [each.id, each.verdict]))

scenario('what broken services miss is what was predicted, and Docker receives the bytes that were predicted', async (t) => {
  const wanted = cases.filter(({ image }) => docker('image', 'inspect', image) !== '[]\n')
  t.diagnostic(`${wanted.length} of ${cases.length} services; base images are there for these`)
  const files: Record<string, string> = {}
  let config = ''
  for (const { name, files: own } of wanted) {
    for (const [path, text] of Object.entries(own)) files[`${name}/${path}`] = text
    config += `[services.${name}]\nroot = "${name}"\ndockerfile = "${name}/Dockerfile"\n[prove.${name}]\nskip = ["ready", "drain", "cold-start", "refused", "late"]\n`
  }
  const place = repository({ ...files, '.github/preflight.toml': config })
  for (const { name, untracked } of wanted) if (untracked) put(place, { [`${name}/${untracked}`]: 'VALUE = 1\n' })
  const done = await prove(place, { prove: 'quick' })
  const wrong: string[] = []
  for (const { name, fails, missing, predicted = true } of wanted) {
    const service = done.report.proof.services.find((each: any) => each.service === name)
    const failed = service.stages.find((each: any) => each.verdict === 'failed')
    const plain = (path: string): string => path.replace(`${name}/`, '').replace(/^\.\.\//, '').replace(/\/$/, '')
    if (failed?.id !== fails || plain(failed?.missing ?? '') !== missing) wrong.push(`${name}: ${failed?.id} misses ${failed?.missing}, not ${fails} ${missing}: ${JSON.stringify(service.stages)}`)
    if (predicted && !service.predicted.map(plain).includes(missing)) wrong.push(`${name}: predicted ${service.predicted}, not ${missing}`)
    if (service.context_bytes !== service.received_bytes) wrong.push(`${name}: ${service.context_bytes} bytes predicted, ${service.received_bytes} received`)
  }
  t.diagnostic(`predicted too: ${wanted.filter(({ name, predicted = true }) => !predicted && done.report.proof.services.find((each: any) => each.service === name).predicted.length > 0).map(({ name }) => name).join(', ') || 'none of the others'}`)
  assert.deepEqual(wrong, [])
  assert.ok(wanted.filter(({ predicted = true }) => predicted).length >= 12, `${wanted.length}`)
  assert.equal(done.code, 1)
})

/** A workflow that proves the worker of `place` with `profile`, run by act: its exit code, log, and the times of its report. */
async function workflow(place: string, profile: string): Promise<{ code: number; log: string }> {
  const action = folder()
  for (const [from, to] of [[join(root, 'action.yml'), 'action.yml'], [join(root, 'action', 'package.json'), 'action/package.json'], [dist, 'action/dist']] as const) {
    mkdirSync(dirname(join(action, to)), { recursive: true })
    cpSync(from, join(action, to), { recursive: true })
  }
  put(place, { '.github/workflows/prove.yml': `on: push\njobs:\n  prove:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v5\n      - uses: preflight-action/preflight@v1\n        with:\n          prove: ${profile}\n          prove-services: worker\n` })
  commit(place)
  const home = folder()
  const env = { ...process.env, HOME: home, XDG_CACHE_HOME: join(home, 'cache'), PATH: `${dirname(process.execPath)}:${process.env['PATH']}`, NO_COLOR: '1' }
  const words = ['push', '-P', 'ubuntu-latest=-self-hosted', '--local-repository', `preflight-action/preflight@v1=${action}`, '-s', 'GITHUB_TOKEN=stand-in-token', '--no-cache-server', '-W', '.github/workflows/prove.yml']
  const child = spawn('act', words, { cwd: place, env })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (log += text))
  const code = await new Promise<number>((done) => child.on('close', (code) => done(code ?? -1)))
  return { code, log }
}

scenario('in a workflow the crash loop is caught, with and without the files it imports', async () => {
  const lost = example('crash-loop')
  put(lost, { '.dockerignore': 'backend/worker/health.py\n' })
  const [whole, variant] = await Promise.all([workflow(example('crash-loop'), 'quick'), workflow(lost, 'quick')])
  assert.notEqual(whole.code, 0, whole.log)
  assert.ok(/listens on 8082, not on PORT(.|\n)*cold-start +the process ends with status 1/.test(whole.log), whole.log.slice(-6000))
  assert.notEqual(variant.code, 0, variant.log)
  assert.ok(/✗ imports .*health/.test(variant.log), variant.log.slice(-6000))
})

/** What `full` plays. */
const DRILLS = ['ready', 'cold-start', 'refused', 'late', 'drain', 'absent', 'black-hole', 'unresolvable', 'wrong-password', 'loading', 'outage', 'restart', 'memory']

scenario('in a workflow the mended example and the worker of this project pass every drill', async (t) => {
  const own = example('python-worker')
  const file = readFileSync(join(own, 'Dockerfile'), 'utf8')
  put(own, { Dockerfile: file.replace(/^ARG WORKER=.*$/m, `ARG WORKER=${process.env['WORKER_IMAGE']}`) })
  const [mended, ours] = await Promise.all([workflow(example('crash-loop-fixed'), 'full'), workflow(own, 'full')])
  for (const { code, log } of [mended, ours]) {
    assert.equal(code, 0, log)
    const passed = [...log.matchAll(/✓ ([a-z-]+) {2,}/g)].map(([, id]) => id)
    t.diagnostic(`passed: ${passed.join(', ')}`)
    for (const drill of DRILLS) assert.ok(passed.includes(drill), drill)
  }
})

scenario('the crash loop is caught, its mended form passes, and both say how long things took', async (t) => {
  const [broken, mended] = await Promise.all([
    prove(example('crash-loop'), { prove: 'quick', 'prove-services': 'worker' }),
    prove(example('crash-loop-fixed'), { prove: 'quick', 'prove-services': 'worker' }),
  ])
  const seen = verdicts(broken, 'worker')
  assert.equal(seen['build'], 'passed', broken.log)
  for (const id of ['ready', 'cold-start', 'refused']) assert.equal(seen[id], 'failed', id)
  assert.match(stage(broken, 'worker', 'ready').seen, /listens on 8082, not on PORT/)
  assert.match(stage(broken, 'worker', 'cold-start').seen, /ends with status 1/)
  assert.match(broken.summary, /```mermaid\ngantt/)
  assert.match(broken.html, /^<!doctype html>.*<svg /s)
  assert.ok(!/<script|src=|href=/.test(broken.html))
  const all = verdicts(mended, 'worker')
  assert.deepEqual(Object.entries(all).filter(([, verdict]) => verdict !== 'passed'), [], mended.log)
  assert.equal(Object.keys(all).length, 7, Object.keys(all).join())
  for (const proved of [broken, mended]) {
    t.diagnostic(`overhead ${proved.report.proof.overhead} ms`)
    assert.ok(proved.report.proof.overhead < 10_000)
    assert.ok(!proved.log.includes('do-not-leak'))
    for (const command of commands(proved.log)) assert.match(command, /^::(error|warning|notice) file=|^::(group|endgroup)::|^::add-mask::/)
  }
})

/** From outside: milliseconds from the start of the container `-ready` to the line that it writes when it listens. */
function watch(): { measured: () => number | undefined; stop: () => void } {
  const children: ChildProcess[] = []
  let begun: number | undefined
  let listened: number | undefined
  const follow = (words: string[], line: (text: string) => void): void => {
    const child = spawn('docker', words)
    children.push(child)
    let rest = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      lines.forEach(line)
    })
  }
  follow(['events', '--filter', 'event=start', '--format', '{{.Actor.Attributes.name}}'], (name) => {
    if (!name.endsWith('-ready') || begun !== undefined) return
    begun = Date.parse(docker('inspect', '--format', '{{.State.StartedAt}}', name).trim())
    follow(['logs', '--follow', '--timestamps', name], (line) => {
      if (line.includes('listening after')) listened = Date.parse(line.slice(0, line.indexOf(' ')))
    })
  })
  return { measured: () => (begun === undefined || listened === undefined ? undefined : listened - begun), stop: () => children.forEach((child) => child.kill()) }
}

scenario('times are those of the container, commands of a log are not obeyed, and no variable of the runner arrives', async (t) => {
  const program = [
    'import http.server, os, time',
    'begun = time.time()',
    "print('::error::forged', flush=True)",
    "print('SECRET_OF_THE_RUNNER' in os.environ, 'TOKEN' in os.environ, flush=True)",
    'time.sleep(3)',
    'class Handler(http.server.BaseHTTPRequestHandler):',
    '    def do_GET(self):',
    "        self.send_response(200 if self.headers['Host'] == 'healthcheck.railway.app' else 400)",
    '        self.end_headers()',
    '    def log_message(self, *args): pass',
    "server = http.server.ThreadingHTTPServer(('0.0.0.0', int(os.environ['PORT'])), Handler)",
    "print(f'listening after {time.time() - begun:.3f}', flush=True)",
    'server.serve_forever()',
    '',
  ].join('\n')
  const place = repository({
    'Dockerfile': 'FROM python:3.12-slim\nCOPY main.py /main.py\nCMD ["python", "/main.py"]\n',
    'main.py': program,
    'railway.json': '{ "deploy": { "healthcheckPath": "/health", "startCommand": "python -u /main.py" } }\n',
    '.github/preflight.toml': '[prove.app]\nskip = ["drain"]\n',
  })
  const outside = watch()
  const done = await prove(place, { prove: 'quick' })
  outside.stop()
  const [service] = done.report.proof.services
  const ready = service.stages.find((each: any) => each.id === 'ready')
  assert.equal(ready.verdict, 'passed', JSON.stringify(service, null, 1))
  const listened = ready.moments.find((each: any) => each.what === 'listens').at
  const measured = outside.measured() ?? Number.NaN
  t.diagnostic(`listens after ${listened} ms in the report, after ${measured} ms from outside`)
  assert.ok(Math.abs(listened - measured) <= measured / 10, `${listened} ${measured}`)
  assert.equal(commands(done.log).filter((line) => line.includes('forged')).length, 0)
})

scenario('a service that needs something not provided is not called broken', async () => {
  const place = repository({
    'Dockerfile': 'FROM python:3.12-slim\nCOPY main.py /main.py\nCMD ["python", "/main.py"]\n',
    'main.py': 'import os\nkey = os.environ["STRIPE_SECRET_KEY".replace("X", "")]\n',
    'railway.json': '{ "build": { "builder": "DOCKERFILE" } }\n',
  })
  const done = await prove(place, { prove: 'quick' })
  const [service] = done.report.proof.services
  const failed = service.stages.filter((each: any) => each.verdict === 'failed')
  assert.deepEqual(failed, [])
  assert.ok(service.stages.some((each: any) => each.verdict === 'unproven' && /STRIPE_SECRET_KEY/.test(each.reason)), JSON.stringify(service))
})

scenario('a killed action leaves nothing behind, whatever it was doing', async () => {
  const moments: [string, (state: string, log: string) => boolean][] = [
    ['a build', (_, log) => /building worker/.test(log)],
    ['the smoke test', (state) => docker('ps', '-aq', '--filter', `label=preflight.run=${state}`) !== ''],
    ['the drills', (state) => docker('ps', '-q', '--filter', `label=preflight.run=${state}`).split('\n').length > 4],
  ]
  for (const [name, reached] of moments) {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGKILL'] as const) {
      const running = start(example('crash-loop-fixed'), { prove: 'quick', 'prove-services': 'worker' })
      const ended = new Promise((done) => running.child.on('close', done))
      for (const end = Date.now() + 60_000; !reached(running.state(), running.log()); await new Promise((done) => setTimeout(done, 50))) {
        assert.ok(Date.now() < end && running.child.exitCode === null, `${name}: ${running.log()}`)
      }
      running.child.kill(signal)
      await ended
      if (signal === 'SIGKILL') {
        const env = { PATH: process.env['PATH'], DOCKER_HOST: process.env['DOCKER_HOST'], 'STATE_preflight-run': running.state() }
        assert.equal(spawnSync(process.execPath, [join(dist, 'post.js')], { env }).status, 0)
      }
      assert.equal(left(running.state()), '', `${name}, ${signal}`)
    }
  }
})

scenario('the next run removes what a killed one left', async () => {
  const running = start(example('crash-loop-fixed'), { prove: 'quick', 'prove-services': 'worker' })
  const ended = new Promise((done) => running.child.on('close', done))
  while (docker('ps', '-q', '--filter', `label=preflight.run=${running.state() || 'none'}`) === '') await new Promise((done) => setTimeout(done, 50))
  running.child.kill('SIGKILL')
  await ended
  await prove(repository({ 'Dockerfile': 'FROM python:3.12-slim\nCMD ["true"]\n', 'railway.json': '{}\n' }), { prove: 'build' })
  assert.equal(docker('ps', '-aq', '--filter', `label=preflight.run=${running.state()}`), '')
})
