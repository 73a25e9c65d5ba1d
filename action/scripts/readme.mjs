// The README's table of inputs and outputs, from action.yml. `--write` puts it between the markers, `--check` fails when it is not there.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

const root = join(import.meta.dirname, '..', '..')
const path = join(root, 'README.md')
const START = '<!-- action:start -->'
const END = '<!-- action:end -->'

/** The table as Markdown. */
export function table() {
  const { inputs, outputs } = parse(readFileSync(join(root, 'action.yml'), 'utf8'))
  const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ').trim()
  const given = Object.entries(inputs).map(([name, { description, default: value }]) => `| \`${name}\` | ${cell(description)} | ${value ? `\`${value}\`` : ''} |`)
  const made = Object.entries(outputs).map(([name, { description }]) => `| \`${name}\` | ${cell(description)} |`)
  return ['| Input | What it says | Default |', '|---|---|---|', ...given, '', '| Output | What it holds |', '|---|---|', ...made].join('\n')
}

/** `text` with the table between the markers; unchanged when it has none. */
export function inserted(text) {
  const [before, rest = ''] = text.split(START)
  const after = rest.split(END)[1]
  return after === undefined ? text : `${before}${START}\n\n${table()}\n\n${END}${after}`
}

if (process.argv[1] === import.meta.filename) {
  const kept = readFileSync(path, 'utf8')
  const fresh = inserted(kept)
  if (!kept.includes(START)) throw new Error(`README.md has no ${START}`)
  if (process.argv.includes('--write')) writeFileSync(path, fresh)
  else if (fresh !== kept) throw new Error('README.md differs from action.yml: run `node action/scripts/readme.mjs --write`')
}
