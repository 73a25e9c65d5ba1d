// The report of an unprivileged run: bounded, validated by the checker, rendered anew.
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'

import { render } from './checker.js'
import { InputError } from './inputs.js'

/** Largest report that is read: 1 MiB. */
const LIMIT = 1024 * 1024

/** Reads the report at `path` and renders it; nothing in it is taken for more than text. */
export function readReport(path: string, options: object): { comment: string; quiet: boolean } {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (error) {
    throw new InputError(`Preflight: cannot read the report: ${(error as Error).message}`)
  }
  try {
    const size = fstatSync(file).size
    if (size > LIMIT) throw new InputError(`Preflight: the report has ${size} bytes, and at most ${LIMIT} are read`)
    const { comment, verdict } = render(readFileSync(file, 'utf8'), options)
    return { comment, quiet: verdict === 'clear' || verdict === 'nothing-to-check' }
  } finally {
    closeSync(file)
  }
}
