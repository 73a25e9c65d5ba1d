// The file that `migrate` writes, run by Railway's own SDK, gives the settings of the old file: property by property.
// `PREFLIGHT_CONFIGS=<directory>` adds every `railway.toml` and `railway.json` below it, each as a repository of its own.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { before, test } from 'node:test'
import { pathToFileURL } from 'node:url'

import { parse as parseToml } from 'smol-toml'

import { initSync, migrate } from '../wasm/checker.js'
import { folder } from './process.ts'

type Json = Record<string, any>

const modules = join(import.meta.dirname, '..', 'node_modules')
const types = readFileSync(join(modules, 'railway', 'dist', 'iac', 'index.d.ts'), 'utf8')
const declared = readFileSync(join(modules, 'railway', 'dist', /from '\.\.\/(.*)\.js'/.exec(types)![1] + '.d.ts'), 'utf8')
/** The settings that Railway's SDK declares, so that this test does not ask our own table. One is younger than the SDK. */
const known: Record<string, string[]> = {
  build: keys('BuildConfig'),
  deploy: [...keys('DeployConfig'), 'preDeployTimeoutSeconds'],
}
const WHOLE_NUMBERS = ['overlapSeconds', 'drainingSeconds', 'healthcheckTimeout', 'restartPolicyMaxRetries', 'numReplicas', 'preDeployTimeoutSeconds']

before(() => void initSync({ module: readFileSync(join(import.meta.dirname, '..', 'wasm', 'checker_bg.wasm')) }))

function keys(type: string): string[] {
  const body = new RegExp(`^type ${type} = \\{\\n(.*?)^\\};`, 'ms').exec(declared)![1]!
  return [...body.matchAll(/^ {4}(\w+)\?:/gm)].map(([, key]) => key!)
}

/** What Railway stores of one setting, from what the old file says. */
function stored(key: string, value: any): any {
  if (['builder', 'restartPolicyType', 'buildEnvironment'].includes(key) && typeof value === 'string') return value.trim().toUpperCase().replaceAll('-', '_')
  if (key === 'preDeployCommand' && typeof value === 'string') return [value]
  if (WHOLE_NUMBERS.includes(key) && /^\s*\d+\s*$/.test(String(value))) return Number(value)
  return value
}

/** A block's settings; null takes one back. */
function block(from: Json | undefined, section: string): Json {
  const given = Object.entries<any>(from?.[section] ?? {}).filter(([key]) => known[section]!.includes(key))
  return Object.fromEntries(given.map(([key, value]) => [key, stored(key, value)]))
}

/** The settings of `section` in `environment`, by the precedence that Railway documents for the old files. */
function effective(old: Json, section: string, environment: string): Json {
  const pull = /-pr-\d+$/.test(environment)
  const blocks = pull ? ['production', 'pr', environment] : [environment]
  const merged = [old, ...blocks.map((name) => old['environments']?.[name])].map((each) => block(each, section))
  return plain(Object.assign({}, ...merged))
}

/** Without nulls, as JSON has it. */
function plain(value: any): any {
  if (Array.isArray(value) || typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each != null).map(([key, each]) => [key, plain(each)]))
}

function host(files: Record<string, string>): object {
  return {
    entries: () => Object.entries(files).map(([path, text]) => `tf ${Buffer.byteLength(text)} ${path}`).join('\0'),
    read: (path: string, limit: number) => (path in files ? Buffer.from(files[path]!).subarray(0, limit) : undefined),
  }
}

function migrated(files: Record<string, string>): { text: string; notes: string[] } {
  return JSON.parse(migrate(host(files) as any, JSON.stringify({ today: '2026-11-25', project: 'shop', repository: 'acme/shop' })))
}

const place = folder()
symlinkSync(modules, join(place, 'node_modules'))
writeFileSync(join(place, 'package.json'), '{"type":"module"}')
let count = 0

function write(text: string): string {
  const path = join(place, String((count += 1)), '.railway', 'railway.ts')
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  return path
}

/** Runs the program in each environment; the services of the graph. */
async function graphs(text: string, environments: string[]): Promise<Json[][]> {
  const { createRailwayContext, project } = await import('railway/iac')
  const { default: program } = await import(pathToFileURL(write(text)).href)
  const results: Json[][] = []
  for (const environment of environments) results.push((await program(createRailwayContext({ environment }), project)).resources)
  return results
}

/** Compares every property of every environment; how many there were. */
async function compare(name: string, text: string): Promise<number> {
  const old: Json = name.endsWith('.json') ? JSON.parse(text) : parseToml(text)
  const { text: program, notes } = migrated({ [name]: text })
  const named = Object.keys(old['environments'] ?? {}).filter((each) => each !== 'pr')
  const environments = [...new Set(['production', 'elsewhere', 'shop-pr-7', ...named])]
  const expected = environments.map((environment) => ['build', 'deploy'].map((section) => effective(old, section, environment)))
  const settings = expected.flat().reduce((sum, each) => sum + Object.keys(each).length, 0)
  if (program === '') {
    assert.equal(settings, 0, `${text}\n${notes}`)
    return 0
  }
  for (const [at, [service, ...more]] of (await graphs(program, environments)).entries()) {
    assert.deepEqual(more, [])
    const [build, deploy] = expected[at]!
    assert.deepEqual(plain(JSON.parse(JSON.stringify({ build: service!['build'] ?? {}, deploy: service!['deploy'] ?? {} }))), { build, deploy }, `${environments[at]}\n${text}\n${program}`)
  }
  return settings
}

const everything: [string, string][] = [
  ['railway.toml', '# Top.\n[build]\nbuilder = "nixpacks"\nbuildCommand = "make # all"\nwatchPatterns = [\n  "src/**", # code\n  "x#y",\n]\n[deploy]\nstartCommand = """\nnode a.js \\\n  --x"""\nnumReplicas = 2\nregion = "us-west2"\nrestartPolicyType = "on_failure"\nsleepApplication = false\nlimitOverride = { containers = { cpu = 1.5, memoryBytes = 2147483648 } }\n[environments.staging.deploy]\nnumReplicas = 1\n# last\n'],
  ['railway.json', JSON.stringify({ $schema: 'https://railway.com/railway.schema.json', build: { builder: 'DOCKERFILE', dockerfilePath: 'a/Dockerfile', railpackVersion: '0.9.0', nixpacksPlan: { phases: { 'set up': { nixPkgs: ['a'] } }, __proto_: 1 } }, deploy: { startCommand: 'sh -c "exec a `b` ${PORT}"', preDeployCommand: ['a', "b's"], multiRegionConfig: { 'us-west2': { numReplicas: 2 }, 'europe-west4-drams3a': { numReplicas: 1, stackerAssignment: 'x' } }, healthcheckPath: '/h', healthcheckTimeout: '90', overlapSeconds: '60', drainingSeconds: '10', cronSchedule: '*/5 * * * *', requiredMountPath: '/data', registryCredentials: { username: 'u', password: 'p' }, ipv6EgressEnabled: true, runtime: 'V2', useLegacyStacker: false, restartPolicyMaxRetries: 3 }, environments: { pr: { deploy: { healthcheckPath: null, numReplicas: 1 } }, production: { deploy: { healthcheckTimeout: 30, restartPolicyType: 'ALWAYS' } }, 'shop-pr-7': { deploy: { startCommand: 'own' } } } })],
  ['railway.json', '{"deploy": {"healthcheckPath": "", "startCommand": "a", "startCommand": "b\\u2028\\u0000"}}'],
  ['railway.toml', '[deploy]\nstartCommand = \'C:\\x \'\nnumReplicas = 0x10\n'],
  ['railway.json', '{"build": {"builder": "RAILPACK"}, "deploy": {"multiRegionConfig": {"us-west2": {"numReplicas": null}}}}'],
]

test('the old file and the graph have the same settings in every environment', async () => {
  for (const [name, text] of everything) assert.ok((await compare(name, text)) > 0, text)
})

test('the fixtures use every setting that a config file can hold', () => {
  const used = everything.map(([, text]) => text).join('')
  const unused = [...known['build']!, ...known['deploy']!].filter((key) => !used.includes(key) && !/^nixpacks|^buildEnvironment|^preDeployTimeout/.test(key))
  assert.deepEqual(unused, [])
})

test("Railway's own way of running the file accepts it", () => {
  const path = write(migrated({ 'railway.toml': everything[0]![1] }).text)
  const script = `const mod = await import(${JSON.stringify(pathToFileURL(path).href)}); const sdk = await import('railway/iac'); const graph = await mod.default(sdk.createRailwayContext({ environment: 'staging' }), sdk.project); process.stdout.write(JSON.stringify({ partial: mod.partial, graph }))`
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--experimental-strip-types', '--input-type=module', '-e', script], { cwd: dirname(path), encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  const { partial, graph } = JSON.parse(stdout)
  assert.equal(partial, 'shop')
  assert.equal(graph.resources[0].deploy.numReplicas, 1)
  assert.deepEqual(graph.resources[0].source, { type: 'github', repo: 'acme/shop', branch: 'main' })
})

test('a command line that does not name the environment is stopped, not misled', async () => {
  const { default: program } = await import(pathToFileURL(write(migrated({ 'railway.toml': everything[0]![1] }).text)).href)
  assert.throws(() => program({}), /upgrade it/)
})

test('config files of others keep every setting', { skip: process.env['PREFLIGHT_CONFIGS'] ? false : 'PREFLIGHT_CONFIGS is not set' }, async () => {
  const root = process.env['PREFLIGHT_CONFIGS']!
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => /(^|\/)railway\.(toml|json)$/.test(path))
  const figures = { files: 0, settings: 0, unparsable: 0 }
  for (const path of files.sort()) {
    const text = readFileSync(join(root, path), 'utf8')
    try {
      void (path.endsWith('.json') ? JSON.parse(text) : parseToml(text))
    } catch {
      figures.unparsable += 1
      assert.equal(migrated({ [basename(path)]: text }).text, '', path)
      continue
    }
    figures.settings += await compare(basename(path), text).catch((error) => assert.fail(`${path}: ${error.message}`))
    figures.files += 1
  }
  console.log(JSON.stringify(figures))
  assert.ok(figures.files >= 60)
})
