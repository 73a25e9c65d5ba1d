// The scenarios of Railway end to end: `act` runs a real workflow, the action talks to the stand-ins.
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'

import { Act, installed } from './act.ts'
import { git, repository } from './process.ts'
import { PROJECT_TOKEN, Railway } from './railway.ts'
import { arrange, COMMIT, files, PLANTED, scenarios, type Scenario } from './railway-scenarios.ts'
import { StandIn } from './stand-in.ts'

const act = new Act()
before(() => act.prepare())

/** A workflow as a user writes it; what a scenario gives comes as variables of its job. */
function workflow(inputs: Record<string, string>): string {
  const given = Object.keys(inputs).map((name) => `          ${name}: \${{ env.GIVEN_${name.toUpperCase().replaceAll('-', '_')} }}`)
  return `name: deploy
on: [push, pull_request, workflow_dispatch]
permissions:
  contents: read
  deployments: write
  pull-requests: write
concurrency: production
jobs:
  deploy:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with:
          persist-credentials: false
      - uses: preflight-action/preflight@v1
        id: preflight
        continue-on-error: true
        with:
          railway-token: \${{ secrets.RAILWAY_TOKEN }}
          railway-service: worker
${given.join('\n')}
      - env:
          OUTCOME: \${{ steps.preflight.outcome }}
          RESULT: \${{ steps.preflight.outputs.deployment-result }}
        run: echo "outcome=$OUTCOME result=$RESULT"
`
}

const QUICK = { 'poll': '0.2', 'verify-timeout': '3', 'watch': '1', 'deploy-timeout': '30' }

async function played({ inputs = {}, event = 'push', from, arrange: more }: Scenario): Promise<{ log: string; railway: Railway; github: StandIn }> {
  const [railway, github] = [await Railway.start(), await StandIn.start()]
  arrange(railway)
  const { 'railway-token': token = PROJECT_TOKEN, ...rest } = inputs
  const given: Record<string, string> = { 'railway-api': railway.api, ...QUICK, ...rest }
  const env = Object.entries(given).map(([name, value]) => [`GIVEN_${name.toUpperCase().replaceAll('-', '_')}`, value.replace('$RAILWAY', railway.url)] as const)
  const payload = event === 'pull_request' ? { pull_request: { number: 7, head: { sha: COMMIT, ref: 'x', repo: { full_name: from } }, base: { ref: 'main' } } } : {}
  const root = repository({ ...files, '.github/workflows/deploy.yml': workflow(given) })
  const commit = git(root, 'rev-parse', 'HEAD').trim()
  more?.(railway, github, commit)
  const { log } = await act.run(root, event, payload, {
    env: { ...Object.fromEntries(env), GITHUB_API_URL: github.url, GITHUB_REPOSITORY: 'o/r' },
    secrets: { GITHUB_TOKEN: `${PLANTED}github-token`, RAILWAY_TOKEN: token },
  })
  railway.stop()
  github.stop()
  return { log: log.replaceAll(commit.slice(0, 8), COMMIT.slice(0, 8)), railway, github }
}

// They wait more than they work.
describe('Railway', { concurrency: 3, timeout: 900_000 }, () => {
  for (const scenario of scenarios) {
    test(scenario.name, { skip: installed ? false : 'act is not installed' }, async () => {
      const { log, railway, github } = await played(scenario)
      assert.deepEqual([...railway.violations, ...github.violations], [], log)
      assert.match(log, new RegExp(`outcome=${scenario.code === 0 ? 'success' : 'failure'}`), log)
      for (const each of scenario.log) assert.match(log, each)
      for (const each of scenario.not ?? []) assert.doesNotMatch(log, each)
      assert.equal(scenario.after?.(railway, github), undefined, log)
      for (const text of [log, JSON.stringify(github.comments), JSON.stringify(github.deployments)]) assert.ok(!text.includes(PLANTED), text)
    })
  }
})
