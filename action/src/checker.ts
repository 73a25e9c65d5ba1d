// The checker: a wasm module, loaded once. `ARCHITECTURE.md` describes its door.
import { readFileSync } from 'node:fs'

import { check as wasmCheck, initSync, render as wasmRender } from '../wasm/checker.js'

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
  failed: boolean
}

let ready = false

function load(): void {
  if (ready) return
  initSync({ module: readFileSync(new URL('./checker_bg.wasm', import.meta.url)) })
  ready = true
}

/** Judges the files of `host`. Throws on a wrong configuration, with its file and line. */
export function check(host: Host, options: object): Outcome {
  load()
  return JSON.parse(wasmCheck(host, JSON.stringify(options))) as Outcome
}

/** Renders a comment from a report that comes from outside; throws when it is not one. */
export function render(document: string, options: object): { comment: string; verdict: Report['verdict'] } {
  load()
  return JSON.parse(wasmRender(document, JSON.stringify(options))) as { comment: string; verdict: Report['verdict'] }
}
