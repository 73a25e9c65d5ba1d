// Keeps the tables of inputs and outputs in README.md equal to action.yml: --write or --check.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { parse } from 'yaml'

const [START, END] = ['<!-- action:start -->', '<!-- action:end -->']
const top = join(import.meta.dirname, '..', '..')

/** The tables for an action's description. */
export function tables({ inputs, outputs }) {
  const cell = (text) => String(text).trim().replaceAll('|', '\\|').replaceAll(/\s+/g, ' ')
  const code = (text) => (text === '' ? '' : `\`${cell(text)}\``)
  const rows = (record, columns) => Object.entries(record).map(([name, each]) => `| ${columns(name, each).join(' | ')} |`)
  return [
    '| input | default | |',
    '|---|---|---|',
    ...rows(inputs, (name, { default: value = '', description }) => [code(name), code(value), cell(description)]),
    '',
    '| output | |',
    '|---|---|',
    ...rows(outputs, (name, { description }) => [code(name), cell(description)]),
  ].join('\n')
}

/** `text` with what stands between the markers replaced; throws without them. */
export function replaced(text, inner) {
  const [start, end] = [text.indexOf(START), text.indexOf(END)]
  if (start < 0 || end < start) throw new Error(`README.md has no ${START} … ${END}`)
  return `${text.slice(0, start + START.length)}\n${inner}\n${text.slice(end)}`
}

if (process.argv[1] === import.meta.filename) {
  const readme = join(top, 'README.md')
  const kept = readFileSync(readme, 'utf8')
  const fresh = replaced(kept, tables(parse(readFileSync(join(top, 'action.yml'), 'utf8'))))
  if (process.argv.includes('--write')) {
    writeFileSync(readme, fresh)
  } else if (process.argv.includes('--check')) {
    if (fresh !== kept) {
      console.error('README.md differs from action.yml: run `node action/scripts/readme.mjs --write`')
      process.exitCode = 1
    }
  } else {
    console.error('usage: readme.mjs --write | --check')
    process.exitCode = 2
  }
}
