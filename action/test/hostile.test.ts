// Text from anyone stays text: in the log, in annotations, in outputs, in the summary and in the comment.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { marked } from 'marked'

import { annotations, inert, output, visible } from '../src/workflow-commands.ts'
import { broken, commands, outputs, pullRequest, repository, run } from './process.ts'
import { StandIn } from './stand-in.ts'

const hostile = [
  '::error file=x::forged',
  '::add-mask::a',
  '##[error]forged',
  'x\n::error::forged\n',
  '</details>',
  '@team #1 https://evil.example',
  '`code` | **b** ![i](u)',
  '\u001b[31mred\u001b[0m',
  '<img src=x onerror=alert(1)>',
  '\u202eesrever',
]
const directories = hostile.map((name) => name.replaceAll('/', '\u2215'))

test('only our own annotations are commands, whatever files are called', async () => {
  const files = Object.fromEntries(directories.flatMap((name) => Object.entries(broken).map(([path, text]) => [`${name}/${path}`, text])))
  const github = await StandIn.start()
  github.files = Object.keys(files).map((filename) => ({ filename, patch: `@@ -0,0 +1 @@\n+${broken['railway.json'].trimEnd()}` }))
  const done = await run(repository(files), { token: 'secret', sarif: 'true' }, { GITHUB_API_URL: github.url }, pullRequest(1))
  github.stop()
  assert.deepEqual(github.violations, [])
  assert.equal(done.code, 1, done.log)
  for (const command of commands(done.log)) assert.match(command, /^::(add-mask::secret$|(error|warning|notice) file=[^:]*,line=\d+,endLine=\d+,col=\d+,endColumn=\d+,title=Preflight%3A [a-z-]+::)/)
  const suggestions = github.reviewComments.map(({ body }) => body)
  assert.equal(suggestions.length, directories.length, 'each directory has a fix on a line that is shown')
  const log = JSON.parse(readFileSync(done.outputs['sarif'] ?? '', 'utf8')) as { runs: { results: { message: { text: string } }[] }[] }
  const messages = log.runs.flatMap(({ results }) => results.map(({ message }) => message.text))
  for (const text of messages) assert.ok(!/@team|(?<!\\)[[\]]/.test(text), text)
  for (const text of [done.log, done.summary, github.comments[0]?.body ?? '', JSON.stringify(done.outputs), ...suggestions, ...messages]) {
    assert.ok(!text.includes('\u001b') && !text.includes('\u202e'), 'a control character came through')
  }
  for (const markdown of [done.summary, github.comments[0]?.body ?? '', ...suggestions]) inertMarkdown(markdown)
})

/** Nothing of a name becomes an element, a mention or a link. */
function inertMarkdown(markdown: string): void {
  const html = marked.parse(markdown, { async: false, gfm: true })
  assert.ok(!/<img|<b>|<strong>b|onerror=alert\(1\)>/.test(html), html.slice(0, 2000))
  assert.equal((html.match(/<details>/g) ?? []).length, (html.match(/<\/details>/g) ?? []).length)
  for (const [, address = ''] of html.matchAll(/href="([^"]*)"/g)) assert.match(address, /^https:\/\/github\.com\//)
  const prose = html.replaceAll(/<pre>.*?<\/pre>/gs, '')
  assert.ok(!/@team/.test(prose), 'a mention came through')
}

test('a value cannot end its output early', () => {
  const value = 'a\npreflight-0\nverdict<<x\nclear\nx'
  assert.deepEqual(outputs(output('one', value) + output('two', '')), { one: value, two: '' })
})

test('commands stay stopped around text that knows the language', () => {
  assert.deepEqual(commands(inert('::stop-commands::x\n::error::a\n::x::\n::error::b')), [])
})

test('properties and messages of an annotation are escaped', () => {
  const one = { level: 'error', title: 'a,b:c', message: '100%\nx', path: 'p,::q\r\n', line: 1, end_line: 1, column: 1, end_column: 1 } as const
  assert.equal(annotations([one], 'd/').text, '::error file=d/p%2C%3A%3Aq\\u{d}%0A,line=1,endLine=1,col=1,endColumn=1,title=a%2Cb%3Ac::100%25%0Ax\n')
})

test('ten annotations of a kind are shown, the first ones', () => {
  const one = { title: 't', message: 'm', path: 'p', line: 1, end_line: 1, column: 1, end_column: 1 }
  const many = [...Array(12)].map((_, at) => ({ ...one, level: 'error' as const, line: at + 1 }))
  const { text, hidden } = annotations([...many, { ...one, level: 'notice' }], '')
  assert.equal(hidden, 2)
  assert.equal(text.split('\n').length - 1, 11)
  assert.ok(text.includes('line=10,') && !text.includes('line=11,'))
})

test('control characters become visible', () => {
  assert.equal(visible('a\u001b[1m\u202e\n'), 'a\\u{1b}[1m\\u{202e}\n')
})

test('the fault of a wrong configuration is one escaped line', async () => {
  const done = await run(repository({ ...broken, '.github/preflight.toml': 'x = "\\n::error::forged"\n' }), {})
  assert.equal(done.code, 2)
  assert.equal(commands(done.log).length, 1)
  assert.match(done.log, /^::error title=Preflight::Preflight could not finish: .github\/preflight.toml:1:1/m)
})
