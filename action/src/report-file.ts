// The report of an unprivileged run: a file that anyone may have written.
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'

import { InputError } from './inputs.ts'

/** Largest report that is read: 1 MiB. */
const LIMIT = 1024 * 1024

/** The text at `path`: a regular file of bounded size, not reached through a link. The checker validates it. */
export function readReport(path: string): string {
  let file: number
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    throw new InputError(`cannot read the report: ${(error as Error).message}`)
  }
  try {
    const stat = fstatSync(file)
    if (!stat.isFile()) throw new InputError('the report is not a regular file')
    if (stat.size > LIMIT) throw new InputError(`the report has ${stat.size} bytes, and at most ${LIMIT} are read`)
    return readFileSync(file, 'utf8')
  } finally {
    closeSync(file)
  }
}
