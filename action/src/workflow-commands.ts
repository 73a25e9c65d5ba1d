// The runner's command language, as text. Nothing that is put into a command can end it or begin another.
import { closeSync, openSync, readSync } from 'node:fs'

import type { Annotation } from './checker.ts'

/** GitHub shows ten annotations of a kind for a step. */
export const SHOWN = 10

const data = (text: string): string => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')

/** A word that nobody can guess. The system's own source, because loading node:crypto takes longer than all the rest here. */
function unguessable(): string {
  const bytes = Buffer.alloc(16)
  try {
    const source = openSync('/dev/urandom', 'r')
    const read = readSync(source, bytes)
    closeSync(source)
    if (read === bytes.length) return bytes.toString('hex')
  } catch {
    // Windows has no such file.
  }
  return process.getBuiltinModule('node:crypto').randomUUID()
}

/** Control characters as visible escapes, so that no terminal obeys them; line breaks stay. */
export const visible = (text: string): string =>
  text.replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu, (char) =>
    `\\u{${char.charCodeAt(0).toString(16)}}`)

/** Text that may hold anything, between lines that stop the runner from reading commands. */
export function inert(text: string): string {
  const token = unguessable()
  return `::stop-commands::${token}\n${text.endsWith('\n') ? text : `${text}\n`}::${token}::\n`
}

/** The lines between which the runner reads no command. */
export function stopped(): { begin: string; end: string } {
  const token = unguessable()
  return { begin: `::stop-commands::${token}\n`, end: `::${token}::\n` }
}

/** Keeps `secret` out of every log line that follows. */
export const mask = (secret: string): string => `::add-mask::${data(secret)}\n`

/** An annotation without a place. */
export const error = (message: string): string => `::error title=Preflight::${data(visible(message))}\n`

/** Annotations in the given order, ten of a kind at most; `hidden` counts the rest. `prefix` goes before each path. */
export function annotations(all: Annotation[], prefix: string): { text: string; hidden: number } {
  const counts = new Map<string, number>()
  const shown = all.filter(({ level }) => {
    const count = (counts.get(level) ?? 0) + 1
    counts.set(level, count)
    return count <= SHOWN
  })
  return { text: shown.map((each) => annotation(each, prefix)).join(''), hidden: all.length - shown.length }
}

function annotation(each: Annotation, prefix: string): string {
  const properties = [
    `file=${property(visible(prefix + each.path))}`,
    `line=${each.line}`,
    `endLine=${each.end_line}`,
    `col=${each.column}`,
    `endColumn=${each.end_column}`,
    `title=${property(each.title)}`,
  ]
  return `::${each.level} ${properties.join(',')}::${data(each.message)}\n`
}

/** One entry of the file that `GITHUB_OUTPUT` names; a value cannot guess the delimiter. */
export function output(name: string, value: string): string {
  const delimiter = `preflight-${unguessable()}`
  return `${name}<<${delimiter}\n${value}\n${delimiter}\n`
}
