// The order of effects. Every judgement and every word of the report comes from the checker.
import { check, load, plan, render, type Host, type Outcome, type Review } from './checker.ts'
import { context, type Context, type Env } from './context.ts'
import { inputs, type Inputs } from './inputs.ts'
import { readReport } from './report-file.ts'
import * as runner from './runner.ts'
import { snapshot } from './snapshot.ts'

/** Runs the action; resolves to the exit code: 0 passed, 1 findings at or above `fail-on`, 2 a fault. */
export async function run(env: Env): Promise<number> {
  try {
    const given = inputs(env)
    runner.mask(given.token)
    const at = context(env, given)
    return given.mode === 'comment' ? await companion(env, given, at) : await judge(env, given, at)
  } catch (error) {
    runner.fault(error)
    return 2
  }
}

async function judge(env: Env, given: Inputs, at: Context): Promise<number> {
  const [files] = await Promise.all([snapshot(at.root), load()])
  for (const warning of files.warnings) runner.line(`Preflight: not read: ${warning}`)
  const outcome = given.prove === 'off' ? check(files, options(given, at)) : await proved(env, given, at, files)
  runner.untrusted(outcome.text)
  runner.annotate(outcome.annotations, at.prefix)
  runner.summarize(env, outcome.summary)
  runner.output(env, runner.report(at.temp, outcome))
  if (given.comment !== 'never' && at.pull !== undefined) {
    const allowed = await post(env, given, at, at.pull, outcome.comment, outcome.report.verdict)
    if (allowed && given.suggestions === 'auto') await suggest(given, at, at.pull, outcome.review)
  }
  return outcome.failed ? 1 : 0
}

/** Judges the files together with what is seen when their plan is carried out in Docker. */
async function proved(env: Env, given: Inputs, at: Context, files: Host): Promise<Outcome> {
  const asked = options(given, at)
  const { text, plan: smoke, files: travelling } = plan(files, { ...asked, profile: given.prove, only: given.proveServices })
  runner.untrusted(`Preflight will prove in Docker:\n${text}`)
  const { prove } = await import('./prove.ts')
  const observations = await prove(env, at, { plan: smoke, files: travelling, profile: given.prove, redisImage: given.redisImage })
  return check(files, { ...asked, observations })
}

/** Posts the report that an unprivileged run left behind: which pull request it concerns is GitHub's word alone. */
async function companion(env: Env, given: Inputs, at: Context): Promise<number> {
  const { pullOfRun } = await import('./github.ts')
  const pull = await pullOfRun(at, given.token)
  if (pull === undefined) {
    runner.line('Preflight: the run belongs to no open pull request at this commit, so there is nothing to post.')
    return 0
  }
  const text = readReport(given.report)
  await load()
  const { comment, verdict } = render(text, options(given, at))
  await post(env, given, at, pull, comment, verdict)
  return 0
}

/** Posts the comment; false when this token may not. */
async function post(env: Env, given: Inputs, at: Context, pull: number, body: string, verdict: string): Promise<boolean> {
  if (given.token === '') {
    runner.line('Preflight: no token, so no comment; the report is in the summary.')
    return false
  }
  const { post } = await import('./github.ts')
  const quiet = given.comment === 'auto' && (verdict === 'clear' || verdict === 'nothing-to-check')
  const { line, url, allowed } = await post(at, given.token, pull, body, quiet)
  runner.line(line)
  runner.output(env, { 'comment-url': url })
  return allowed
}

async function suggest(given: Inputs, at: Context, pull: number, review: Review): Promise<void> {
  const { suggest } = await import('./github.ts')
  const line = await suggest(at, given.token, pull, review)
  if (line !== '') runner.line(line)
}

function options(given: Inputs, at: Context): object {
  return {
    today: new Date().toISOString().slice(0, 10),
    trigger: given.trigger,
    fail_on: given.failOn,
    config: given.config,
    comment_limit: 65_000,
    summary_limit: 1_000_000,
    link_base: at.linkBase,
    rules_base: at.rulesBase,
    sarif: given.sarif,
    prefix: at.prefix,
  }
}
