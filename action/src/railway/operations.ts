// Every operation that is sent to Railway; each is validated against Railway's schema by the tests.

/** Events of so many deployments are asked for at once. */
export const HISTORY = 20

export const operations = {
  Scope: `query Scope {
    projectToken { projectId environmentId project { name subscriptionType } environment { name isEphemeral unmergedChangesCount } }
  }`,
  /** What a token of the other kinds may ask, and a project token may not. */
  Workspaces: `query Workspaces { apiToken { workspaces { id } } }`,
  Inventory: `query Inventory($project: String!, $environment: String!) {
    environment(id: $environment, projectId: $project) {
      serviceInstances(first: 200) {
        edges { node { serviceId serviceName source { repo image } latestDeployment { status }
          domains { serviceDomains { domain } customDomains { domain } } } }
        pageInfo { hasNextPage }
      }
      volumeInstances(first: 200) { edges { node { serviceId mountPath } } }
    }
  }`,
  VariableNames: `query VariableNames($project: String!, $environment: String!) {
    environment(id: $environment, projectId: $project) {
      variables(first: 1000) { edges { node { name serviceId isSealed references } } pageInfo { hasNextPage } }
    }
  }`,
  VariableValues: `query VariableValues($project: String!, $environment: String!, $service: String!) {
    variablesForServiceDeployment(projectId: $project, environmentId: $environment, serviceId: $service)
  }`,
  Settings: `query Settings($environment: String!, $service: String!) {
    serviceInstance(environmentId: $environment, serviceId: $service) {
      builder dockerfilePath rootDirectory watchPatterns buildCommand startCommand preDeployCommand healthcheckPath healthcheckTimeout
      restartPolicyType restartPolicyMaxRetries numReplicas region cronSchedule sleepApplication drainingSeconds overlapSeconds
      latestDeployment { meta }
    }
  }`,
  Configuration: `query Configuration($environment: String!) { environment(id: $environment) { config(decryptVariables: false) } }`,
  Limits: `query Limits($environment: String!, $service: String!) { serviceInstanceLimits(environmentId: $environment, serviceId: $service) }`,
  Deployments: `query Deployments($project: String!, $environment: String!, $service: String!) {
    deployments(first: ${HISTORY}, input: { projectId: $project, environmentId: $environment, serviceId: $service, includeDeleted: false }) {
      edges { node { id status createdAt statusUpdatedAt meta canRollback } }
    }
  }`,
  Look: `query Look($id: String!) {
    deployment(id: $id) { id status deploymentStopped url staticUrl meta instances { id status } }
  }`,
  BuildLog: `query BuildLog($id: String!, $since: DateTime) {
    buildLogs(deploymentId: $id, limit: 500, startDate: $since) { timestamp message severity }
  }`,
  DeployLog: `query DeployLog($id: String!, $since: DateTime) {
    deploymentLogs(deploymentId: $id, limit: 500, startDate: $since) { timestamp message severity }
  }`,
  Deploy: `mutation Deploy($environment: String!, $service: String!, $commit: String!) {
    serviceInstanceDeployV2(environmentId: $environment, serviceId: $service, commitSha: $commit)
  }`,
  Rollback: `mutation Rollback($id: String!) { deploymentRollback(id: $id) }`,
  Cancel: `mutation Cancel($id: String!) { deploymentCancel(id: $id) }`,
} as const

export type OperationName = keyof typeof operations

/** The events of `count` deployments in one request, as `of0`, `of1`, …; the variables are `id0`, `id1`, …. */
export function events(count: number): string {
  const numbers = [...Array(count).keys()]
  const parts = numbers.map((n) => `of${n}: deploymentEvents(id: $id${n}, first: 50) { edges { node { step createdAt completedAt payload { error } } } }`)
  return `query Events(${numbers.map((n) => `$id${n}: String!`).join(', ')}) { ${parts.join(' ')} }`
}
