// The order of effects. Every judgement and every word of the report comes from the checker.
import { check, load, migration, plan, render, type Audit, type Host, type Outcome, type Report, type Review } from './checker.ts'
import { context, type Context, type Env } from './context.ts'
import { inputs, type Inputs } from './inputs.ts'
import { audited, deployed, mayAudit } from './live.ts'
import { readReport } from './report-file.ts'
import * as runner from './runner.ts'
import { snapshot } from './snapshot.ts'

const COMMENT_LIMIT = 65_000
/** Outputs of what was not asked for. */
const NOTHING = { audit: '', deployment: '', 'deployment-result': '', 'deployment-url': '' }

const today = (): string => new Date().toISOString().slice(0, 10)

/** Runs the action; resolves to the exit code: 0 passed, 1 findings at or above `fail-on`, 2 a fault. */
export async function run(env: Env): Promise<number> {
  try {
    const given = inputs(env)
    for (const secret of [given.token, given.railway.token]) runner.mask(secret)
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
  runner.output(env, { ...NOTHING, ...runner.report(at.temp, outcome) })
  const audit = mayAudit(given, at) ? await audited(given, at, files, today()) : undefined
  if (audit !== undefined) tellAudit(env, at, audit)
  if (given.comment !== 'never' && at.pull !== undefined) {
    const body = joined(outcome.comment, audit?.markdown, suggested(given, at, files, outcome))
    const allowed = await post(env, given, at, at.pull, body, audit !== undefined || said(outcome.report.verdict))
    if (allowed && given.suggestions === 'auto') await suggest(given, at, at.pull, outcome.review)
  }
  const failed = outcome.failed || (audit?.failed ?? false)
  if (!given.railway.deploy) return failed ? 1 : 0
  if (failed) runner.line('Preflight: not deployed, because of what was found.')
  return !failed && (await deployed(env, given, at)) ? 0 : 1
}

function tellAudit(env: Env, at: Context, { audit, text, markdown }: Audit): void {
  runner.untrusted(text)
  runner.summarize(env, markdown)
  runner.output(env, { audit: runner.auditFile(at.temp, audit) })
}

/** `comment` and what else has room beside it. */
function joined(comment: string, ...more: (string | undefined)[]): string {
  return more.reduce<string>((all, part) => {
    const both = part ? `${all.trimEnd()}\n\n${part}` : all
    return Buffer.byteLength(both) <= COMMENT_LIMIT ? both : all
  }, comment)
}

/** The file that takes the place of config files, where the report says that Railway stops reading them. */
function suggested(given: Inputs, at: Context, files: Host, { report }: Outcome): string {
  if (!report.findings.some(({ rule }) => rule === 'config-cutoff')) return ''
  return migration(files, { today: today(), project: at.repo, repository: `${at.owner}/${at.repo}`, variables: [], config: given.config })
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
  await post(env, given, at, pull, comment, said(verdict))
  return 0
}

const said = (verdict: Report['verdict']): boolean => verdict !== 'clear' && verdict !== 'nothing-to-check'

/** Posts the comment; false when this token may not. */
async function post(env: Env, given: Inputs, at: Context, pull: number, body: string, worthwhile: boolean): Promise<boolean> {
  if (given.token === '') {
    runner.line('Preflight: no token, so no comment; the report is in the summary.')
    return false
  }
  const { post } = await import('./github.ts')
  const { line, url, allowed } = await post(at, given.token, pull, body, given.comment === 'auto' && !worthwhile)
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
    today: today(),
    trigger: given.trigger,
    fail_on: given.failOn,
    config: given.config,
    comment_limit: COMMENT_LIMIT,
    summary_limit: 1_000_000,
    link_base: at.linkBase,
    rules_base: at.rulesBase,
    sarif: given.sarif,
    prefix: at.prefix,
  }
}
