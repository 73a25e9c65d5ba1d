// What may happen at Railway, one row a scenario: how it is arranged and what must be seen. Run as a process and through act.
import type { StandIn } from './stand-in.ts'
import { ACCOUNT_TOKEN, comesUp, PROJECT_TOKEN, type Railway, type Step } from './railway.ts'

export const COMMIT = 'a'.repeat(40)
/** Nothing that begins so may be seen anywhere. */
export const PLANTED = 'planted-'

/** A worker whose files are in order, and one file that expects something of Railway. */
export const files = {
  'Dockerfile': 'FROM python:3.13-slim\nWORKDIR /app\nCOPY main.py .\nCMD ["python", "main.py"]\n',
  '.dockerignore': '.git\n',
  'main.py': 'import os\nMEMORY_HARD_LIMIT_MB = 256\nkey = os.environ["SUPABASE_URL"]\nurl = os.environ["REDIS_URL"]\nprint(key, url)\n',
}

export interface Scenario {
  name: string
  inputs?: Record<string, string>
  event?: 'push' | 'pull_request' | 'workflow_dispatch'
  /** Full name of the repository that a pull request comes from. */
  from?: string
  /** `commit` is the one that is pushed. */
  arrange?: (railway: Railway, github: StandIn, commit: string) => void
  code: 0 | 1 | 2
  log: RegExp[]
  not?: RegExp[]
  /** States that GitHub was told, in order. */
  states?: string[]
  /** Operations in the order of their first use. */
  after?: (railway: Railway, github: StandIn) => string | undefined
}

const deploy = { deploy: 'true' }
const audit = { audit: 'true' }

/** The world before a scenario: a worker, the Redis it refers to, and another that shares it. */
export function arrange(railway: Railway): void {
  const address = `redis://default:${PLANTED}redis-password@redis.railway.internal:6379`
  const reference = { value: address, references: ['Redis.REDIS_URL'] }
  railway.add({ id: 'redis-1', name: 'Redis', image: 'redis:8', volume: '/data', variables: { REDIS_URL: { value: address }, REDIS_PASSWORD: { value: `${PLANTED}redis-password` } } })
  railway.add({
    id: 'worker-1',
    name: 'worker',
    repo: 'o/r',
    settings: { dockerfilePath: 'Dockerfile' },
    config: { build: { builder: 'DOCKERFILE' }, deploy: { registryCredentials: { username: 'u', password: `${PLANTED}registry` } } },
    variables: { REDIS_URL: reference, SUPABASE_URL: { value: `https://u:${PLANTED}supabase@x.supabase.co` }, SEALED: { value: `${PLANTED}sealed`, sealed: true } },
  })
  railway.add({ id: 'api-1', name: 'api', repo: 'o/api', variables: { REDIS_URL: reference } })
}

/** A commit that was verified before. */
function before(railway: Railway, github: StandIn): void {
  const commit = 'b'.repeat(40)
  const { id } = railway.past('worker-1', commit)
  const page = `https://railway.com/project/project-1/service/worker-1?environmentId=environment-1&id=${id}`
  github.addDeployment(commit, 'production / worker', page)
}

const failing = (status: string, build: string[], deploy: string[] = []): Step[] => [{ status: 'QUEUED' }, { status: 'BUILDING', build }, ...(deploy.length > 0 ? [{ status: 'DEPLOYING', deploy }] : []), { status }]
const forever = (status: string): Step[] => [{ status: 'QUEUED' }, { status }]

export const scenarios: Scenario[] = [
  {
    name: 'a push deploys its commit, shows both logs, verifies and watches it',
    inputs: deploy, code: 0, states: ['queued', 'in_progress', 'in_progress', 'in_progress', 'in_progress', 'success'],
    arrange: (railway) => railway.plans.push(comesUp(200, ['connecting to redis://default:planted-in-a-log@redis.railway.internal:6379', '[STAGE 6/6] Starting worker loop...'])),
    log: [/build log of worker/, /exporting layers/, /deploy log of worker/, /aaaaaaaa is live and verified: worker in production/, /Up: its log says “\[STAGE 6\/6\]/, /Watched for/],
    after: ({ deployments }) => (deployments.length === 1 ? undefined : `${deployments.length} deployments`),
  },
  {
    name: 'the same commit again is not deployed again',
    inputs: deploy, code: 0,
    arrange: (railway, github, commit) => github.addDeployment(commit, 'production / worker', `https://railway.com/x?id=${railway.past('worker-1', commit).id}`),
    log: [/aaaaaaaa was live already/],
    after: ({ requests }) => (requests.includes('Deploy') ? 'it was deployed' : undefined),
  },
  {
    name: 'a deployment of this commit that is on its way is followed, not doubled',
    inputs: deploy, code: 0, arrange: (railway, _, commit) => void railway.deploy('worker-1', commit),
    log: [/live and verified/], after: ({ requests }) => (requests.includes('Deploy') ? 'it was deployed' : undefined),
  },
  {
    name: 'a deployment of another commit is waited for',
    inputs: deploy, code: 0,
    arrange: (railway) => void (railway.deploy('worker-1', 'c'.repeat(40), [{ status: 'BUILDING' }, { status: 'DEPLOYING' }, { status: 'SUCCESS' }]).alone = true),
    log: [/waiting for deployment .* BUILDING/, /live and verified/],
  },
  {
    name: 'a service with an address is proven by its answer',
    inputs: { ...deploy, 'verify-url': '$RAILWAY/health' }, code: 0, log: [/Up: http:\/\/127.0.0.1:\d+\/health answered 200/],
  },
  {
    name: 'one that never answers is rolled back to the last verified',
    inputs: { ...deploy, 'verify-url': '$RAILWAY/health' }, code: 1,
    arrange: (railway, github) => {
      before(railway, github)
      railway.plans.push(comesUp(503), comesUp(200))
    },
    log: [/never answered 200, but 503/, /Rolled back to the last verified deployment of bbbbbbbb, which is up after/],
    states: ['queued', 'in_progress', 'in_progress', 'in_progress', 'in_progress', 'failure'],
    after: ({ deployments }) => (deployments.at(-1)?.commit?.startsWith('b') ? undefined : 'the old commit is not back'),
  },
  {
    name: 'one that succeeds and then crashes is rolled back, with the cause',
    inputs: deploy, code: 1,
    arrange: (railway, github) => {
      before(railway, github)
      railway.plans.push([...comesUp(), { status: 'CRASHED', deploy: ['redis.exceptions.AuthenticationError: WRONGPASS invalid username-password pair or user is disabled.', `could not log in with ${PROJECT_TOKEN}`] }])
    },
    log: [/came up and then crashed/, /Rolled back to the last verified deployment of bbbbbbbb/, /password/i],
  },
  {
    name: 'without an earlier deployment nothing is rolled back, and that is said',
    inputs: { ...deploy, 'verify-url': '$RAILWAY/health' }, code: 1, arrange: (railway) => railway.plans.push(comesUp(500)),
    log: [/never answered 200, but 500/, /Not rolled back: Railway keeps no earlier deployment/],
  },
  {
    name: 'rollback: false leaves what is there',
    inputs: { ...deploy, 'rollback': 'false', 'verify-url': '$RAILWAY/health' }, code: 1,
    arrange: (railway, github) => {
      before(railway, github)
      railway.plans.push(comesUp(500))
    },
    log: [/never answered 200/], not: [/[Rr]olled back/],
  },
  {
    name: 'a container that is restarted while it is watched does not work',
    inputs: deploy, code: 1, arrange: (railway) => railway.plans.push([...comesUp(), { status: 'SUCCESS', instances: [['i-1', 'RESTARTING']] }]),
    log: [/it was restarted once while it was watched/],
  },
  {
    name: 'one that ends by itself does not work',
    inputs: deploy, code: 1, arrange: (railway) => railway.plans.push([...comesUp(), { status: 'SUCCESS', stopped: true }]), log: [/came up and then ended by itself/],
  },
  {
    name: 'a failed build is diagnosed and nothing is rolled back, for the old one still runs',
    inputs: deploy, code: 1,
    arrange: (railway, github) => {
      before(railway, github)
      railway.plans.push(failing('FAILED', ["dockerfile invalid: docker VOLUME at Line 7", `token=${PLANTED}in-a-build-log`]))
    },
    log: [/failed to deploy: worker in production: its status is FAILED/, /dockerfile-volume-instruction/, /VOLUME/], not: [/[Rr]olled back/],
  },
  {
    name: 'a healthcheck that fails is diagnosed from both logs',
    inputs: deploy, code: 1,
    arrange: (railway) => railway.plans.push(failing('FAILED', ['Attempt #1 failed with service unavailable. Continuing to retry for 1m0s', '1/1 replicas never became healthy!'], ['ModuleNotFoundError: No module named \'rq\''])),
    log: [/module-missing/, /No module named 'rq'/],
  },
  {
    name: 'a deployment that never ends is given up and cancelled',
    inputs: { ...deploy, 'deploy-timeout': '4' }, code: 1, arrange: (railway) => railway.plans.push(forever('BUILDING')),
    log: [/did not come up in time.*it has been BUILDING/], after: ({ deployments }) => (deployments[0]?.status === 'REMOVED' ? undefined : 'it was not cancelled'),
  },
  {
    name: 'an approval is waited for within a bound',
    inputs: { ...deploy, 'deploy-timeout': '4' }, code: 1, arrange: (railway) => railway.plans.push(forever('NEEDS_APPROVAL')), log: [/waits for an approval/],
  },
  {
    name: 'an approval that comes lets it go on',
    inputs: deploy, code: 0, arrange: (railway) => railway.plans.push([{ status: 'NEEDS_APPROVAL' }, { status: 'NEEDS_APPROVAL' }, { status: 'WAITING' }, ...comesUp()]), log: [/NEEDS_APPROVAL at .*WAITING at .*live|live and verified/],
  },
  { name: 'waiting for CI is waited for within a bound', inputs: { ...deploy, 'deploy-timeout': '4' }, code: 1, arrange: (railway) => railway.plans.push(forever('WAITING')), log: [/waits for the checks of GitHub.*Wait for CI/] },
  { name: 'a skipped deployment is said to be one', inputs: deploy, code: 1, arrange: (railway) => railway.plans.push(forever('SKIPPED')), log: [/was not deployed to worker in production: Railway skipped it/] },
  {
    name: 'a commit that Railway does not find is refused in its words',
    inputs: deploy, code: 1, arrange: (railway, _, commit) => void railway.unknownCommits.add(commit), log: [/was not deployed.*Railway answered: Commit not found/], states: ['queued', 'failure'],
  },
  { name: 'the token of an account is told from that of a project', inputs: { ...deploy, 'railway-token': ACCOUNT_TOKEN }, code: 2, log: [/is the token of an account or a workspace, and must be that of a project/] },
  { name: 'a token that Railway does not know is said to be wrong', inputs: { ...deploy, 'railway-token': `${PLANTED}unknown` }, code: 2, log: [/is not a token that Railway knows/] },
  { name: '401 is said', inputs: deploy, code: 2, arrange: ({ faults }) => void faults.push({ on: 'Scope', status: 401, body: '{}' }), log: [/not a token that Railway knows.*HTTP 401/] },
  { name: '403 is said', inputs: deploy, code: 2, arrange: ({ faults }) => void faults.push({ on: 'Inventory', status: 403, body: '{}' }), log: [/refuses this to the token \(HTTP 403\)/] },
  {
    name: 'a rate limit in the middle is waited out',
    inputs: deploy, code: 0, arrange: ({ faults }) => void faults.push({ on: 'Look', status: 429, headers: { 'retry-after': '2' }, body: '{}' }), log: [/live and verified/],
  },
  {
    name: 'a burst of server errors in the middle is survived',
    inputs: deploy, code: 0, arrange: ({ faults }) => void faults.push({ on: 'Look', status: 502 }, { on: 'Look', status: 503 }, { on: 'BuildLog', status: 500 }, { on: 'Deployments', status: 504 }), log: [/live and verified/],
  },
  {
    name: 'a deployment that was made although its answer was lost is found, not doubled',
    inputs: deploy, code: 0, arrange: ({ faults }) => void faults.push({ on: 'Deploy', status: 502, late: true }), log: [/live and verified/],
    after: ({ deployments }) => (deployments.length === 1 ? undefined : `${deployments.length} deployments`),
  },
  { name: 'an answer that never comes is asked for again', inputs: deploy, code: 0, arrange: ({ faults }) => void faults.push({ on: 'Look', hang: true }), log: [/live and verified/] },
  { name: 'malformed bodies are survived', inputs: deploy, code: 0, arrange: ({ faults }) => void faults.push({ on: 'Scope', body: '{' }, { on: 'Look', body: 'null' }, { on: 'DeployLog', body: '[1' }), log: [/live and verified/] },
  { name: 'a log that may not be read ends nothing', inputs: deploy, code: 0, arrange: ({ refused }) => void refused.add('buildLogs').add('deploymentLogs'), log: [/a log cannot be read: Railway answered: Not Authorized/, /live and verified/] },
  {
    name: 'a token of GitHub that may not record deployments is said once',
    inputs: deploy, code: 0, arrange: (_, github) => void (github.behaviour.readOnly = true), log: [/may not record deployments \(HTTP 403\): give the job `deployments: write`/, /live and verified/],
  },
  { name: 'a pull request is never deployed', inputs: deploy, event: 'pull_request', from: 'o/r', code: 0, log: [/not deployed, because the event is pull_request/], after: ({ requests }) => (requests.length === 0 ? undefined : 'Railway was asked') },
  {
    name: 'an audit shows what Railway holds, what differs and the open questions',
    inputs: audit, event: 'pull_request', from: 'o/r', code: 0,
    arrange: (railway) => void railway.past('worker-1', 'b'.repeat(40)),
    log: [/Railway, worker in production: /, /Redis: shared by api, worker; a volume at \/data/, /What is REDIS_URL\? redis:\/\/\*\*\*\*\*@redis\.railway\.internal:6379/, /Yes: MEMORY_HARD_LIMIT_MB is 256 MB \(main\.py:2\)/],
    after: (_, { comments }) => (/Open questions/.test(comments[0]?.body ?? '') ? undefined : 'the comment has no audit'),
  },
  {
    name: 'an audit that finds what will fail fails, and the commit is not deployed',
    inputs: { ...audit, ...deploy }, code: 1,
    arrange: ({ services }) => {
      services[1]!.variables = { REDIS_URL: { value: 'redis://localhost:6379' } }
      services[1]!.settings = { dockerfilePath: 'other/Dockerfile' }
    },
    log: [/❌ SUPABASE_URL: missing/, /❌ REDIS_URL: localhost/, /not deployed, because of what was found/],
    after: ({ requests }) => (requests.includes('Deploy') ? 'it was deployed' : undefined),
  },
  {
    name: 'an audit with a token that may read little says what it could not read',
    inputs: audit, code: 0, arrange: ({ refused }) => void refused.add('serviceInstance').add('variablesForServiceDeployment').add('serviceInstanceLimits'),
    log: [/Not Authorized/, /could not be read/],
  },
  {
    name: 'a pull request from a fork is not audited',
    inputs: audit, event: 'pull_request', from: 'mallory/r', code: 0, log: [/Railway is not audited, because the files may be those of a fork/],
    after: ({ requests }) => (requests.length === 0 ? undefined : 'Railway was asked'),
  },
  { name: 'an audit while Railway is away fails nothing', inputs: audit, code: 0, arrange: ({ faults }) => void faults.push(...Array.from({ length: 5 }, () => ({ status: 503 }))), log: [/Railway is not audited: Railway answered with HTTP 503/] },
]
