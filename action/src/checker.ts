// The checker: a wasm module, loaded once. `ARCHITECTURE.md` describes its door.
import { readFileSync } from 'node:fs'

import type { Plan } from './plan.ts'
import { check as wasmCheck, initSync, plan as wasmPlan, render as wasmRender } from '../wasm/checker.js'

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
