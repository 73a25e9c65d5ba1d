// The order of effects. Every judgement and every word of the report comes from the checker.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { check, type Outcome } from './checker.js'
import { context, type Context } from './context.js'
import { InputError, inputs, type Inputs } from './inputs.js'
import { snapshot } from './snapshot.js'
import * as runner from './runner.js'

type Env = Record<string, string | undefined>

/** Runs the action; resolves to the exit code. */
export async function run(env: Env): Promise<number> {
  try {
    const given = inputs(env)
    if (given.token) runner.mask(given.token)
    const at = context(env, given)
    if (given.mode === 'comment') return await companion(given, at)
    const outcome = check(await snapshot(at.root), options(given, at))
    runner.untrusted(outcome.text)
    runner.annotate(outcome.annotations, at.prefix)
    runner.summarize(env, outcome.summary)
    runner.output(env, outputs(outcome, at))
    await comment(given, at, outcome)
    return outcome.failed ? 1 : 0
  } catch (error) {
    runner.fault(error instanceof InputError ? error.message : `Preflight failed: ${String(error)}`)
    return 2
  }
}

function options(given: Inputs, at: Context) {
  return {
    today: new Date().toISOString().slice(0, 10),
    trigger: given.trigger,
    fail_on: given.failOn,
    config: given.config,
    comment_limit: 65_000,
    summary_limit: 1_000_000,
    link_base: at.linkBase,
    rules_base: at.rulesBase,
  }
}

/** Writes the report to files, for later steps and for the companion workflow of pull requests from forks. */
function outputs(outcome: Outcome, at: Context): Record<string, string> {
  const folder = join(at.temp, 'preflight')
  mkdirSync(folder, { recursive: true })
  const report = join(folder, 'report.json')
  writeFileSync(report, `${JSON.stringify(outcome.report, null, 2)}\n`)
  const summary = join(folder, 'report.md')
  writeFileSync(summary, outcome.summary)
  const { error, warning, note } = outcome.report.counts
  return {
    verdict: outcome.report.verdict,
    errors: String(error),
    warnings: String(warning),
    notes: String(note),
    report,
    summary,
  }
}

async function comment(given: Inputs, at: Context, outcome: Outcome): Promise<void> {
  if (given.comment === 'never' || at.pull === undefined) return
  if (!given.token) return runner.line('Preflight: no token, so no comment; the report is in the summary.')
  const { post } = await import('./github.js')
  const quiet = ['clear', 'nothing-to-check'].includes(outcome.report.verdict) && given.comment === 'auto'
  runner.line(await post(at, given.token, at.pull, outcome.comment, quiet))
}

/** Posts the report that an unprivileged run left behind: everything in it is treated as hostile. */
async function companion(given: Inputs, at: Context): Promise<number> {
  const { companionPull, post } = await import('./github.js')
  const { readReport } = await import('./companion.js')
  const pull = await companionPull(at, given.token)
  if (pull === undefined) {
    runner.line('Preflight: the run belongs to no open pull request, so there is nothing to post.')
    return 0
  }
  const body = readReport(given.report, options(given, at))
  runner.line(await post(at, given.token, pull, body.comment, body.quiet))
  return 0
}
