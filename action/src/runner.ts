// What the runner is told: log lines, annotations, summary, outputs.
import { appendFileSync, mkdtempSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Annotation, Outcome } from './checker.ts'
import type { Env } from './context.ts'
import * as commands from './workflow-commands.ts'

/** A step's summary may hold 1 MiB. */
const SUMMARY_LIMIT = 1024 * 1024

const write = (text: string): void => void process.stdout.write(text)

/** One line of ours; what it quotes may come from anyone. */
export const line = (text: string): void => untrusted(commands.visible(text).replaceAll('\n', ' '))

/** Text that may hold anything. */
export const untrusted = (text: string): void => write(commands.inert(text))

/** Keeps `secret` out of the log. */
export function mask(secret: string): void {
  if (secret !== '') write(commands.mask(secret))
}

/** The step failed for a reason that is not a finding. */
export function fault(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error)
  write(commands.error(error instanceof Error && error.name === 'InputError' ? `Preflight: ${message}` : `Preflight could not finish: ${message}`))
}

/** An error that is a finding of ours, without a place. */
export const problem = (message: string): void => write(commands.error(`Preflight: ${message}`))

/** Writes the most important annotations of each kind; says how many are not shown. */
export function annotate(annotations: Annotation[], prefix: string): void {
  const { text, hidden } = commands.annotations(annotations, prefix)
  write(text)
  if (hidden > 0) line(`Preflight: ${hidden} more in the log and the summary; GitHub shows ${commands.SHOWN} annotations of a kind.`)
}

/** Appends to the job summary, unless it would go over GitHub's limit. */
export function summarize(env: Env, markdown: string): void {
  const path = env['GITHUB_STEP_SUMMARY']
  if (!path) return
  const used = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  if (used + Buffer.byteLength(markdown) + 1 > SUMMARY_LIMIT) return line('Preflight: the job summary is full; the report is in the log.')
  appendFileSync(path, `${markdown}\n`)
}

/** Writes the report to new files; the outputs that name and sum it up. */
export function report(temp: string, outcome: Outcome): Record<string, string> {
  const folder = mkdtempSync(join(temp, 'preflight-'))
  const report = join(folder, 'report.json')
  writeFileSync(report, `${JSON.stringify(outcome.report, null, 2)}\n`)
  const summary = join(folder, 'report.md')
  writeFileSync(summary, outcome.summary)
  const sarif = outcome.sarif === null ? '' : join(folder, 'report.sarif')
  if (outcome.sarif !== null) writeFileSync(sarif, outcome.sarif)
  const proof = outcome.html === null ? '' : join(folder, 'proof.html')
  if (outcome.html !== null) writeFileSync(proof, outcome.html)
  const { verdict, counts } = outcome.report
  return { verdict, errors: String(counts.error), warnings: String(counts.warning), notes: String(counts.note), report, summary, sarif, proof }
}

/** Writes the audit to a new file; its path. */
export function auditFile(temp: string, document: unknown): string {
  const path = join(mkdtempSync(join(temp, 'preflight-')), 'audit.json')
  writeFileSync(path, `${JSON.stringify(document, null, 2)}\n`)
  return path
}

/** Remembers a value for the step that runs after the job. */
export function state(env: Env, name: string, value: string): void {
  const path = env['GITHUB_STATE']
  if (path) appendFileSync(path, commands.output(name, value))
}

/** A folded part of the log whose lines may hold anything. */
export function group(title: string): { line: (text: string) => void; end: () => void } {
  const { begin, end } = commands.stopped()
  write(`::group::${commands.visible(title).replaceAll('\n', ' ')}\n${begin}`)
  return { line: (text) => write(`${commands.visible(text).replaceAll('\n', ' ')}\n`), end: () => write(`${end}::endgroup::\n`) }
}

/** Sets outputs of the step. */
export function output(env: Env, values: Record<string, string>): void {
  const path = env['GITHUB_OUTPUT']
  if (path) appendFileSync(path, Object.entries(values).map(([name, value]) => commands.output(name, value)).join(''))
}
