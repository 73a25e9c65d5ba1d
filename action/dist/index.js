// src/checker.ts
import { readFileSync } from "node:fs";

// wasm/checker.js
function audit(host, today2, config, live) {
  let deferred5_0, deferred5_1;
  try {
    let ptr0, len0, ptr1, len1, ptr2, len2;
    try {
      ptr0 = passStringToWasm0(today2, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc), len0 = WASM_VECTOR_LEN, ptr1 = isLikeNone(config) ? 0 : passStringToWasm0(config, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc), len1 = WASM_VECTOR_LEN, ptr2 = passStringToWasm0(live, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc), len2 = WASM_VECTOR_LEN;
    } catch (e) {
      throw ptr2 && wasm.__wbindgen_free(ptr2, len2 * 1, 1), ptr1 && wasm.__wbindgen_free(ptr1, len1 * 1, 1), ptr0 && wasm.__wbindgen_free(ptr0, len0 * 1, 1), e;
    }
    let ret = wasm.audit(host, ptr0, len0, ptr1, len1, ptr2, len2);
    var ptr4 = ret[0], len4 = ret[1];
    if (ret[3])
      throw ptr4 = 0, len4 = 0, takeFromExternrefTable0(ret[2]);
    return deferred5_0 = ptr4, deferred5_1 = len4, getStringFromWasm0(ptr4, len4);
  } finally {
    wasm.__wbindgen_free(deferred5_0, deferred5_1, 1);
  }
}
function check(host, options2) {
  let deferred3_0, deferred3_1;
  try {
    let ptr0 = passStringToWasm0(options2, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc), len0 = WASM_VECTOR_LEN, ret = wasm.check(host, ptr0, len0);
    var ptr2 = ret[0], len2 = ret[1];
    if (ret[3])
      throw ptr2 = 0, len2 = 0, takeFromExternrefTable0(ret[2]);
    return deferred3_0 = ptr2, deferred3_1 = len2, getStringFromWasm0(ptr2, len2);
  } finally {
    wasm.__wbindgen_free(deferred3_0, deferred3_1, 1);
  }
}
function deployment(outcome, rules_base) {
  let deferred4_0, deferred4_1;
  try {
    let ptr0, len0, ptr1, len1;
    try {
      ptr0 = passStringToWasm0(outcome, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc), len0 = WASM_VECTOR_LEN, ptr1 = passStringToWasm0(rules_base, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc), len1 = WASM_VECTOR_LEN;
    } catch (e) {
      throw ptr1 && wasm.__wbindgen_free(ptr1, len1 * 1, 1), ptr0 && wasm.__wbindgen_free(ptr0, len0 * 1, 1), e;
    }
    let ret = wasm.deployment(ptr0, len0, ptr1, len1);
    var ptr3 = ret[0], len3 = ret[1];
    if (ret[3])
      throw ptr3 = 0, len3 = 0, takeFromExternrefTable0(ret[2]);
    return deferred4_0 = ptr3, deferred4_1 = len3, getStringFromWasm0(ptr3, len3);
  } finally {
    wasm.__wbindgen_free(deferred4_0, deferred4_1, 1);
  }
}
function masked(text2) {
  let deferred2_0, deferred2_1;
  try {
    let ptr0 = passStringToWasm0(text2, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc), len0 = WASM_VECTOR_LEN, ret = wasm.masked(ptr0, len0);
    return deferred2_0 = ret[0], deferred2_1 = ret[1], getStringFromWasm0(ret[0], ret[1]);
  } finally {
    wasm.__wbindgen_free(deferred2_0, deferred2_1, 1);
  }
}
function migrate(host, options2) {
  let deferred3_0, deferred3_1;
  try {
    let ptr0 = passStringToWasm0(options2, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc), len0 = WASM_VECTOR_LEN, ret = wasm.migrate(host, ptr0, len0);
    var ptr2 = ret[0], len2 = ret[1];
    if (ret[3])
      throw ptr2 = 0, len2 = 0, takeFromExternrefTable0(ret[2]);
    return deferred3_0 = ptr2, deferred3_1 = len2, getStringFromWasm0(ptr2, len2);
  } finally {
    wasm.__wbindgen_free(deferred3_0, deferred3_1, 1);
  }
}
function plan(host, options2) {
  let deferred3_0, deferred3_1;
  try {
    let ptr0 = passStringToWasm0(options2, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc), len0 = WASM_VECTOR_LEN, ret = wasm.plan(host, ptr0, len0);
    var ptr2 = ret[0], len2 = ret[1];
    if (ret[3])
      throw ptr2 = 0, len2 = 0, takeFromExternrefTable0(ret[2]);
    return deferred3_0 = ptr2, deferred3_1 = len2, getStringFromWasm0(ptr2, len2);
  } finally {
    wasm.__wbindgen_free(deferred3_0, deferred3_1, 1);
  }
}
function render(document, options2) {
  let deferred4_0, deferred4_1;
  try {
    let ptr0, len0, ptr1, len1;
    try {
      ptr0 = passStringToWasm0(document, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc), len0 = WASM_VECTOR_LEN, ptr1 = passStringToWasm0(options2, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc), len1 = WASM_VECTOR_LEN;
    } catch (e) {
      throw ptr1 && wasm.__wbindgen_free(ptr1, len1 * 1, 1), ptr0 && wasm.__wbindgen_free(ptr0, len0 * 1, 1), e;
    }
    let ret = wasm.render(ptr0, len0, ptr1, len1);
    var ptr3 = ret[0], len3 = ret[1];
    if (ret[3])
      throw ptr3 = 0, len3 = 0, takeFromExternrefTable0(ret[2]);
    return deferred4_0 = ptr3, deferred4_1 = len3, getStringFromWasm0(ptr3, len3);
  } finally {
    wasm.__wbindgen_free(deferred4_0, deferred4_1, 1);
  }
}
function __wbg_get_imports() {
  return {
    __proto__: null,
    "./checker_bg.js": {
      __proto__: null,
      __wbg_Error_208446807d0d1e30: function(arg0, arg1) {
        return Error(getStringFromWasm0(arg0, arg1));
      },
      __wbg___wbindgen_debug_string_f249a2a76caa9a55: function(arg0, arg1) {
        let ret = debugString(arg1), ptr1 = passStringToWasm0(ret, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc), len1 = WASM_VECTOR_LEN;
        getDataViewMemory0().setInt32((arg0 >>> 0) + 4, len1, !0), getDataViewMemory0().setInt32((arg0 >>> 0) + 0, ptr1, !0);
      },
      __wbg___wbindgen_throw_4c88d8bf264fd984: function(arg0, arg1) {
        throw new Error(getStringFromWasm0(arg0, arg1));
      },
      __wbg_entries_7cca2f607fc0ea40: function() {
        return handleError(function(arg0, arg1) {
          let ret = arg1.entries(), ptr1 = passStringToWasm0(ret, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc), len1 = WASM_VECTOR_LEN;
          getDataViewMemory0().setInt32((arg0 >>> 0) + 4, len1, !0), getDataViewMemory0().setInt32((arg0 >>> 0) + 0, ptr1, !0);
        }, arguments);
      },
      __wbg_read_5ecb6e91c9b95558: function() {
        return handleError(function(arg0, arg1, arg2, arg3, arg4) {
          let ret = arg1.read(getStringFromWasm0(arg2, arg3), arg4);
          var ptr1 = isLikeNone(ret) ? 0 : passArray8ToWasm0(ret, wasm.__wbindgen_malloc), len1 = WASM_VECTOR_LEN;
          getDataViewMemory0().setInt32((arg0 >>> 0) + 4, len1, !0), getDataViewMemory0().setInt32((arg0 >>> 0) + 0, ptr1, !0);
        }, arguments);
      },
      __wbindgen_init_externref_table: function() {
        let table = wasm.__wbindgen_externrefs;
        table.set(0, void 0), table.set(1024, void 0), table.set(1025, null), table.set(1026, !0), table.set(1027, !1);
      }
    }
  };
}
function addToExternrefTable0(obj) {
  let idx = wasm.__externref_table_alloc();
  return wasm.__wbindgen_externrefs.set(idx, obj), idx;
}
function debugString(val) {
  switch (typeof val) {
    // primitive types
    case "number":
    case "boolean":
    case "undefined":
      return `${val}`;
    case "string":
      return JSON.stringify(val);
    case "bigint":
      return `${val}n`;
    case "symbol":
      return val.description !== void 0 ? `Symbol(${val.description})` : "Symbol";
    case "function":
      return typeof val.name == "string" && val.name !== "" ? `Function(${val.name})` : "Function";
    case "object": {
      if (val === null)
        return "null";
      if (Array.isArray(val))
        return "[" + Array.from(val, debugString).join(", ") + "]";
      if (val instanceof Error)
        return `${val.name}: ${val.message}
${val.stack}`;
      let toStringOutput = toString.call(val), className = /\[object ([^\]]+)\]/.exec(toStringOutput)?.[1];
      if (className === void 0)
        return toStringOutput;
      if (className === "Object")
        try {
          return "Object(" + JSON.stringify(val) + ")";
        } catch {
          return "Object";
        }
      return className;
    }
  }
}
var cachedDataViewMemory0 = null;
function getDataViewMemory0() {
  return (cachedDataViewMemory0 === null || cachedDataViewMemory0.buffer.detached === !0 || cachedDataViewMemory0.buffer.detached === void 0 && cachedDataViewMemory0.buffer !== wasm.memory.buffer) && (cachedDataViewMemory0 = new DataView(wasm.memory.buffer)), cachedDataViewMemory0;
}
function getStringFromWasm0(ptr, len) {
  return ptr = ptr >>> 0, decodeText(getUint8ArrayMemory0().subarray(ptr, ptr + len));
}
var cachedUint8ArrayMemory0 = null;
function getUint8ArrayMemory0() {
  return (cachedUint8ArrayMemory0 === null || cachedUint8ArrayMemory0.byteLength === 0) && (cachedUint8ArrayMemory0 = new Uint8Array(wasm.memory.buffer)), cachedUint8ArrayMemory0;
}
function handleError(f, args) {
  try {
    return f.apply(this, args);
  } catch (e) {
    let idx = addToExternrefTable0(e);
    wasm.__wbindgen_exn_store(idx);
  }
}
function isLikeNone(x) {
  return x == null;
}
function passArray8ToWasm0(arg, malloc) {
  let ptr = malloc(arg.length * 1, 1) >>> 0;
  return getUint8ArrayMemory0().set(arg, ptr / 1), WASM_VECTOR_LEN = arg.length, ptr;
}
function passStringToWasm0(arg, malloc, realloc) {
  if (realloc === void 0) {
    let buf = cachedTextEncoder.encode(arg), ptr2 = malloc(buf.length, 1) >>> 0;
    return getUint8ArrayMemory0().subarray(ptr2, ptr2 + buf.length).set(buf), WASM_VECTOR_LEN = buf.length, ptr2;
  }
  let len = arg.length, ptr = malloc(len, 1) >>> 0, mem = getUint8ArrayMemory0(), offset = 0;
  for (; offset < len; offset++) {
    let code = arg.charCodeAt(offset);
    if (code > 127) break;
    mem[ptr + offset] = code;
  }
  if (offset !== len) {
    offset !== 0 && (arg = arg.slice(offset)), ptr = realloc(ptr, len, len = offset + arg.length * 3, 1) >>> 0;
    let view = getUint8ArrayMemory0().subarray(ptr + offset, ptr + len), ret = cachedTextEncoder.encodeInto(arg, view);
    offset += ret.written, ptr = realloc(ptr, len, offset, 1) >>> 0;
  }
  return WASM_VECTOR_LEN = offset, ptr;
}
function takeFromExternrefTable0(idx) {
  let value = wasm.__wbindgen_externrefs.get(idx);
  return wasm.__externref_table_dealloc(idx), value;
}
var cachedTextDecoder = new TextDecoder("utf-8", { ignoreBOM: !0 });
cachedTextDecoder.decode();
var MAX_SAFARI_DECODE_BYTES = 2146435072, numBytesDecoded = 0;
function decodeText(bytes) {
  return numBytesDecoded += bytes.length, numBytesDecoded >= MAX_SAFARI_DECODE_BYTES && (cachedTextDecoder = new TextDecoder("utf-8", { ignoreBOM: !0 }), cachedTextDecoder.decode(), numBytesDecoded = bytes.length), cachedTextDecoder.decode(bytes);
}
var cachedTextEncoder = new TextEncoder();
"encodeInto" in cachedTextEncoder || (cachedTextEncoder.encodeInto = function(arg, view) {
  let buf = cachedTextEncoder.encode(arg);
  return view.set(buf), {
    read: arg.length,
    written: buf.length
  };
});
var WASM_VECTOR_LEN = 0, wasmModule, wasmInstance, wasm;
function __wbg_finalize_init(instance, module) {
  return wasmInstance = instance, wasm = instance.exports, wasmModule = module, cachedDataViewMemory0 = null, cachedUint8ArrayMemory0 = null, wasm.__wbindgen_start(), wasm;
}
function initSync(module) {
  if (wasm !== void 0) return wasm;
  module !== void 0 && (Object.getPrototypeOf(module) === Object.prototype ? { module } = module : console.warn("using deprecated parameters for `initSync()`; pass a single object instead"));
  let imports = __wbg_get_imports();
  module instanceof WebAssembly.Module || (module = new WebAssembly.Module(module));
  let instance = new WebAssembly.Instance(module, imports);
  return __wbg_finalize_init(instance, module);
}

// src/checker.ts
async function load() {
  initSync({ module: await WebAssembly.compile(readFileSync(new URL("./checker_bg.wasm", import.meta.url))) });
}
function check2(host, options2) {
  return JSON.parse(check(host, JSON.stringify(options2)));
}
function plan2(host, options2) {
  return JSON.parse(plan(host, JSON.stringify(options2)));
}
function render2(document, options2) {
  return JSON.parse(render(document, JSON.stringify(options2)));
}
function audit2(host, today2, config, live) {
  return JSON.parse(audit(host, today2, config ?? void 0, JSON.stringify(live)));
}
function deployment2(outcome, rulesBase) {
  return JSON.parse(deployment(JSON.stringify(outcome), rulesBase));
}
function migration(host, options2) {
  return JSON.parse(migrate(host, JSON.stringify(options2))).markdown;
}

// src/context.ts
import { existsSync, readFileSync as readFileSync3 } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve as resolve2, sep } from "node:path";

// src/inputs.ts
import { readFileSync as readFileSync2 } from "node:fs";
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
      config = readFileSync2(resolve(env.GITHUB_WORKSPACE ?? ".", configPath), "utf8");
    } catch (error2) {
      problems.push(`input 'config': cannot read '${configPath}': ${error2.message}`);
    }
  let report2 = get("report");
  mode === "comment" && report2 === "" && problems.push("input 'report' is needed with mode: comment");
  let token = get("token");
  mode === "comment" && token === "" && problems.push("input 'token' is needed with mode: comment");
  let railway = railwayInputs(get, choice, problems);
  if (problems.length > 0) throw new InputError(problems.join("; "));
  return { mode, path, config, failOn, trigger, comment, suggestions, sarif, prove, proveServices, redisImage, token, report: report2, railway };
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
    return JSON.parse(readFileSync3(path, "utf8"));
}
var at = (value, key) => typeof value == "object" && value !== null ? value[key] : void 0, text = (value) => typeof value == "string" ? value : void 0;

// src/runner.ts
import { appendFileSync, mkdtempSync, statSync, writeFileSync } from "node:fs";
import { join as join2 } from "node:path";

// src/workflow-commands.ts
import { closeSync, openSync, readSync } from "node:fs";
var SHOWN = 10, data = (text2) => text2.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll(`
`, "%0A"), property = (text2) => data(text2).replaceAll(":", "%3A").replaceAll(",", "%2C");
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
function stopped() {
  let token = unguessable();
  return { begin: `::stop-commands::${token}
`, end: `::${token}::
` };
}
var mask = (secret) => `::add-mask::${data(secret)}
`, error = (message) => `::error title=Preflight::${data(visible(message))}
`;
function annotations(all, prefix) {
  let counts = /* @__PURE__ */ new Map(), shown = all.filter(({ level }) => {
    let count = (counts.get(level) ?? 0) + 1;
    return counts.set(level, count), count <= SHOWN;
  });
  return { text: shown.map((each) => annotation(each, prefix)).join(""), hidden: all.length - shown.length };
}
function annotation(each, prefix) {
  let properties = [
    `file=${property(visible(prefix + each.path))}`,
    `line=${each.line}`,
    `endLine=${each.end_line}`,
    `col=${each.column}`,
    `endColumn=${each.end_column}`,
    `title=${property(each.title)}`
  ];
  return `::${each.level} ${properties.join(",")}::${data(each.message)}
`;
}
function output(name, value) {
  let delimiter = `preflight-${unguessable()}`;
  return `${name}<<${delimiter}
${value}
${delimiter}
`;
}

// src/runner.ts
var SUMMARY_LIMIT = 1024 * 1024, write = (text2) => {
  process.stdout.write(text2);
}, line = (text2) => untrusted(visible(text2).replaceAll(`
`, " ")), untrusted = (text2) => write(inert(text2));
function mask2(secret) {
  secret !== "" && write(mask(secret));
}
function fault(error2) {
  let message = error2 instanceof Error ? error2.message : String(error2);
  write(error(error2 instanceof Error && error2.name === "InputError" ? `Preflight: ${message}` : `Preflight could not finish: ${message}`));
}
var problem = (message) => write(error(`Preflight: ${message}`));
function annotate(annotations2, prefix) {
  let { text: text2, hidden } = annotations(annotations2, prefix);
  write(text2), hidden > 0 && line(`Preflight: ${hidden} more in the log and the summary; GitHub shows ${SHOWN} annotations of a kind.`);
}
function summarize(env, markdown) {
  let path = env.GITHUB_STEP_SUMMARY;
  if (!path) return;
  if ((statSync(path, { throwIfNoEntry: !1 })?.size ?? 0) + Buffer.byteLength(markdown) + 1 > SUMMARY_LIMIT) return line("Preflight: the job summary is full; the report is in the log.");
  appendFileSync(path, `${markdown}
`);
}
function report(temp, outcome) {
  let folder = mkdtempSync(join2(temp, "preflight-")), report2 = join2(folder, "report.json");
  writeFileSync(report2, `${JSON.stringify(outcome.report, null, 2)}
`);
  let summary = join2(folder, "report.md");
  writeFileSync(summary, outcome.summary);
  let sarif = outcome.sarif === null ? "" : join2(folder, "report.sarif");
  outcome.sarif !== null && writeFileSync(sarif, outcome.sarif);
  let proof = outcome.html === null ? "" : join2(folder, "proof.html");
  outcome.html !== null && writeFileSync(proof, outcome.html);
  let { verdict, counts } = outcome.report;
  return { verdict, errors: String(counts.error), warnings: String(counts.warning), notes: String(counts.note), report: report2, summary, sarif, proof };
}
function auditFile(temp, document) {
  let path = join2(mkdtempSync(join2(temp, "preflight-")), "audit.json");
  return writeFileSync(path, `${JSON.stringify(document, null, 2)}
`), path;
}
function state(env, name, value) {
  let path = env.GITHUB_STATE;
  path && appendFileSync(path, output(name, value));
}
function group(title) {
  let { begin, end } = stopped();
  return write(`::group::${visible(title).replaceAll(`
`, " ")}
${begin}`), { line: (text2) => write(`${visible(text2).replaceAll(`
`, " ")}
`), end: () => write(`${end}::endgroup::
`) };
}
function output2(env, values) {
  let path = env.GITHUB_OUTPUT;
  path && appendFileSync(path, Object.entries(values).map(([name, value]) => output(name, value)).join(""));
}

// src/live.ts
var DEPLOYING = ["push", "workflow_dispatch"];
function mayAudit({ railway }, at2) {
  if (!railway.audit) return !1;
  let reason = at2.foreign ? "the files may be those of a fork" : railway.token === "" ? "there is no railway-token" : void 0;
  return reason !== void 0 && line(`Preflight: Railway is not audited, because ${reason}.`), reason === void 0;
}
async function audited({ railway, config }, at2, files, today2) {
  let { connect, record } = await import("./railway.js");
  try {
    let connection = await connect(railway, `${at2.owner}/${at2.repo}`, new AbortController().signal);
    return audit2(files, today2, config, await record(connection));
  } catch (error2) {
    let { kind, message } = error2;
    if (kind !== "away" && kind !== "rate") throw error2;
    line(`Preflight: Railway is not audited: ${message}.`);
    return;
  }
}
async function deployed(env, given, at2) {
  if (!DEPLOYING.includes(at2.event))
    return line(`Preflight: not deployed, because the event is ${at2.event || "unknown"}: only ${DEPLOYING.join(" and ")} deploy.`), !0;
  let stop = new AbortController(), signals = ["SIGINT", "SIGTERM"], abort = () => stop.abort();
  for (let signal of signals) process.on(signal, abort);
  try {
    let { connect } = await import("./railway.js");
    return await rolled(env, given, at2, await connect(given.railway, `${at2.owner}/${at2.repo}`, stop.signal), stop.signal);
  } finally {
    for (let signal of signals) process.removeListener(signal, abort);
  }
}
async function rolled(env, given, at2, connection, signal) {
  let { roll } = await import("./railway.js"), { Deployments } = await import("./github.js"), { environment } = connection.scope, about = { sha: at2.sha, environment: `${environment.name} / ${connection.service.name}`, production: !environment.ephemeral }, record = new Deployments(at2, given.token, about, line), hooks = hooksOf(env, given, record);
  await record.tell("queued", { description: connection.service.name });
  let outcome = await roll(connection, given.railway, { commit: at2.sha, root: at2.root, signal, hooks }).catch(async (error2) => {
    throw await record.tell("error", { description: error2.message }), error2;
  });
  hooks.remember("");
  let { headline, good } = say(env, at2, outcome), { page, url, result } = outcome, state2 = good ? "success" : result === "cancelled" ? "error" : "failure";
  return await record.tell(state2, { description: headline, ...page === void 0 ? {} : { page }, ...url === void 0 ? {} : { url } }), good;
}
function hooksOf(env, given, record) {
  let secrets = [given.token, given.railway.token].filter((secret) => secret !== "");
  return {
    line,
    group,
    masked: (text2) => secrets.reduce((left, secret) => left.replaceAll(secret, "***"), masked(text2)),
    remember: (deployment3) => state(env, "preflight-deployment", deployment3 === "" ? "" : `${deployment3} ${record.id ?? ""}`),
    tell: (...status) => record.tell(...status),
    verified: () => record.verified()
  };
}
function say(env, at2, outcome) {
  let { headline, text: text2, markdown, good } = deployment2(outcome, at2.rulesBase);
  return untrusted(text2), summarize(env, markdown), output2(env, { deployment: outcome.deployment, "deployment-result": outcome.result, "deployment-url": outcome.page ?? "" }), good || problem(headline), { headline, good };
}

// src/report-file.ts
import { closeSync as closeSync2, constants, fstatSync, openSync as openSync2, readFileSync as readFileSync4 } from "node:fs";
var LIMIT = 1024 * 1024;
function readReport(path) {
  let file;
  try {
    file = openSync2(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error2) {
    throw new InputError(`cannot read the report: ${error2.message}`);
  }
  try {
    let stat = fstatSync(file);
    if (!stat.isFile()) throw new InputError("the report is not a regular file");
    if (stat.size > LIMIT) throw new InputError(`the report has ${stat.size} bytes, and at most ${LIMIT} are read`);
    return readFileSync4(file, "utf8");
  } finally {
    closeSync2(file);
  }
}

// src/snapshot.ts
import { closeSync as closeSync3, constants as constants2, fstatSync as fstatSync2, lstatSync, openSync as openSync3, readdirSync, readSync as readSync2 } from "node:fs";

// src/git-index.ts
import { existsSync as existsSync2, readFileSync as readFileSync5, statSync as statSync2 } from "node:fs";
import { dirname as dirname2, join as join3, relative as relative2, sep as sep2 } from "node:path";
var STATE = 60, EXTENDED = 16384, SUBMODULE = 57344;
function readIndex(root) {
  let top = topOf(root);
  if (top !== void 0)
    try {
      let git = join3(top, ".git");
      if (!statSync2(git).isDirectory() || /objectformat|worktree/i.test(readFileSync5(join3(git, "config"), "utf8"))) return;
      let within = relative2(top, root).split(sep2).join("/");
      return parse(readFileSync5(join3(git, "index")), within === "" ? "" : `${within}/`);
    } catch {
      return;
    }
}
function topOf(root) {
  for (let directory = root; ; directory = dirname2(directory)) {
    if (existsSync2(join3(directory, ".git"))) return directory;
    if (existsSync2(join3(directory, "HEAD")) || directory === dirname2(directory)) return;
  }
}
function parse(index, prefix) {
  let version = index.readUInt32BE(4);
  if (index.toString("latin1", 0, 4) !== "DIRC" || version !== 2 && version !== 3) return;
  let tracked = { files: /* @__PURE__ */ new Set(), submodules: [] }, at2 = 12;
  for (let left = index.readUInt32BE(8); left > 0; left -= 1) {
    let name = at2 + STATE + 2 + (index.readUInt16BE(at2 + STATE) & EXTENDED ? 2 : 0), end = index.indexOf(0, name);
    if (end < 0) return;
    let path = index.toString("utf8", name, end);
    path.startsWith(prefix) && (index.readUInt32BE(at2 + 24) === SUBMODULE ? tracked.submodules.push(path.slice(prefix.length)) : tracked.files.add(path.slice(prefix.length))), at2 += Math.floor((end - at2 + 8) / 8) * 8;
  }
  return onlyKnown(index, at2) ? tracked : void 0;
}
function onlyKnown(index, from) {
  for (let at2 = from; at2 + 20 < index.length; at2 += 8 + index.readUInt32BE(at2 + 4)) {
    let first = index[at2] ?? 0;
    if (first < 65 || first > 90) return !1;
  }
  return !0;
}

// src/snapshot.ts
var GIT = ["-c", "safe.directory=*", "-c", "safe.bareRepository=explicit", "-c", "core.fsmonitor=false"];
async function snapshot(root) {
  if (!lstatSync(root, { throwIfNoEntry: !1 })?.isDirectory()) throw new Error(`${root} is not a directory`);
  let listing = readIndex(root) ?? listed(root), files = new Walk(root), tracked = untouched(await listing, files), records = files.records.map(([kind, size, path]) => `${tracked?.files.has(path) === !1 ? "u" : "t"}${kind} ${size} ${path}`);
  for (let path of tracked?.submodules ?? []) records.push(`ts 0 ${path}`);
  return {
    warnings: files.warnings,
    entries: () => records.join("\0"),
    read: (path, limit) => {
      let place = files.odd.get(path) ?? `${root}/${path}`;
      return path.split("/").includes("..") ? void 0 : readAtMost(place, limit);
    }
  };
}
function untouched(tracked, files) {
  if (tracked === void 0 || tracked.files.size + tracked.submodules.length > 0 || files.records.length === 0) return tracked;
  files.warnings.push("git tracks nothing here yet: judged as if every file were committed");
}
var Walk = class {
  records = [];
  /** Real names of files whose path is not UTF-8. */
  odd = /* @__PURE__ */ new Map();
  warnings = [];
  constructor(root) {
    let pending = [[root, ""]];
    for (let next = pending.pop(); next !== void 0; next = pending.pop()) this.#list(...next, pending);
  }
  #list(directory, prefix, pending) {
    let items;
    try {
      items = entriesOf(directory);
    } catch (error2) {
      this.warnings.push(error2.message);
      return;
    }
    for (let item of items) {
      let shown = item.name.toString();
      if (shown === ".git") continue;
      let real = join4(directory, item.name);
      item.isDirectory() ? pending.push([real, `${prefix}${shown}/`]) : (item.isFile() || item.isSymbolicLink()) && this.#add(real, prefix + shown);
    }
  }
  #add(real, path) {
    let stat = lstatSync(real, { throwIfNoEntry: !1 });
    stat && (this.records.push([stat.isSymbolicLink() ? "l" : stat.mode & 73 ? "x" : "f", stat.size, path]), typeof real != "string" && this.odd.set(path, real));
  }
};
function entriesOf(directory) {
  let items = readdirSync(directory, { withFileTypes: !0 });
  return items.some(({ name }) => name.includes("�")) ? readdirSync(directory, { withFileTypes: !0, encoding: "buffer" }) : items;
}
function join4(directory, name) {
  return typeof directory == "string" && typeof name == "string" ? `${directory}/${name}` : Buffer.concat([Buffer.from(directory), Buffer.from("/"), Buffer.from(name)]);
}
function listed(root) {
  return new Promise((done) => {
    let { spawn } = process.getBuiltinModule("node:child_process"), git = spawn("git", [...GIT, "ls-files", "--stage", "-z"], { cwd: root, stdio: ["ignore", "pipe", "ignore"] }), chunks = [];
    git.stdout.on("data", (chunk) => chunks.push(chunk)), git.on("error", () => done(void 0)), git.on("close", (code) => done(code === 0 ? parse2(Buffer.concat(chunks).toString()) : void 0));
  });
}
function parse2(listing) {
  let files = /* @__PURE__ */ new Set(), submodules = [];
  for (let record of listing.split("\0")) {
    let tab = record.indexOf("	");
    if (tab < 0) continue;
    let path = record.slice(tab + 1);
    record.startsWith("160000 ") ? submodules.push(path) : files.add(path);
  }
  return { files, submodules };
}
function readAtMost(path, limit) {
  let file;
  try {
    file = openSync3(path, constants2.O_RDONLY | constants2.O_NOFOLLOW | constants2.O_NONBLOCK);
  } catch {
    return;
  }
  try {
    let stat = fstatSync2(file);
    if (!stat.isFile()) return;
    let bytes = Buffer.allocUnsafe(Math.min(limit, stat.size)), length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read)
      read = readSync2(file, bytes, length, bytes.length - length, length);
    return bytes.subarray(0, length);
  } finally {
    closeSync3(file);
  }
}

// src/main.ts
var COMMENT_LIMIT = 65e3, NOTHING = { audit: "", deployment: "", "deployment-result": "", "deployment-url": "" }, today = () => (/* @__PURE__ */ new Date()).toISOString().slice(0, 10);
async function run(env) {
  try {
    let given = inputs(env);
    for (let secret of [given.token, given.railway.token]) mask2(secret);
    let at2 = context(env, given);
    return given.mode === "comment" ? await companion(env, given, at2) : await judge(env, given, at2);
  } catch (error2) {
    return fault(error2), 2;
  }
}
async function judge(env, given, at2) {
  let [files] = await Promise.all([snapshot(at2.root), load()]);
  for (let warning of files.warnings) line(`Preflight: not read: ${warning}`);
  let outcome = given.prove === "off" ? check2(files, options(given, at2)) : await proved(env, given, at2, files);
  untrusted(outcome.text), annotate(outcome.annotations, at2.prefix), summarize(env, outcome.summary), output2(env, { ...NOTHING, ...report(at2.temp, outcome) });
  let audit3 = mayAudit(given, at2) ? await audited(given, at2, files, today()) : void 0;
  if (audit3 !== void 0 && tellAudit(env, at2, audit3), given.comment !== "never" && at2.pull !== void 0) {
    let body = joined(outcome.comment, audit3?.markdown, suggested(given, at2, files, outcome));
    await post(env, given, at2, at2.pull, body, audit3 !== void 0 || said(outcome.report.verdict)) && given.suggestions === "auto" && await suggest(given, at2, at2.pull, outcome.review);
  }
  let failed = outcome.failed || (audit3?.failed ?? !1);
  return given.railway.deploy ? (failed && line("Preflight: not deployed, because of what was found."), !failed && await deployed(env, given, at2) ? 0 : 1) : failed ? 1 : 0;
}
function tellAudit(env, at2, { audit: audit3, text: text2, markdown }) {
  untrusted(text2), summarize(env, markdown), output2(env, { audit: auditFile(at2.temp, audit3) });
}
function joined(comment, ...more) {
  return more.reduce((all, part) => {
    let both = part ? `${all.trimEnd()}

${part}` : all;
    return Buffer.byteLength(both) <= COMMENT_LIMIT ? both : all;
  }, comment);
}
function suggested(given, at2, files, { report: report2 }) {
  return report2.findings.some(({ rule }) => rule === "config-cutoff") ? migration(files, { today: today(), project: at2.repo, repository: `${at2.owner}/${at2.repo}`, variables: [], config: given.config }) : "";
}
async function proved(env, given, at2, files) {
  let asked = options(given, at2), { text: text2, plan: smoke, files: travelling } = plan2(files, { ...asked, profile: given.prove, only: given.proveServices });
  untrusted(`Preflight will prove in Docker:
${text2}`);
  let { prove } = await import("./prove.js"), observations = await prove(env, at2, { plan: smoke, files: travelling, profile: given.prove, redisImage: given.redisImage });
  return check2(files, { ...asked, observations });
}
async function companion(env, given, at2) {
  let { pullOfRun } = await import("./github.js"), pull = await pullOfRun(at2, given.token);
  if (pull === void 0)
    return line("Preflight: the run belongs to no open pull request at this commit, so there is nothing to post."), 0;
  let text2 = readReport(given.report);
  await load();
  let { comment, verdict } = render2(text2, options(given, at2));
  return await post(env, given, at2, pull, comment, said(verdict)), 0;
}
var said = (verdict) => verdict !== "clear" && verdict !== "nothing-to-check";
async function post(env, given, at2, pull, body, worthwhile) {
  if (given.token === "")
    return line("Preflight: no token, so no comment; the report is in the summary."), !1;
  let { post: post2 } = await import("./github.js"), { line: line2, url, allowed } = await post2(at2, given.token, pull, body, given.comment === "auto" && !worthwhile);
  return line(line2), output2(env, { "comment-url": url }), allowed;
}
async function suggest(given, at2, pull, review) {
  let { suggest: suggest2 } = await import("./github.js"), line2 = await suggest2(at2, given.token, pull, review);
  line2 !== "" && line(line2);
}
function options(given, at2) {
  return {
    today: today(),
    trigger: given.trigger,
    fail_on: given.failOn,
    config: given.config,
    comment_limit: COMMENT_LIMIT,
    summary_limit: 1e6,
    link_base: at2.linkBase,
    rules_base: at2.rulesBase,
    sarif: given.sarif,
    prefix: at2.prefix
  };
}

// src/index.ts
process.exitCode = await run(process.env);
