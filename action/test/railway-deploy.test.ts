// Every scenario of Railway against the stand-ins, the action run as a process.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'

import { commands, repository, run, type Run } from './process.ts'
import { PROJECT_TOKEN, Railway } from './railway.ts'
import { arrange, COMMIT, files, PLANTED, scenarios, type Scenario } from './railway-scenarios.ts'
import { StandIn } from './stand-in.ts'

const QUICK = { 'poll': '0.05', 'verify-timeout': '2', 'watch': '0.4', 'deploy-timeout': '30' }

async function played({ inputs = {}, event = 'push', from, arrange: more }: Scenario): Promise<{ done: Run; railway: Railway; github: StandIn }> {
  const [railway, github] = [await Railway.start(), await StandIn.start()]
  arrange(railway)
  more?.(railway, github, COMMIT)
  const given = { 'token': `${PLANTED}github-token`, 'railway-token': PROJECT_TOKEN, 'railway-api': railway.api, 'railway-service': 'worker', ...QUICK, ...inputs }
  const filled = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, value.replace('$RAILWAY', railway.url)]))
  const payload = event === 'pull_request' ? { pull_request: { number: 7, head: { sha: 'b'.repeat(40), repo: { full_name: from } } } } : {}
  const done = await run(repository(files), filled, { GITHUB_API_URL: github.url, GITHUB_EVENT_NAME: event }, payload)
  railway.stop()
  github.stop()
  return { done, railway, github }
}

// They wait more than they work.
describe('Railway', { concurrency: 6, timeout: 900_000 }, () => {
  for (const scenario of scenarios) {
    test(scenario.name, async () => {
      const { done, railway, github } = await played(scenario)
      assert.deepEqual([...railway.violations, ...github.violations], [], done.log)
      assert.equal(done.code, scenario.code, done.log)
      for (const each of scenario.log) assert.match(done.log, each)
      for (const each of scenario.not ?? []) assert.doesNotMatch(done.log, each)
      assert.equal(scenario.after?.(railway, github), undefined, done.log)
      const told = github.deployments.at(-1)?.statuses.map(({ state }) => state).reverse()
      if (scenario.states !== undefined) assert.deepEqual(told, scenario.states)
      // What the runner is told to hide it must be told.
      const shown = done.log.split('\n').filter((line) => !line.startsWith('::add-mask::')).join('\n')
      const written = [done.outputs['report'], done.outputs['audit']].filter((path) => path).map((path) => readFileSync(path!, 'utf8'))
      for (const text of [shown, done.summary, JSON.stringify(done.outputs), JSON.stringify(github.comments), JSON.stringify(github.deployments), ...written]) assert.ok(!text.includes(PLANTED), text)
      assert.ok(!done.log.includes('\u001b'), 'a control character came through')
      for (const command of commands(done.log)) assert.match(command, /^::(add-mask|group|endgroup|error title=Preflight::Preflight|(error|warning|notice) file=)/)
    })
  }
})
