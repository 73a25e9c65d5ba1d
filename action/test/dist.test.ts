// action/dist is what the sources give.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { dist, folder } from './process.ts'

const here = join(import.meta.dirname, '..')

test('a new bundle has the same bytes as the committed one', (t) => {
  if (!existsSync(join(here, 'wasm', 'checker.js'))) return t.skip('`cargo xtask wasm` has not run')
  const out = folder()
  const { status, stderr } = spawnSync(process.execPath, ['build.mjs', out], { cwd: here, encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  assert.deepEqual(readdirSync(dist).sort(), readdirSync(out).sort())
  // Toolchains differ in the bytes of the module; `cargo xtask dist --check` compares its sources by the stamp.
  for (const file of readdirSync(out).filter((name) => name !== 'checker_bg.wasm')) {
    assert.ok(readFileSync(join(out, file)).equals(readFileSync(join(dist, file))), `${file} is stale: run \`cargo xtask dist\``)
  }
})

test('the bundle names no place of the machine that built it', () => {
  for (const file of ['index.js', 'github.js', 'prove.js', 'railway.js', 'post.js']) assert.ok(!/\/(home|root|work|Users)\//.test(readFileSync(join(dist, file), 'utf8')), file)
  const wasm = readFileSync(join(dist, 'checker_bg.wasm')).toString('latin1')
  // What the rules say may hold `/home/` and `/Users/` themselves.
  assert.ok(!/\/(home|Users)\/[\w.]+\/(\.cargo|\.rustup|src|work|code|projects?|repos?)\/|\.cargo\/registry/.test(wasm), 'checker_bg.wasm')
})

test('the module stays within its budget', () => {
  assert.ok(readFileSync(join(dist, 'checker_bg.wasm')).length <= 4_000_000)
})

test('the lock file names no registry', () => {
  assert.ok(!readFileSync(join(here, 'package-lock.json'), 'utf8').includes('"resolved"'))
})
