// src/post.ts
import { readdirSync, readFileSync as readFileSync3 } from "node:fs";

// src/workflow-commands.ts
import { closeSync, openSync, readSync } from "node:fs";
function unguessable() {
  let bytes = Buffer.alloc(16);
  try {
    let source = openSync("/dev/urandom", "r"), read = readSync(source, bytes);
    if (closeSync(source), read === bytes.length) return bytes.toString("hex");
  } catch {
  }
  return process.getBuiltinModule("node:crypto").randomUUID();
}
var visible = (text2) => text2.replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu, (char) => `\\u{${char.charCodeAt(0).toString(16)}}`);
function inert(text2) {
  let token = unguessable();
  return `::stop-commands::${token}
${text2.endsWith(`
`) ? text2 : `${text2}
`}::${token}::
`;
}

// src/runner.ts
var SUMMARY_LIMIT = 1024 * 1024, write = (text2) => {
  process.stdout.write(text2);
}, line = (text2) => untrusted(visible(text2).replaceAll(`
`, " ")), untrusted = (text2) => write(inert(text2));

// src/abandoned.ts
async function abandoned(env, given, at2) {
  let [, deployment, record] = /^([\w-]+) (\d*)$/.exec(env["STATE_preflight-deployment"] ?? "") ?? [];
  if (deployment === void 0 || given.railway.token === "") return;
  let { abandon } = await import("./railway.js");
  if (await abandon(given.railway, deployment).catch((error2) => line(`Preflight: deployment ${deployment} was not cancelled: ${error2.message}`)), !record) return;
  let { Deployments } = await import("./github.js"), about = { sha: at2.sha, environment: "", production: !1 };
  await new Deployments(at2, given.token, about, line, Number(record)).tell("error", { description: "the run ended before the deployment did" });
}

// src/context.ts
import { existsSync, readFileSync as readFileSync2 } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve as resolve2, sep } from "node:path";

// src/inputs.ts
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

// src/railway-inputs.ts
var API = "https://backboard.railway.com/graphql/v2";
function railwayInputs(get, choice, problems) {
  let yes = (name, missing) => choice(name, ["true", "false"], missing) === "true", seconds = (name, missing, most) => {
    let value = get(name) || String(missing);
    return (!/^\d+(\.\d+)?$/.test(value) || Number(value) > most) && problems.push(`input '${name}' is '${value}', and must be seconds up to ${most}`), Number(value);
  }, address = (name, missing) => {
    let value = get(name) || missing;
    return value !== "" && !isSafe(value) && problems.push(`input '${name}' is no address that begins with https://`), value;
  }, given = {
    token: get("railway-token"),
    service: get("railway-service"),
    api: address("railway-api", API),
    audit: yes("audit", "false"),
    deploy: yes("deploy", "false"),
    rollback: yes("rollback", "true"),
    verify: { url: address("verify-url", ""), log: get("verify-log") },
    limits: { deploy: seconds("deploy-timeout", 1200, 7200), verify: seconds("verify-timeout", 120, 3600), watch: seconds("watch", 60, 3600), poll: Math.max(0.05, seconds("poll", 5, 300)) }
  };
  return given.deploy && given.token === "" && problems.push("input 'railway-token' is needed with deploy: true"), given;
}
function isSafe(value) {
  let url = URL.parse(value);
  return url?.protocol === "https:" || url?.protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
}

// src/inputs.ts
var InputError = class extends Error {
  /** Told by its name, for each bundle has a class of its own. */
  name = "InputError";
};
function inputs(env) {
  let problems = [], get = (name) => (env[`INPUT_${name.toUpperCase()}`] ?? "").trim(), choice = (name, known, missing) => {
    let value = get(name);
    if (value === "") return missing;
    let found = known.find((each) => each === value);
    return found === void 0 && problems.push(`input '${name}' is '${value}', and must be one of ${known.join(", ")}`), found ?? missing;
  }, mode = choice("mode", ["check", "comment"], "check"), comment = choice("comment", ["auto", "always", "never"], "auto"), suggestions = choice("suggestions", ["auto", "never"], "auto"), sarif = choice("sarif", ["true", "false"], "false") === "true", prove = choice("prove", ["off", "build", "quick", "full"], "off"), proveServices = get("prove-services").split(/[\s,]+/).filter((name) => name !== ""), redisImage = get("redis-image") || "redis:8-alpine";
  /^[\w][\w./:@-]*$/.test(redisImage) || problems.push(`input 'redis-image' is '${redisImage}', which is no name of an image`);
  let failOn = choice("fail-on", ["", "error", "warning", "note", "never"], "") || null, trigger = choice("trigger", ["", "github", "railway-up", "local"], "") || null, path = get("path") || ".", config = null, configPath = get("config");
  if (configPath)
    try {
      config = readFileSync(resolve(env.GITHUB_WORKSPACE ?? ".", configPath), "utf8");
    } catch (error2) {
      problems.push(`input 'config': cannot read '${configPath}': ${error2.message}`);
    }
  let report = get("report");
  mode === "comment" && report === "" && problems.push("input 'report' is needed with mode: comment");
  let token = get("token");
  mode === "comment" && token === "" && problems.push("input 'token' is needed with mode: comment");
  let railway = railwayInputs(get, choice, problems);
  if (problems.length > 0) throw new InputError(problems.join("; "));
  return { mode, path, config, failOn, trigger, comment, suggestions, sarif, prove, proveServices, redisImage, token, report, railway };
}

// src/context.ts
function context(env, given) {
  let workspace = resolve2(env.GITHUB_WORKSPACE || "."), root = resolve2(workspace, given.path), below = relative(workspace, root);
  if (below === ".." || below.startsWith(`..${sep}`))
    throw new InputError(`input 'path' is '${given.path}', which lies outside the workspace`);
  let within = relative(repositoryRoot(root, workspace), root).split(sep).join("/"), prefix = within === "" ? "" : `${within}/`, event = payload(env.GITHUB_EVENT_PATH), pull = at(event, "pull_request"), run2 = workflowRun(at(event, "workflow_run")), [owner = "", repo = ""] = (env.GITHUB_REPOSITORY ?? "").split("/"), head = text(at(at(pull, "head"), "sha")), sha = run2?.sha ?? head ?? env.GITHUB_SHA, server = env.GITHUB_SERVER_URL || "https://github.com", encoded = prefix.split("/").map(encodeURIComponent).join("/"), own = env.GITHUB_ACTION_REPOSITORY, rules = own ? `${own}/blob/${env.GITHUB_ACTION_REF || "main"}` : "preflight-action/preflight/blob/main", number = at(pull, "number");
  return {
    root,
    prefix,
    temp: env.RUNNER_TEMP || tmpdir(),
    api: env.GITHUB_API_URL || "https://api.github.com",
    owner,
    repo,
    event: env.GITHUB_EVENT_NAME ?? "",
    sha: env.GITHUB_SHA ?? "",
    foreign: foreign(env, pull),
    pull: Number.isInteger(number) ? number : void 0,
    head,
    linkBase: sha && owner ? `${server}/${owner}/${repo}/blob/${sha}/${encoded}` : null,
    rulesBase: `https://github.com/${rules}/docs/rules/`,
    run: run2
  };
}
var OWN = ["push", "workflow_dispatch", "schedule", "merge_group"];
function foreign(env, pull) {
  let event = env.GITHUB_EVENT_NAME ?? "";
  return event !== "pull_request" ? !OWN.includes(event) : text(at(at(at(pull, "head"), "repo"), "full_name"))?.toLowerCase() !== env.GITHUB_REPOSITORY?.toLowerCase();
}
function repositoryRoot(root, workspace) {
  for (let directory = root; directory !== workspace; directory = dirname(directory))
    if (existsSync(join(directory, ".git"))) return directory;
  return workspace;
}
function workflowRun(run2) {
  let sha = text(at(run2, "head_sha")), branch = text(at(run2, "head_branch")), owner = text(at(at(at(run2, "head_repository"), "owner"), "login"));
  return sha && branch && owner ? { sha, branch, owner } : void 0;
}
function payload(path) {
  if (!(!path || !existsSync(path)))
    return JSON.parse(readFileSync2(path, "utf8"));
}
var at = (value, key) => typeof value == "object" && value !== null ? value[key] : void 0, text = (value) => typeof value == "string" ? value : void 0;

// src/docker.ts
import { spawn, spawnSync } from "node:child_process";
var KEPT = 8 * 1024 * 1024;
function sweep(env, label) {
  let docker = (words) => {
    let { stdout } = spawnSync("docker", words, { env, encoding: "utf8", timeout: 3e4, stdio: ["ignore", "pipe", "ignore"] });
    return (stdout ?? "").split(`
`).filter((id) => id !== "");
  }, filter = ["--filter", `label=${label}`];
  for (let round = 0; round < 2; round += 1) {
    let containers = docker(["ps", "--all", "--quiet", ...filter]);
    containers.length > 0 && docker(["rm", "--force", "--volumes", ...containers]);
    let networks = docker(["network", "ls", "--quiet", ...filter]);
    networks.length > 0 && docker(["network", "rm", ...networks]);
    let images = docker(["images", "--quiet", ...filter]);
    if (images.length > 0 && docker(["rmi", "--force", ...new Set(images)]), containers.length + networks.length + images.length === 0) return;
  }
}

// src/post.ts
var SETTLE_MS = 1e3, run = process.env["STATE_preflight-run"];
if (run && /^[0-9a-f]+$/.test(run)) {
  let label = `preflight.run=${run}`;
  stopped2(label) && pause(SETTLE_MS), sweep(process.env, label);
}
if (process.env["STATE_preflight-deployment"]) {
  let given = inputs(process.env);
  await abandoned(process.env, given, context(process.env, given));
}
function stopped2(label) {
  let clients = process.platform === "linux" ? readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && commandOf(pid).includes(label)) : [];
  for (let pid of clients)
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch {
    }
  return clients.length > 0;
}
function commandOf(pid) {
  try {
    return readFileSync3(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
function pause(milliseconds) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
