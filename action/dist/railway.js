// src/railway/client.ts
import { setTimeout as pause } from "node:timers/promises";

// src/railway/answer.ts
var Fault = class _Fault extends Error {
  kind;
  /** Milliseconds that Railway asks to wait. */
  wait;
  constructor(kind, message, wait) {
    super(message), this.kind = kind, this.wait = wait;
  }
  static ofNetwork(error) {
    let { name, message, cause } = error;
    return name === "TimeoutError" ? new _Fault("away", "Railway did not answer in time") : new _Fault("away", `Railway cannot be reached: ${cause?.code ?? cause?.message ?? message}`);
  }
  /** The same, sure not to hold `secret`. */
  without(secret) {
    return secret !== "" && this.message.includes(secret) ? new _Fault(this.kind, this.message.replaceAll(secret, "***"), this.wait) : this;
  }
};
async function answerOf(response) {
  let text = await bounded(response), body = parsed(text), { status } = response;
  if (status === 429) throw limited(response.headers);
  if (status >= 500) throw new Fault("away", `Railway answered with HTTP ${status}`);
  let [first] = body?.errors ?? [];
  if (first !== void 0) throw ofMessage(String(first.message ?? "an error without a message"), first.extensions?.code, response.headers);
  if (status === 401) throw new Fault("token", "Railway does not accept the token (HTTP 401)");
  if (status === 403) throw new Fault("permission", "Railway refuses this to the token (HTTP 403)");
  if (!response.ok) throw new Fault("refused", `Railway answered with HTTP ${status}`);
  if (typeof body?.data != "object" || body.data === null) throw new Fault("away", "Railway gave an answer that is no GraphQL");
  return body.data;
}
function parsed(text) {
  try {
    let body = JSON.parse(text), { errors } = Object(body);
    return typeof body == "object" && body !== null && (errors == null || Array.isArray(errors)) ? body : void 0;
  } catch {
    return;
  }
}
function ofMessage(message, code, headers) {
  let quoted = message.replaceAll(/\s+/g, " ").slice(0, 300);
  return code === "RATELIMITED" || /rate ?limit/i.test(message) ? limited(headers) : /token (was )?not found|invalid (project )?token/i.test(message) ? new Fault("token", `Railway answered: ${quoted}`) : code === "FORBIDDEN" || code === "UNAUTHENTICATED" || /not authori[sz]ed|unauthori[sz]ed|forbidden/i.test(message) ? new Fault("permission", `Railway answered: ${quoted}`) : new Fault("refused", `Railway answered: ${quoted}`);
}
function limited(headers) {
  let wait = seconds(headers.get("retry-after")), when = wait === void 0 ? "" : `; it asks for ${Math.ceil(wait)} s of patience`;
  return new Fault("rate", `Railway's rate limit is used up${when}`, wait === void 0 ? void 0 : wait * 1e3);
}
function seconds(value) {
  if (value === null || value.trim() === "") return;
  if (/^\s*\d+(\.\d+)?\s*$/.test(value)) return Number(value);
  let at = Date.parse(value);
  return Number.isNaN(at) ? void 0 : Math.max(0, (at - Date.now()) / 1e3);
}
async function bounded(response) {
  let parts = [], size = 0;
  for await (let part of response.body ?? []) {
    if (size += part.byteLength, size > 2e7) throw new Fault("refused", "Railway's answer is longer than 20000000 bytes");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

// src/railway/operations.ts
var operations = {
  Scope: `query Scope {
    projectToken { projectId environmentId project { name subscriptionType } environment { name isEphemeral unmergedChangesCount } }
  }`,
  /** What a token of the other kinds may ask, and a project token may not. */
  Workspaces: "query Workspaces { apiToken { workspaces { id } } }",
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
  Configuration: "query Configuration($environment: String!) { environment(id: $environment) { config(decryptVariables: false) } }",
  Limits: "query Limits($environment: String!, $service: String!) { serviceInstanceLimits(environmentId: $environment, serviceId: $service) }",
  Deployments: `query Deployments($project: String!, $environment: String!, $service: String!) {
    deployments(first: 20, input: { projectId: $project, environmentId: $environment, serviceId: $service, includeDeleted: false }) {
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
  Rollback: "mutation Rollback($id: String!) { deploymentRollback(id: $id) }",
  Cancel: "mutation Cancel($id: String!) { deploymentCancel(id: $id) }"
};
function events(count) {
  let numbers = [...Array(count).keys()], parts = numbers.map((n) => `of${n}: deploymentEvents(id: $id${n}, first: 50) { edges { node { step createdAt completedAt payload { error } } } }`);
  return `query Events(${numbers.map((n) => `$id${n}: String!`).join(", ")}) { ${parts.join(" ")} }`;
}

// src/railway/budget.ts
var Budget = class {
  #remaining = 1 / 0;
  #resetAt = 0;
  read(headers) {
    let remaining = Number(headers.get("x-ratelimit-remaining") ?? NaN), resetAt = moment(headers.get("x-ratelimit-reset"));
    Number.isNaN(remaining) || resetAt === void 0 || (this.#remaining = remaining, this.#resetAt = resetAt);
  }
  /** Milliseconds until the next look, when `wanted` would be best and a look costs `requests`. */
  pace(wanted, requests) {
    let left = this.#resetAt - Date.now();
    if (left <= 0) return wanted;
    let looks = Math.max(1, (this.#remaining - 20) / requests);
    return Math.max(wanted, Math.min(6e4, left / looks));
  }
};
function moment(value) {
  if (value === null) return;
  let number = Number(value);
  return Number.isNaN(number) ? Number.isNaN(Date.parse(value)) ? void 0 : Date.parse(value) : number > 1e12 ? number : number > 1e9 ? number * 1e3 : Date.now() + number * 1e3;
}

// src/railway/client.ts
var RETRIES = 4, PATIENCE_SECONDS = 120, TIMEOUT_MS = 15e3, Client = class _Client {
  budget = new Budget();
  #options;
  #bearer = !1;
  constructor(options) {
    this.#options = options;
  }
  /** The same with the token sent as one of an account or a workspace. */
  asAccount() {
    let other = new _Client(this.#options);
    return other.#bearer = !0, other;
  }
  /** The same for a last word, after the signal. */
  afresh() {
    let { signal: _, ...rest2 } = this.#options;
    return new _Client({ ...rest2, timeout: 3e3, backoff: 300 });
  }
  /** What `name` answers. A mutation whose end is not known is never sent again. */
  ask(name, variables = {}) {
    return this.send(operations[name], variables);
  }
  async send(query, variables) {
    let again = query.startsWith("query");
    for (let attempt2 = 0; ; attempt2 += 1)
      try {
        return await this.#once(query, variables);
      } catch (error) {
        let fault = this.#fault(error), wait = fault.wait ?? (this.#options.backoff ?? 1e3) * 2 ** attempt2;
        if (!(fault.kind === "rate" || again && fault.kind === "away") || attempt2 >= RETRIES || wait > PATIENCE_SECONDS * 1e3) throw fault;
        await pause(wait, void 0, { signal: this.#options.signal });
      }
  }
  async #once(query, variables) {
    let { address, token, signal, timeout = TIMEOUT_MS } = this.#options, limit = AbortSignal.timeout(timeout), response = await fetch(address, {
      method: "POST",
      redirect: "error",
      headers: { "content-type": "application/json", "user-agent": "preflight", ...this.#bearer ? { authorization: `Bearer ${token}` } : { "project-access-token": token } },
      body: JSON.stringify({ query, variables }),
      signal: signal === void 0 ? limit : AbortSignal.any([signal, limit])
    });
    return this.budget.read(response.headers), answerOf(response);
  }
  /** `error` as a fault that does not hold the token. */
  #fault(error) {
    return this.#options.signal?.throwIfAborted(), (error instanceof Fault ? error : Fault.ofNetwork(error)).without(this.#options.token);
  }
};

// src/railway/follow.ts
import { setTimeout as pause2 } from "node:timers/promises";

// src/railway/order.ts
var UP = /* @__PURE__ */ new Set(["SUCCESS", "SLEEPING"]), DOWN = /* @__PURE__ */ new Set(["FAILED", "CRASHED", "REMOVED", "REMOVING", "SKIPPED"]), HELD = /* @__PURE__ */ new Set(["NEEDS_APPROVAL", "WAITING"]), ended = (status) => UP.has(status) || DOWN.has(status);
async function deployments({ client, scope, service }) {
  return (await client.ask("Deployments", { project: scope.project.id, environment: scope.environment.id, service: service.id })).deployments.edges.map(({ node }) => node).sort((one, other) => Date.parse(other.createdAt) - Date.parse(one.createdAt));
}
function pageOf({ scope, service }, id) {
  return `https://railway.com/project/${scope.project.id}/service/${service.id}?environmentId=${scope.environment.id}&id=${id}`;
}
var idOf = (page) => /[?&]id=([\w-]+)$/.exec(page)?.[1] ?? "";

// src/railway/follow.ts
var HELD_LIMIT = 300, COST = 3;
async function look(order, id) {
  try {
    return (await order.client.ask("Look", { id })).deployment;
  } catch (error) {
    if (order.signal.throwIfAborted(), error instanceof Fault && (error.kind === "away" || error.kind === "rate")) return;
    throw error;
  }
}
async function rest(order) {
  await pause2(order.client.budget.pace(order.limits.poll * 1e3, COST), void 0, { signal: order.signal });
}
async function follow(order, id, log, timeline, begun) {
  let seconds2 = (since2) => (performance.now() - since2) / 1e3, last = { id, status: "INITIALIZING", deploymentStopped: !1, url: null, staticUrl: null, meta: null, instances: [] }, since = performance.now();
  for (; ; ) {
    let now = await look(order, id);
    if (now !== void 0 && (timeline.length === 0 || now.status !== last.status) && (timeline.push([now.status, seconds2(begun)]), since = performance.now(), ended(now.status) || await order.hooks.tell("in_progress", { description: now.status })), last = now ?? last, await log.more("BuildLog", ...["DEPLOYING", "SUCCESS", "CRASHED", "FAILED", "SLEEPING"].includes(last.status) ? ["DeployLog"] : []), now !== void 0 && ended(now.status)) return { look: now };
    let over = seconds2(begun) > order.limits.deploy;
    if (HELD.has(last.status) && (over || seconds2(since) > HELD_LIMIT)) return { look: last, bound: "held" };
    if (over) return { look: last, bound: "deadline" };
    await rest(order);
  }
}

// src/railway/history.ts
async function historyOf(client, all) {
  if (all.length === 0) return [];
  let variables = Object.fromEntries(all.map(({ id }, at) => [`id${at}`, id])), answer = await client.send(events(all.length), variables).catch((fault) => {
    if (fault instanceof Fault) return {};
    throw fault;
  });
  return all.map((one, at) => past(one, (answer[`of${at}`]?.edges ?? []).map(({ node }) => node)));
}
function past({ status, createdAt, statusUpdatedAt, meta }, steps) {
  let time = (value) => value ? Date.parse(value) : void 0, failing = steps.find(({ payload }) => payload?.error != null), failed = time(failing?.completedAt ?? failing?.createdAt) ?? (status === "CRASHED" || status === "FAILED" ? time(statusUpdatedAt) : void 0), done = failing === void 0 ? steps.filter(({ step }) => step !== "DRAIN_INSTANCES").map(({ completedAt }) => time(completedAt)) : [], healthy = done.length > 0 && done.every((each) => each !== void 0) ? Math.max(...done) : void 0;
  return { status, created: Date.parse(createdAt), ...meta?.commitHash ? { commit: meta.commitHash } : {}, ...healthy === void 0 ? {} : { healthy }, ...failed === void 0 ? {} : { failed } };
}

// src/railway/log.ts
var Log = class {
  #order;
  #id;
  #kept = { BuildLog: [], DeployLog: [] };
  #since = { BuildLog: null, DeployLog: null };
  /** Lines of the youngest moment, which the next answer repeats. */
  #seen = { BuildLog: /* @__PURE__ */ new Map(), DeployLog: /* @__PURE__ */ new Map() };
  #open;
  #faulty = !1;
  constructor(order, id) {
    this.#order = order, this.#id = id;
  }
  /** Fetches what is new. A log that cannot be read is said once and no failure. */
  async more(...kinds) {
    for (let kind of kinds)
      try {
        let answer = await this.#order.client.ask(kind, { id: this.#id, since: this.#since[kind] });
        for (let line of this.#fresh(kind, answer.buildLogs ?? answer.deploymentLogs)) this.#show(kind, line);
      } catch (error) {
        this.#order.signal.throwIfAborted(), this.#faulty || this.#order.hooks.line(`Preflight: a log cannot be read: ${error.message}`), this.#faulty = !0;
      }
  }
  /** The lines of the deployment's own log. */
  get lines() {
    return this.#kept.DeployLog;
  }
  /** Both logs, masked. */
  text() {
    return [...this.#kept.BuildLog, ...this.#kept.DeployLog].join(`
`);
  }
  end() {
    this.#open?.group.end(), this.#open = void 0;
  }
  #fresh(kind, rows) {
    let repeated = new Map(this.#seen[kind]), lines = [];
    for (let { timestamp, message } of rows) {
      let since = this.#since[kind];
      if (!(since !== null && timestamp < since)) {
        if (timestamp === since && (repeated.get(message) ?? 0) > 0) {
          repeated.set(message, repeated.get(message) - 1);
          continue;
        }
        timestamp !== since && this.#seen[kind].clear(), this.#since[kind] = timestamp, this.#seen[kind].set(message, (this.#seen[kind].get(message) ?? 0) + 1), lines.push(...message.split(`
`).map((line) => line.slice(0, 2e3)));
      }
    }
    return lines;
  }
  #show(kind, line) {
    if (this.#open?.kind !== kind) {
      this.end();
      let title = `Railway: ${kind === "BuildLog" ? "build" : "deploy"} log of ${this.#order.service.name}`;
      this.#open = { kind, group: this.#order.hooks.group(title) };
    }
    let masked = this.#order.hooks.masked(line);
    this.#open.group.line(masked), this.#kept[kind].push(masked), this.#kept[kind].length > 400 && this.#kept[kind].shift();
  }
};

// src/railway/start.ts
import { setTimeout as pause3 } from "node:timers/promises";

// src/railway/upload.ts
import { spawn } from "node:child_process";
var KEPT = 2e4;
async function upload(order) {
  let words = ["up", "--detach", "--json", "--service", order.service.id], { code, out, err } = await run(words, order);
  if (code === void 0) return { cause: "no-cli", seen: "" };
  let id = /"deploymentId"\s*:\s*"([\w-]+)"/.exec(out)?.[1];
  return code === 0 && id !== void 0 ? { id, verified: !1 } : { cause: "upload", seen: order.hooks.masked((err.trim() || out.trim()).slice(-300)) || `exit code ${code}` };
}
function run(words, order) {
  let { PATH, HOME, TMPDIR, SSL_CERT_FILE, HTTPS_PROXY } = process.env, given = Object.entries({ PATH, HOME, TMPDIR, SSL_CERT_FILE, HTTPS_PROXY }).filter(([, value]) => value !== void 0), env = { ...Object.fromEntries(given), CI: "true", RAILWAY_TOKEN: order.token, RAILWAY_CAC_DEPRECATION_WARNING: "0" }, signal = AbortSignal.any([order.signal, AbortSignal.timeout(order.limits.deploy * 1e3)]);
  return new Promise((done, fail) => {
    let child = spawn("railway", words, { cwd: order.root, env, signal, stdio: ["ignore", "pipe", "pipe"] }), said = { out: "", err: "" };
    child.stdout.setEncoding("utf8").on("data", (text) => said.out = (said.out + text).slice(-KEPT)), child.stderr.setEncoding("utf8").on("data", (text) => said.err = (said.err + text).slice(-KEPT)), child.on("error", (error) => error.code === "ENOENT" ? done({ code: void 0, ...said }) : order.signal.aborted ? fail(error) : done({ code: -1, out: said.out, err: error.message })), child.on("close", (code) => done({ code: code ?? -1, ...said }));
  });
}

// src/railway/start.ts
var LISTED = 30;
async function start(order) {
  let before = await quiet(order);
  if (!Array.isArray(before)) return before;
  let there = before.find((one) => one.meta?.commitHash === order.commit), newest = before[0];
  return there !== void 0 && there === newest && UP.has(there.status) ? { id: there.id, verified: (await order.hooks.verified()).some(({ page }) => idOf(page) === there.id) } : there !== void 0 && !ended(there.status) ? { id: there.id, verified: !1 } : order.service.repo === void 0 ? uploaded(order, newest, (await order.hooks.verified())[0]) : byCommit(order, before);
}
async function quiet(order) {
  let begun = performance.now();
  for (let said = !1; ; said = !0) {
    let all = await deployments(order), other = all.find((one) => !ended(one.status) && !HELD.has(one.status) && one.meta?.commitHash !== order.commit);
    if (other === void 0) return all;
    if (said || order.hooks.line(`Preflight: waiting for deployment ${other.id}, which is ${other.status}`), performance.now() - begun > order.limits.deploy * 1e3) return { cause: "busy", seen: other.status };
    await pause3(order.client.budget.pace(order.limits.poll * 1e3, 1), void 0, { signal: order.signal });
  }
}
async function byCommit(order, before) {
  let where = { environment: order.scope.environment.id, service: order.service.id, commit: order.commit };
  try {
    return { id: (await order.client.ask("Deploy", where)).serviceInstanceDeployV2, verified: !1 };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    if (error.kind !== "away") return { cause: "refused", seen: error.message };
    let made = await appeared(order, before, (one) => one.meta?.commitHash === order.commit);
    return made === void 0 ? { cause: "refused", seen: error.message } : { id: made.id, verified: !1 };
  }
}
async function appeared(order, before, fits) {
  let known = new Set(before.map(({ id }) => id)), begun = performance.now();
  for (; ; ) {
    let made = (await deployments(order)).find((one) => !known.has(one.id) && fits(one));
    if (made !== void 0 || performance.now() - begun > LISTED * 1e3) return made;
    await pause3(order.limits.poll * 1e3, void 0, { signal: order.signal });
  }
}
async function uploaded(order, newest, last) {
  return newest !== void 0 && UP.has(newest.status) && idOf(last?.page ?? "") === newest.id && last?.commit === order.commit ? { id: newest.id, verified: !0 } : upload(order);
}

// src/railway/watch.ts
var Watch = class {
  restarts = 0;
  running = 0;
  #known;
  #fallen = /* @__PURE__ */ new Set();
  constructor(at) {
    this.#known = new Set(at.instances.map(({ id }) => id));
  }
  /** What ended the deployment, if anything did. */
  async next(order, id) {
    let now = await look(order, id);
    if (now !== void 0)
      return this.#compare(now), now.status === "REMOVED" || now.status === "REMOVING" ? "replaced" : DOWN.has(now.status) ? "crashed" : now.deploymentStopped ? "ended" : void 0;
  }
  /** An instance that falls is a restart; so is one whose place another takes. More of them are replicas that start late. */
  #compare({ instances }) {
    this.running = instances.filter(({ status }) => status === "RUNNING").length;
    for (let { id, status } of instances) {
      let falls = ["CRASHED", "RESTARTING", "EXITED"].includes(status);
      falls && !this.#fallen.has(id) && (this.restarts += 1), falls ? this.#fallen.add(id) : this.#fallen.delete(id);
    }
    let ids = new Set(instances.map(({ id }) => id)), gone = [...this.#known].filter((id) => !ids.has(id) && !this.#fallen.has(id)).length, fresh = [...ids].filter((id) => !this.#known.has(id)).length;
    this.restarts += Math.min(gone, fresh), this.#known = ids;
  }
};

// src/railway/verify.ts
var SILENCE = 2, ANSWER_MS = 1e4;
function addressOf({ verify: verify2, service }, at) {
  if (verify2.url !== "") return verify2.url;
  let path = at.meta?.serviceManifest?.deploy?.healthcheckPath, domain = service.domains[0] ?? at.staticUrl;
  return typeof path == "string" && path.startsWith("/") && domain ? `https://${domain}${path}` : "";
}
async function wrong(url, signal) {
  try {
    let limited2 = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]), response = await fetch(url, { redirect: "manual", headers: { "user-agent": "preflight" }, signal: limited2 });
    return await response.body?.cancel(), response.status === 200 ? void 0 : String(response.status);
  } catch (error) {
    signal.throwIfAborted();
    let { name, cause } = error;
    return cause?.code ?? name;
  }
}
function readyLine(lines, wanted) {
  return lines.find((line) => wanted === "" ? /\[STAGE (\d+)\/\1\]/.test(line) : line.includes(wanted));
}
async function verify(order, at, log) {
  let begun = performance.now(), seconds2 = () => (performance.now() - begun) / 1e3, verdict = { restarts: 0 }, url = addressOf(order, at), watch = new Watch(at);
  for (; verdict.proof === void 0; ) {
    let seen = url === "" ? void 0 : await wrong(url, order.signal);
    await log.more("DeployLog");
    let proof = url === "" ? proofIn(order, log, watch, seconds2()) : seen === void 0 ? { kind: "answered", url } : void 0;
    if (proof !== void 0) Object.assign(verdict, { proof, cold_start: seconds2() });
    else {
      if (seconds2() > order.limits.verify) return { ...verdict, cause: url === "" ? "no-marker" : "no-answer", seen: seen ?? order.verify.log };
      {
        let cause = await watch.next(order, at.id);
        if (cause !== void 0) return { ...verdict, cause, restarts: watch.restarts };
        await rest(order);
      }
    }
  }
  return watched(order, at, log, watch, verdict, url);
}
function proofIn(order, log, watch, seconds2) {
  let line = readyLine(log.lines, order.verify.log);
  if (line !== void 0) return { kind: "logged", line: line.slice(0, 200) };
  let speaks = order.verify.log !== "" || log.lines.some((each) => /\[STAGE \d+\/\d+\]/.test(each)), patient = seconds2 > Math.min(order.limits.verify, order.limits.poll * 2);
  return !speaks && patient && watch.running > 0 ? { kind: "running", instances: watch.running } : void 0;
}
async function watched(order, at, log, watch, verdict, url) {
  let begun = performance.now(), silent = 0;
  for (; ; ) {
    let cause = await watch.next(order, at.id), seen = url === "" || cause !== void 0 ? void 0 : await wrong(url, order.signal);
    silent = seen === void 0 ? 0 : silent + 1, await log.more("DeployLog");
    let done = { ...verdict, watched: (performance.now() - begun) / 1e3, restarts: watch.restarts };
    if (cause !== void 0) return { ...done, cause };
    if (watch.restarts > 0) return { ...done, cause: "restarting" };
    if (seen !== void 0 && silent >= SILENCE) return { ...done, cause: "went-silent", seen };
    if (done.watched >= order.limits.watch && silent === 0) return done;
    await rest(order);
  }
}

// src/railway/rollback.ts
async function rollBack(order, failed) {
  let begun = performance.now(), before = await deployments(order), verified = (await order.hooks.verified()).map(({ page }) => idOf(page)), target = targetOf(before, verified, failed, order.commit);
  if (target === void 0) return { deployment: "", verified: !1, up: !1 };
  let told = { deployment: target.id, verified: verified.includes(target.id), ...target.meta?.commitHash ? { commit: target.meta.commitHash } : {} };
  order.hooks.line(`Preflight: rolling back to deployment ${target.id}`);
  try {
    await order.client.ask("Rollback", { id: target.id });
  } catch (error) {
    if (!(error instanceof Fault) || error.kind !== "away") return { ...told, up: !1, cause: "refused", seen: error.message };
  }
  let made = await appeared(order, before, () => !0) ?? target;
  return { ...told, ...await restored(order, made), seconds: (performance.now() - begun) / 1e3 };
}
function targetOf(all, verified, failed, commit) {
  let possible = all.filter((one) => one.canRollback && one.id !== failed && one.meta?.commitHash !== commit);
  return verified.map((id) => possible.find((one) => one.id === id)).find((one) => one !== void 0) ?? possible.find((one) => UP.has(one.status) || one.status === "REMOVED");
}
async function restored(order, made) {
  let log = new Log(order, made.id), quiet2 = { ...order, hooks: { ...order.hooks, tell: async () => {
  } }, limits: { ...order.limits, watch: 0 } };
  try {
    let { look: look2, bound } = await follow(quiet2, made.id, log, [], performance.now()), { status } = look2;
    if (bound !== void 0 || !UP.has(status)) return { up: !1, status, ...bound === void 0 ? {} : { cause: bound } };
    let { cause, seen } = await verify(quiet2, look2, log);
    return cause === void 0 ? { up: !0 } : { up: !1, status, cause, ...seen === void 0 ? {} : { seen } };
  } finally {
    log.end();
  }
}

// src/railway/deploy.ts
async function deploy(order) {
  let outcome = { service: order.service.name, environment: order.scope.environment.name, commit: order.commit, deployment: "", result: "failed", status: "", timeline: [], history: [] };
  try {
    await attempt(order, outcome);
  } catch (error) {
    if (!order.signal.aborted) throw error;
    return outcome.result = "cancelled", await cancelled(order, outcome), outcome;
  }
  return outcome.history = await history(order), outcome;
}
async function attempt(order, outcome) {
  let begun = performance.now(), made = await start(order);
  if (!("id" in made)) return void Object.assign(outcome, { result: "refused", ...made });
  if (Object.assign(outcome, { deployment: made.id, page: pageOf(order, made.id) }), made.verified) return standing(order, outcome);
  order.hooks.remember(made.id);
  let log = new Log(order, made.id);
  try {
    let { look: at, bound } = await follow(order, made.id, log, outcome.timeline, begun);
    if (outcome.status = at.status, bound !== void 0) return await stuck(order, outcome, bound);
    if (!UP.has(at.status)) return void Object.assign(outcome, at.status === "SKIPPED" ? { result: "refused", cause: "skipped" } : { result: "failed" });
    let url = addressOf(order, at);
    url !== "" && (outcome.url = url);
    let verdict = await verify(order, at, log);
    Object.assign(outcome, verdict, { result: verdict.cause === void 0 ? "deployed" : "unverified" });
  } finally {
    log.end(), (outcome.result === "failed" || outcome.result === "unverified" || outcome.cause === "skipped") && (outcome.log = log.text());
  }
  outcome.result === "unverified" && order.rollback && outcome.cause !== "replaced" && (outcome.rollback = await rollBack(order, made.id));
}
async function standing(order, outcome) {
  let at = await look(order, outcome.deployment);
  outcome.result = "already", outcome.status = at?.status ?? "", at !== void 0 && addressOf(order, at) !== "" && (outcome.url = addressOf(order, at));
}
async function stuck(order, outcome, bound) {
  Object.assign(outcome, { result: "stuck", cause: bound }), bound === "deadline" && await stop(order, outcome.deployment);
}
async function stop(order, id) {
  await order.client.ask("Cancel", { id }).catch((fault) => order.hooks.line(`Preflight: deployment ${id} was not cancelled: ${fault.message}`));
}
async function cancelled(order, outcome) {
  outcome.deployment === "" || UP.has(outcome.timeline.at(-1)?.[0] ?? "") || await stop({ client: order.client.afresh(), hooks: order.hooks }, outcome.deployment);
}
async function history(order) {
  try {
    return await historyOf(order.client, await deployments(order));
  } catch (error) {
    if (error instanceof Fault) return [];
    throw error;
  }
}

// src/railway/variables.ts
async function variablesOf(client, where, services) {
  let { environment } = await client.ask("VariableNames", { project: where.project, environment: where.environment }), { edges, pageInfo } = environment.variables;
  if (pageInfo.hasNextPage) throw new Fault("refused", "there are more than 1000 variables");
  let values = await client.ask("VariableValues", where).then(
    (answer) => answer.variablesForServiceDeployment,
    (fault) => {
      if (fault.kind !== "permission" && fault.kind !== "refused") throw fault;
    }
  ), names = new Map(services.map(({ id, name }) => [id, name])), all = edges.map(({ node }) => ({
    name: node.name,
    state: node.isSealed ? "sealed" : stateOf(values?.[node.name], values !== void 0 && node.serviceId === where.service, node.references, services),
    references: node.references,
    of: names.get(node.serviceId) ?? "shared"
  })), own = edges.flatMap(({ node }, at) => node.serviceId === where.service ? [all[at]] : []), redis = values?.REDIS_URL;
  return { variables: own, all, redisUrl: typeof redis == "string" && redis !== "" ? withoutSecret(redis) : void 0 };
}
function stateOf(value, read, references, services) {
  return references.some((each) => {
    let [owner = "", ...rest2] = each.split(".");
    return rest2.length > 0 && owner !== "shared" && !services.some(({ name }) => name === owner);
  }) ? "unresolved" : read ? typeof value != "string" || value.trim() === "" ? references.length > 0 ? "unresolved" : "empty" : value.includes("${{") ? "unresolved" : /(^|[/@])(localhost|127\.0\.0\.1|\[::1\])([:/]|$)/i.test(value) ? "localhost" : "set" : "unread";
}
function withoutSecret(value) {
  let [, scheme, user, host] = /^([a-z][a-z0-9+.-]*:\/\/)(.*@)?([\w.-]+(?::\d+)?|\[[\da-f:]+\](?::\d+)?)(?:\/\d*)?(?:\?.*)?$/i.exec(value.trim()) ?? [];
  return scheme === void 0 || host === void 0 ? "no address" : user?.includes("?") ? `${scheme}*****` : `${scheme}${user === void 0 ? "" : "*****@"}${host}`;
}

// src/railway/live.ts
async function recordOf(client, scope, service, services) {
  let live = {
    project: scope.project.name,
    plan: scope.project.plan,
    environment: { name: scope.environment.name, ephemeral: scope.environment.ephemeral, unmerged_changes: scope.environment.unmerged },
    service: { id: service.id, name: service.name },
    unavailable: {}
  }, where = { project: scope.project.id, environment: scope.environment.id, service: service.id }, part = async (name, work) => {
    try {
      Object.assign(live, await work());
    } catch (error) {
      if (error instanceof Fault && error.kind !== "permission" && error.kind !== "refused") throw error;
      live.unavailable[name] = error instanceof Fault ? error.message : "Railway answered in a shape that is not known";
    }
  };
  return await part("settings", () => settings(client, where)), await part("config", () => configuration(client, where)), await part("variables", async () => {
    let { variables, redisUrl, all } = await variablesOf(client, where, services);
    return { variables, ...redisUrl === void 0 ? {} : { redis_url: redisUrl }, redis: redisOf(services, all) };
  }), live.unavailable.variables !== void 0 && (live.redis = redisOf(services, [])), await part("limits", () => limits(client, where)), live;
}
async function settings(client, { environment, service }) {
  let { serviceInstance } = await client.ask("Settings", { environment, service }), { latestDeployment, ...stored } = serviceInstance, { serviceManifest, configFile } = latestDeployment?.meta ?? {};
  return { stored, ...serviceManifest ? { manifest: blocks(serviceManifest) } : {}, ...typeof configFile == "string" ? { config_file: configFile } : {} };
}
async function configuration(client, { environment, service }) {
  let answer = await client.ask("Configuration", { environment });
  return { config: blocks(answer.environment.config?.services?.[service] ?? {}) };
}
function blocks({ build, deploy: deploy2, source }) {
  let { registryCredentials: _, ...rest2 } = deploy2 ?? {};
  return { build: build ?? {}, deploy: rest2, source: source ?? {} };
}
async function limits(client, { environment, service }) {
  let { serviceInstanceLimits: found } = await client.ask("Limits", { environment, service }), bytes = found?.containers?.memoryBytes ?? found?.memoryBytes;
  return typeof bytes == "number" ? { memory_bytes: bytes } : {};
}
function redisOf(services, variables) {
  let looks = /redis|valkey|keydb|dragonfly/i;
  return services.filter(({ name, image, repo }) => looks.test(image ?? "") || repo === void 0 && looks.test(name)).map(({ name, image, volume, status }) => {
    let users = variables.filter(({ references }) => references.some((each) => each.split(".")[0] === name)).map(({ of }) => of), used_by = [...new Set(users.filter((user) => user !== name))].sort();
    return { name, used_by, ...image === void 0 ? {} : { image }, ...volume === void 0 ? {} : { volume }, ...status === void 0 ? {} : { status } };
  });
}

// src/inputs.ts
var InputError = class extends Error {
  /** Told by its name, for each bundle has a class of its own. */
  name = "InputError";
};

// src/railway/scope.ts
async function scopeOf(client) {
  let answer = await client.ask("Scope").catch(async (fault) => {
    throw fault.kind === "token" || fault.kind === "permission" || fault.kind === "refused" ? await explained(client, fault) : fault;
  }), { projectId, environmentId, project, environment } = answer.projectToken;
  return {
    project: { id: projectId, name: project.name, plan: project.subscriptionType },
    environment: { id: environmentId, name: environment.name, ephemeral: environment.isEphemeral, unmerged: environment.unmergedChangesCount ?? 0 }
  };
}
async function explained(client, fault) {
  let account = await client.asAccount().ask("Workspaces").then(() => !0, () => !1), advice = "make a project token for this environment in the settings of the project, under Tokens";
  return account ? new InputError(`input 'railway-token' is the token of an account or a workspace, and must be that of a project: ${advice}`) : new InputError(`input 'railway-token' is not a token that Railway knows: ${advice} (${fault.message})`);
}
async function servicesOf(client, scope) {
  let { environment } = await client.ask("Inventory", { project: scope.project.id, environment: scope.environment.id }), volumes = environment.volumeInstances.edges.map(({ node }) => node);
  return environment.serviceInstances.edges.map(({ node }) => ({
    id: node.serviceId,
    name: node.serviceName,
    repo: node.source?.repo ?? void 0,
    image: node.source?.image ?? void 0,
    status: node.latestDeployment?.status,
    domains: [...node.domains.customDomains, ...node.domains.serviceDomains].map(({ domain }) => domain),
    volume: volumes.find((volume) => volume.serviceId === node.serviceId)?.mountPath
  }));
}
function chosen(services, wanted, repository) {
  let same = (one, other) => one?.toLowerCase() === other.toLowerCase(), among = (all) => all.length === 1 ? all[0] : void 0, found = wanted === "" ? among(services.filter(({ repo }) => same(repo, repository))) ?? among(services.filter(({ image }) => image === void 0)) : services.find(({ id, name }) => id === wanted || same(name, wanted));
  if (found !== void 0) return found;
  let names = services.map(({ name }) => name).join(", ") || "none", problem = wanted === "" ? "input 'railway-service' is needed, for more than one service may be meant" : `input 'railway-service' is '${wanted}', which the environment does not have`;
  throw new InputError(`${problem}; its services: ${names}`);
}

// src/railway.ts
async function connect(given, repository, signal) {
  let client = new Client({ address: given.api, token: given.token, signal }), scope = await scopeOf(client), services = await servicesOf(client, scope);
  return { client, scope, services, service: chosen(services, given.service, repository) };
}
var record = ({ client, scope, service, services }) => recordOf(client, scope, service, services);
function roll({ client, scope, service }, given, about) {
  let { limits: limits2, verify: verify2, rollback, token } = given, order = { client, scope, service, limits: limits2, verify: verify2, rollback, token, ...about };
  return deploy(order);
}
async function abandon(given, deployment) {
  await new Client({ address: given.api, token: given.token }).ask("Cancel", { id: deployment });
}
export {
  abandon,
  connect,
  record,
  roll
};
