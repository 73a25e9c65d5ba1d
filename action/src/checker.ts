// The checker: a wasm module, loaded once. `ARCHITECTURE.md` describes its door.
import { readFileSync } from 'node:fs'

import type { Plan } from './plan.ts'
import { audit as wasmAudit, check as wasmCheck, deployment as wasmDeployment, initSync, masked, migrate as wasmMigrate, plan as wasmPlan, render as wasmRender } from '../wasm/checker.js'

export { masked }

export interface Host {
  entries(): string
  read(path: string, limit: number): Uint8Array | undefined
}

export interface Annotation {
  level: 'error' | 'warning' | 'notice'
  title: string
  message: string
  path: string
  line: number
  end_line: number
  column: number
  end_column: number
}

/** A suggestion; `before` are the lines that must stand there. */
export interface Suggestion {
  path: string
  start_line: number
  line: number
  before: string[]
  body: string
}

export interface Review {
  body: string
  comments: Suggestion[]
}

export interface Report {
  verdict: 'will-fail' | 'at-risk' | 'clear' | 'nothing-to-check'
  headline: string
  counts: { error: number; warning: number; note: number }
  findings: { rule: string }[]
}

export interface Outcome {
  report: Report
  text: string
  comment: string
  summary: string
  annotations: Annotation[]
  review: Review
  sarif: string | null
  html: string | null
  failed: boolean
}

/** Compiles the module beside other work; `check` and `render` need it done. */
export async function load(): Promise<void> {
  initSync({ module: await WebAssembly.compile(readFileSync(new URL('./checker_bg.wasm', import.meta.url))) })
}

/** Judges the files of `host`. Throws on a wrong configuration, with its file and line. */
export function check(host: Host, options: object): Outcome {
  return JSON.parse(wasmCheck(host, JSON.stringify(options))) as Outcome
}

/** What is to be done in Docker, in words and as data, and by root directory the files that travel. */
export function plan(host: Host, options: object): { text: string; plan: Plan; files: Record<string, string[]> } {
  return JSON.parse(wasmPlan(host, JSON.stringify(options))) as { text: string; plan: Plan; files: Record<string, string[]> }
}

/** Renders a comment from a report that comes from outside; throws when it is not one. */
export function render(document: string, options: object): { comment: string; verdict: Report['verdict'] } {
  return JSON.parse(wasmRender(document, JSON.stringify(options))) as { comment: string; verdict: Report['verdict'] }
}

/** What the checker makes of a record of Railway. */
export interface Audit {
  audit: unknown
  text: string
  markdown: string
  failed: boolean
}

/** Judges what Railway holds (`railway/live.ts`) by the files of `host`. */
export function audit(host: Host, today: string, config: string | null, live: object): Audit {
  return JSON.parse(wasmAudit(host, today, config ?? undefined, JSON.stringify(live))) as Audit
}

/** Words for what became of a deployment (`railway/deploy.ts`). */
export function deployment(outcome: object, rulesBase: string): { headline: string; text: string; markdown: string; good: boolean } {
  return JSON.parse(wasmDeployment(JSON.stringify(outcome), rulesBase)) as ReturnType<typeof deployment>
}

/** What takes the place of the old config files, as a suggestion for a comment; empty when nothing does. */
export function migration(host: Host, options: { today: string; project: string; repository: string; variables: string[]; config: string | null }): string {
  return (JSON.parse(wasmMigrate(host, JSON.stringify(options))) as { markdown: string }).markdown
}
