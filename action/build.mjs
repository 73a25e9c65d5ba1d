// Bundles src and wasm into dist: index.js starts fast, github.js is loaded only when there is something to post,
// prove.js when Docker is asked, railway.js when Railway is; post.js runs after the job.
import { build } from 'esbuild'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const out = process.argv[2] ?? join(here, 'dist')
const wasm = process.argv[3] ?? join(here, 'wasm')

rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })

/** What is imported on demand stays an import, of a bundle of its own. */
const second = {
  name: 'second-bundle',
  setup: ({ onResolve }) => onResolve({ filter: /^\.\/(github|prove|railway)\.ts$/ }, ({ kind, path }) => (kind === 'dynamic-import' ? { path: path.replace('.ts', '.js'), external: true } : undefined)),
}

const bundles = []
for (const name of ['index', 'github', 'prove', 'railway', 'post']) {
  const bundle = await build({
    absWorkingDir: here,
    entryPoints: [`src/${name}.ts`],
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    outfile: join(out, `${name}.js`),
    plugins: [second],
    minifySyntax: true,
    charset: 'utf8',
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  })
  bundles.push(bundle)
}

for (const file of ['checker_bg.wasm', 'checker.stamp']) copyFileSync(join(wasm, file), join(out, file))

// The licence of every package that is in a bundle.
const inputs = bundles.flatMap(({ metafile }) => Object.keys(metafile.inputs))
const packages = new Set(inputs.flatMap((input) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1] ?? []))
const licences = [...packages].sort().map((name) => {
  const folder = join(here, 'node_modules', name)
  const file = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'license'].map((file) => join(folder, file)).find(existsSync)
  if (file === undefined) throw new Error(`${name} has no licence text`)
  const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return `${name} ${version} (${license})\n\n${readFileSync(file, 'utf8').trim()}\n`
})
writeFileSync(join(out, 'licenses.txt'), licences.join(`\n${'-'.repeat(80)}\n\n`))
