// Names and contents that a pull request brings along: the runner obeys none of them, and none leaves its place.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { marked } from 'marked'

import { broken, commands, commit, folder, pullRequest, put, repository, run } from './process.ts'
import { StandIn } from './stand-in.ts'

const names = [
  '::error title=x::y',
  'a\n::set-output name=verdict::clear',
  'b\r\n::add-mask::e',
  '</details><img src=x>',
  '@octocat',
  'c\u001b[31m\u001b]8;;https:~~e.vil\u0007',
  'd%0A::error::x',
  'e`|`f',
  '-rf',
  'g,h:i%25',
  '\u202egnp.exe',
]

/** Each name holds a configuration that fails, so that each is spoken of. */
const spread = Object.fromEntries(names.flatMap((name) => Object.entries(broken).map(([path, text]) => [`${name}/${path}`, text])))

/** Markdown as GitHub would render it, without code, where nothing is a mention. */
const prose = async (markdown: string): Promise<string> => (await marked.parse(markdown, { gfm: true })).replaceAll(/<(pre|code)\b.*?<\/\1>/gs, '')

/** Every fold that is opened outside code is closed outside code. */
async function balanced(markdown: string): Promise<void> {
  const html = await prose(markdown)
  assert.equal(html.split('<details>').length, html.split('</details>').length)
}

test('hostile directory names are reported and obeyed by nobody', async () => {
  const github = await StandIn.start()
  try {
    const done = await run(repository(spread), { token: 'secret-token' }, { GITHUB_API_URL: github.url }, pullRequest(7))
    assert.equal(done.code, 1, done.log)
    for (const line of commands(done.log)) assert.match(line, /^::(add-mask::secret-token$|(error|warning|notice) file=)/)
    const annotations = commands(done.log).filter((line) => line.startsWith('::error'))
    assert.equal(annotations.length, 10)
    for (const line of annotations) assert.match(line, /^::error file=[^:,]+,line=\d+,endLine=\d+,col=\d+,endColumn=\d+,title=[^:,]+::[^\r\n]*$/)
    assert.equal(done.outputs['verdict'], 'will-fail')
    for (const text of [github.comments[0]?.body ?? '', done.summary]) {
      assert.match(text, /will not come up/)
      assert.doesNotMatch(text, /[\u001b\u0007\u202e]/)
      assert.doesNotMatch(await prose(text), /(?<!\/)(@|&#64;)octocat|<img|^::/m)
      await balanced(text)
    }
    assert.doesNotMatch(done.log, /[\u001b\u0007\u202e]/)
    assert.deepEqual(github.violations, [])
  } finally {
    github.stop()
  }
})

test('hostile contents are quoted and obeyed by nobody', async () => {
  const evil = '::error::x </details> @octocat \u001b[31m ``` ::set-output name=verdict::clear'
  const root = repository({ ...broken, 'railway.json': JSON.stringify({ deploy: { startCommand: `${evil} && gunicorn app:app -b 0.0.0.0:$PORT`, [evil]: 1 } }), Procfile: `web: ${evil}\n` })
  const done = await run(root, {})
  for (const line of commands(done.log)) assert.match(line, /^::(error|warning|notice) file=/)
  assert.doesNotMatch(done.summary, /\u001b/)
  assert.doesNotMatch(await prose(done.summary), /(@|&#64;)octocat/)
  assert.doesNotMatch(done.log, /\u001b/)
  await balanced(done.summary)
})

test('links are listed and never followed, whether to files or in circles', async () => {
  const outside = folder()
  put(outside, { 'railway.json': broken['railway.json'], Dockerfile: broken['Dockerfile'] })
  const root = repository({ 'readme': 'x' })
  symlinkSync(join(outside, 'railway.json'), join(root, 'railway.json'))
  symlinkSync(join(outside, 'Dockerfile'), join(root, 'Dockerfile'))
  symlinkSync('.', join(root, 'circle'))
  commit(root)
  const done = await run(root, {})
  assert.doesNotMatch(done.log + done.summary, /gunicorn/)
})

test('pipes, unreadable directories and names that are no UTF-8 hold nothing up', async () => {
  const root = repository(broken)
  execFileSync('mkfifo', [join(root, 'railway.toml'), join(root, 'Procfile')])
  mkdirSync(join(root, 'locked'))
  chmodSync(join(root, 'locked'), 0)
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0xfe])]), 'x')
  const done = await run(root, {})
  assert.equal(done.code, 1, done.log)
  assert.equal(done.outputs['verdict'], 'will-fail')
})

test('a workspace without git, and one below a directory, are judged', async () => {
  const plain = folder()
  put(plain, broken)
  assert.equal((await run(plain, {})).outputs['verdict'], 'will-fail')
  const below = repository(Object.fromEntries(Object.entries(broken).map(([path, text]) => [`a b/${path}`, text])))
  const done = await run(below, { path: 'a b' })
  assert.ok(commands(done.log).some((line) => line.startsWith('::error file=a b/railway.json,')), done.log)
})

test('a path outside the workspace is refused', async () => {
  for (const path of ['..', '../x', '/etc']) {
    const done = await run(repository(broken), { path })
    assert.equal(done.code, 2)
    assert.match(done.log, /^::error title=Preflight::Preflight%3A input 'path'|^::error title=Preflight::Preflight: input 'path'/m)
  }
})

test('wrong inputs are named all at once', async () => {
  const done = await run(repository(broken), { mode: 'x', comment: 'y', 'fail-on': 'z', trigger: 'w', config: 'absent.toml' })
  assert.equal(done.code, 2)
  for (const name of ['mode', 'comment', 'fail-on', 'trigger', 'config']) assert.match(done.log, new RegExp(`input '${name}'`))
})

test('fail-on decides the exit code and nothing else', async () => {
  const done = await run(repository(broken), { 'fail-on': 'never' })
  assert.equal(done.code, 0)
  assert.equal(done.outputs['verdict'], 'will-fail')
})
