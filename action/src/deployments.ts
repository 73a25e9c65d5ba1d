// GitHub's record of a deployment: made once a commit, told every status; also the memory of what was verified.
import type { Context } from './context.ts'
import { client, type Client } from './github-client.ts'
import type { Hooks, Verified } from './railway/order.ts'

/** Tells our deployments from those of others for the same environment. */
const TASK = 'deploy:preflight'
const SEARCHED = 20
const ENOUGH = 5
/** Characters of a description that GitHub takes. */
const DESCRIPTION = 140

interface About {
  sha: string
  environment: string
  production: boolean
}

export class Deployments {
  readonly #octokit: Client
  readonly #where: { owner: string; repo: string }
  readonly #about: About
  readonly #line: (text: string) => void
  #id: number | undefined
  #refused = false
  #verified: Promise<Verified[]> | undefined

  constructor(at: Context, token: string, about: About, line: (text: string) => void, id?: number) {
    this.#octokit = client(at, token)
    this.#where = { owner: at.owner, repo: at.repo }
    this.#about = about
    this.#line = line
    this.#id = id
  }

  /** Its number at GitHub, for the step after the job. */
  get id(): number | undefined {
    return this.#id
  }

  /** Adds a status; that this token may not is said once and no failure. */
  async tell(...[state, { description, page, url }]: Parameters<Hooks['tell']>): Promise<void> {
    await this.#unless(undefined, async () => {
      this.#id ??= await this.#open()
      await this.#octokit.request('POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses', {
        ...this.#where,
        deployment_id: this.#id,
        state,
        description: description.slice(0, DESCRIPTION),
        ...(page === undefined ? {} : { log_url: page }),
        ...(url === undefined ? {} : { environment_url: url }),
      })
    })
  }

  /** Deployments of this environment that were told a success, newest first. */
  verified(): Promise<Verified[]> {
    this.#verified ??= this.#unless([], () => this.#search())
    return this.#verified
  }

  async #unless<T>(otherwise: T, work: () => Promise<T>): Promise<T> {
    if (this.#refused) return otherwise
    try {
      return await work()
    } catch (error) {
      const { status, message } = error as { status?: number; message: string }
      this.#refused = status === 401 || status === 403 || status === 404
      const why = this.#refused ? `this token may not record deployments (HTTP ${status}): give the job \`deployments: write\`` : `GitHub answered: ${message.slice(0, 200)}`
      this.#line(`Preflight: not recorded at GitHub: ${why}`)
      return otherwise
    }
  }

  /** The deployment of this commit, made when there is none. */
  async #open(): Promise<number> {
    const { sha, environment, production } = this.#about
    const query = { ...this.#where, sha, environment, task: TASK, per_page: 1 }
    const [known] = (await this.#octokit.request('GET /repos/{owner}/{repo}/deployments', query)).data
    if (known !== undefined) return Number(known.id)
    const made = await this.#octokit.request('POST /repos/{owner}/{repo}/deployments', {
      ...this.#where,
      ref: sha,
      task: TASK,
      auto_merge: false,
      required_contexts: [],
      environment,
      production_environment: production,
    })
    if (made.status !== 201) throw new Error('GitHub made no deployment')
    return Number(made.data.id)
  }

  async #search(): Promise<Verified[]> {
    const { environment } = this.#about
    const { data } = await this.#octokit.request('GET /repos/{owner}/{repo}/deployments', { ...this.#where, environment, task: TASK, per_page: SEARCHED })
    const found: Verified[] = []
    for (const { id, sha } of data) {
      const statuses = await this.#octokit.request('GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses', { ...this.#where, deployment_id: Number(id), per_page: 100 })
      const success = statuses.data.find(({ state }) => state === 'success')
      if (success?.log_url) found.push({ page: success.log_url, commit: sha })
      if (found.length === ENOUGH) break
    }
    return found
  }
}
