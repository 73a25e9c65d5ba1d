// The runner's channel: log lines, annotations, summary, outputs. Untrusted text never becomes a command.
import { randomUUID } from 'node:crypto'
import { appendFileSync, statSync } from 'node:fs'

import type { Annotation } from './checker.js'

type Env = Record<string, string | undefined>

/** GitHub shows ten annotations of a kind for a step. */
const SHOWN = 10
/** A step's summary may hold 1 MiB. */
const SUMMARY_LIMIT = 1024 * 1024

const write = (text: string): void => void process.stdout.write(text)

/** Text of a command: its end cannot be forged. */
const data = (text: string): string => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')

/** One line of ours. */
export function line(text: string): void {
  untrusted(`${text}\n`)
}

/** Text that may hold anything: the runner reads no command in it. */
export function untrusted(text: string): void {
  const token = randomUUID()
  write(`::stop-commands::${token}\n${text.endsWith('\n') ? text : `${text}\n`}::${token}::\n`)
}

/** Keeps `secret` out of every log line that follows. */
export function mask(secret: string): void {
  write(`::add-mask::${data(secret)}\n`)
}

/** The step failed for a reason that is not a finding. */
export function fault(message: string): void {
  write(`::error title=Preflight::${data(message)}\n`)
}

/** Writes the most important annotations of each kind; says how many are not shown. */
export function annotate(annotations: Annotation[], prefix: string): void {
  const counts = new Map<string, number>()
  let hidden = 0
  for (const each of annotations) {
    const count = (counts.get(each.level) ?? 0) + 1
    counts.set(each.level, count)
    if (count > SHOWN) {
      hidden += 1
      continue
    }
    const properties = [
      `file=${property(prefix + each.path)}`,
      `line=${each.line}`,
      `endLine=${each.end_line}`,
      `col=${each.column}`,
      `endColumn=${each.end_column}`,
      `title=${property(each.title)}`,
    ]
    write(`::${each.level} ${properties.join(',')}::${data(each.message)}\n`)
  }
  if (hidden > 0) line(`Preflight: ${hidden} more in the summary; GitHub shows ${SHOWN} annotations of a kind.`)
}

/** Appends to the job summary, unless it would go over GitHub's limit. */
export function summarize(env: Env, markdown: string): void {
  const path = env['GITHUB_STEP_SUMMARY']
  if (!path) return
  const used = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  if (used + Buffer.byteLength(markdown) + 1 > SUMMARY_LIMIT) return line('Preflight: the job summary is full; the report is in the log.')
  appendFileSync(path, `${markdown}\n`)
}

/** Sets the step's outputs; the delimiter cannot be guessed by a value. */
export function output(env: Env, values: Record<string, string>): void {
  const path = env['GITHUB_OUTPUT']
  if (!path) return
  for (const [name, value] of Object.entries(values)) {
    const delimiter = `preflight-${randomUUID()}`
    appendFileSync(path, `${name}<<${delimiter}\n${value}\n${delimiter}\n`)
  }
}
