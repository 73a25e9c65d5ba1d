import {
  InputError,
  check,
  inputs
} from "./chunk-66I7HUZR.js";
import "./chunk-E76U5H52.js";

// src/main.ts
import { mkdirSync, writeFileSync } from "node:fs";
import { join as join3 } from "node:path";

// src/context.ts
import { readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
function context(env, given) {
  let workspace = resolve(env.GITHUB_WORKSPACE ?? "."), root = resolve(workspace, given.path), below = relative(workspace, root);
  if (below.startsWith("..")) throw new InputError(`Preflight: input 'path' is '${given.path}', which lies outside the workspace`);
  let prefix = below === "" ? "" : `${below.split("\\").join("/")}/`, event = payload(env.GITHUB_EVENT_PATH), [owner = "", repo = ""] = (env.GITHUB_REPOSITORY ?? "").split("/"), server = env.GITHUB_SERVER_URL || "https://github.com", sha = event.pull_request?.head?.sha ?? env.GITHUB_SHA, own = env.GITHUB_ACTION_REPOSITORY, ref = env.GITHUB_ACTION_REF || "main", encoded = prefix.split("/").map(encodeURIComponent).join("/");
  return {
    root,
    prefix,
    temp: env.RUNNER_TEMP || join(workspace, ".preflight"),
    api: env.GITHUB_API_URL || "https://api.github.com",
    owner,
    repo,
    pull: event.pull_request?.number,
    linkBase: sha && owner ? `${server}/${owner}/${repo}/blob/${sha}/${encoded}` : null,
    rulesBase: `${server}/${own || "preflight-action/preflight"}/blob/${own ? ref : "main"}/docs/rules/`,
    event
  };
}
function payload(path) {
  if (!path) return {};
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return {};
  }
}

// src/snapshot.ts
import { spawn } from "node:child_process";
import { closeSync, constants, lstatSync, openSync, readdirSync, readSync } from "node:fs";
import { join as join2 } from "node:path";
async function snapshot(root) {
  let tracked = trackedFiles(root), files = walk(root), known = await tracked, submodules = known?.submodules ?? [], records = files.map((file) => `${known && !known.files.has(file.path) ? "u" : "t"}${file.kind} ${file.size} ${file.path}`), links = submodules.map((path) => `ts 0 ${path}`), readable = new Set(files.filter((file) => file.kind === "f" || file.kind === "x").map((file) => file.path));
  return {
    entries: () => [...records, ...links].join("\0"),
    read: (path, limit) => readable.has(path) ? readAtMost(join2(root, path), limit) : void 0
  };
}
function walk(root) {
  let files = [], pending = [""];
  for (let prefix = pending.pop(); prefix !== void 0; prefix = pending.pop()) {
    let items;
    try {
      items = readdirSync(join2(root, prefix), { withFileTypes: !0 });
    } catch {
      continue;
    }
    for (let item of items) {
      if (item.name === ".git") continue;
      let path = prefix === "" ? item.name : `${prefix}/${item.name}`;
      if (item.isDirectory())
        pending.push(path);
      else if (item.isFile() || item.isSymbolicLink()) {
        let stat = lstatSync(join2(root, path), { throwIfNoEntry: !1 });
        if (!stat) continue;
        let kind = item.isSymbolicLink() ? "l" : stat.mode & 73 ? "x" : "f";
        files.push({ path, size: stat.size, kind });
      }
    }
  }
  return files;
}
function trackedFiles(root) {
  return new Promise((done) => {
    let git = spawn("git", ["-c", "safe.directory=*", "ls-files", "--stage", "-z"], { cwd: root, stdio: ["ignore", "pipe", "ignore"] }), chunks = [];
    git.stdout.on("data", (chunk) => chunks.push(chunk)), git.on("error", () => done(void 0)), git.on("close", (code) => {
      if (code !== 0) return done(void 0);
      let files = /* @__PURE__ */ new Set(), submodules = [];
      for (let record of Buffer.concat(chunks).toString("utf8").split("\0")) {
        let tab = record.indexOf("	");
        if (tab < 0) continue;
        let path = record.slice(tab + 1);
        record.startsWith("160000 ") ? submodules.push(path) : files.add(path);
      }
      done({ files, submodules });
    });
  });
}
function readAtMost(path, limit) {
  let file;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch {
    return;
  }
  try {
    let size = Math.min(limit, lstatSync(path).size), buffer = Buffer.alloc(size), length = 0;
    for (; length < size; ) {
      let read = readSync(file, buffer, length, size - length, length);
      if (read === 0) break;
      length += read;
    }
    return buffer.subarray(0, length);
  } finally {
    closeSync(file);
  }
}

// src/runner.ts
import { randomUUID } from "node:crypto";
import { appendFileSync, statSync } from "node:fs";
var SHOWN = 10, SUMMARY_LIMIT = 1024 * 1024, write = (text) => {
  process.stdout.write(text);
}, data = (text) => text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll(`
`, "%0A"), property = (text) => data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
function line(text) {
  untrusted(`${text}
`);
}
function untrusted(text) {
  let token = randomUUID();
  write(`::stop-commands::${token}
${text.endsWith(`
`) ? text : `${text}
`}::${token}::
`);
}
function mask(secret) {
  write(`::add-mask::${data(secret)}
`);
}
function fault(message) {
  write(`::error title=Preflight::${data(message)}
`);
}
function annotate(annotations, prefix) {
  let counts = /* @__PURE__ */ new Map(), hidden = 0;
  for (let each of annotations) {
    let count = (counts.get(each.level) ?? 0) + 1;
    if (counts.set(each.level, count), count > SHOWN) {
      hidden += 1;
      continue;
    }
    let properties = [
      `file=${property(prefix + each.path)}`,
      `line=${each.line}`,
      `endLine=${each.end_line}`,
      `col=${each.column}`,
      `endColumn=${each.end_column}`,
      `title=${property(each.title)}`
    ];
    write(`::${each.level} ${properties.join(",")}::${data(each.message)}
`);
  }
  hidden > 0 && line(`Preflight: ${hidden} more in the summary; GitHub shows ${SHOWN} annotations of a kind.`);
}
function summarize(env, markdown) {
  let path = env.GITHUB_STEP_SUMMARY;
  if (!path) return;
  if ((statSync(path, { throwIfNoEntry: !1 })?.size ?? 0) + Buffer.byteLength(markdown) + 1 > SUMMARY_LIMIT) return line("Preflight: the job summary is full; the report is in the log.");
  appendFileSync(path, `${markdown}
`);
}
function output(env, values) {
  let path = env.GITHUB_OUTPUT;
  if (path)
    for (let [name, value] of Object.entries(values)) {
      let delimiter = `preflight-${randomUUID()}`;
      appendFileSync(path, `${name}<<${delimiter}
${value}
${delimiter}
`);
    }
}

// src/main.ts
async function run(env) {
  try {
    let given = inputs(env);
    given.token && mask(given.token);
    let at = context(env, given);
    if (given.mode === "comment") return await companion(given, at);
    let outcome = check(await snapshot(at.root), options(given, at));
    return untrusted(outcome.text), annotate(outcome.annotations, at.prefix), summarize(env, outcome.summary), output(env, outputs(outcome, at)), await comment(given, at, outcome), outcome.failed ? 1 : 0;
  } catch (error) {
    return fault(error instanceof InputError ? error.message : `Preflight failed: ${String(error)}`), 2;
  }
}
function options(given, at) {
  return {
    today: (/* @__PURE__ */ new Date()).toISOString().slice(0, 10),
    trigger: given.trigger,
    fail_on: given.failOn,
    config: given.config,
    comment_limit: 65e3,
    summary_limit: 1e6,
    link_base: at.linkBase,
    rules_base: at.rulesBase
  };
}
function outputs(outcome, at) {
  let folder = join3(at.temp, "preflight");
  mkdirSync(folder, { recursive: !0 });
  let report = join3(folder, "report.json");
  writeFileSync(report, `${JSON.stringify(outcome.report, null, 2)}
`);
  let summary = join3(folder, "report.md");
  writeFileSync(summary, outcome.summary);
  let { error, warning, note } = outcome.report.counts;
  return {
    verdict: outcome.report.verdict,
    errors: String(error),
    warnings: String(warning),
    notes: String(note),
    report,
    summary
  };
}
async function comment(given, at, outcome) {
  if (given.comment === "never" || at.pull === void 0) return;
  if (!given.token) return line("Preflight: no token, so no comment; the report is in the summary.");
  let { post } = await import("./github-KRDW3VSO.js"), quiet = ["clear", "nothing-to-check"].includes(outcome.report.verdict) && given.comment === "auto";
  line(await post(at, given.token, at.pull, outcome.comment, quiet));
}
async function companion(given, at) {
  let { companionPull, post } = await import("./github-KRDW3VSO.js"), { readReport } = await import("./companion-BKHFBSJR.js"), pull = await companionPull(at, given.token);
  if (pull === void 0)
    return line("Preflight: the run belongs to no open pull request, so there is nothing to post."), 0;
  let body = readReport(given.report, options(given, at));
  return line(await post(at, given.token, pull, body.comment, body.quiet)), 0;
}

// src/index.ts
process.exitCode = await run(process.env);
