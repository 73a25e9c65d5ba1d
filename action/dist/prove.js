// src/prove.ts
import { spawnSync as spawnSync2 } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync as mkdtempSync2, rmSync } from "node:fs";
import { hostname as hostname2 } from "node:os";
import { join as join2 } from "node:path";

// src/build.ts
import { cpSync, existsSync, mkdirSync, readlinkSync, lstatSync, symlinkSync, writeFileSync, copyFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

// src/tar-sizes.ts
var TarSizes = class {
  files = 0;
  bytes = 0;
  #rest = Buffer.alloc(0);
  /** Bytes of content that are still to come, padding included. */
  #skip = 0;
  /** The long name of a link, from the header before its own. */
  #link;
  #pax;
  take(chunk) {
    for (this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]); ; ) {
      if (this.#skip > 0) {
        let some = Math.min(this.#skip, this.#rest.length);
        if (this.#pax && (this.#pax.text = Buffer.concat([this.#pax.text, this.#rest.subarray(0, some)])), this.#rest = this.#rest.subarray(some), this.#skip -= some, this.#skip > 0) return;
        this.#pax && this.#readPax();
      }
      if (this.#rest.length < 512) return;
      let header = this.#rest.subarray(0, 512);
      this.#rest = this.#rest.subarray(512), !header.every((byte) => byte === 0) && this.#header(header);
    }
  }
  #header(header) {
    let size = number(header.subarray(124, 136));
    this.#skip = Math.ceil(size / 512) * 512;
    let type = String.fromCharCode(header[156] ?? 0);
    type === "x" ? this.#pax = { length: size, text: Buffer.alloc(0) } : type === "0" || type === "\0" ? (this.files += 1, this.bytes += size) : type === "2" && (this.files += 1, this.bytes += this.#link ?? text(header.subarray(157, 257)).length, this.#link = void 0);
  }
  #readPax() {
    let { length, text: bytes } = this.#pax ?? { length: 0, text: Buffer.alloc(0) }, [, path] = /\d+ linkpath=([^\n]*)\n/.exec(bytes.toString("latin1", 0, length)) ?? [];
    path !== void 0 && (this.#link = path.length), this.#pax = void 0;
  }
}, text = (field) => {
  let end = field.indexOf(0);
  return field.toString("latin1", 0, end < 0 ? field.length : end);
};
function number(field) {
  return (field[0] ?? 0) & 128 ? Number(field.readBigUInt64BE(4)) : Number.parseInt(text(field).trim() || "0", 8);
}

// src/build.ts
var LINES = 400, WIDTH = 500, MEASURED = 3e8;
async function builder(docker) {
  let [buildx, version] = await Promise.all([docker.call(["buildx", "version"]), docker.call(["version", "--format", "{{.Client.Version}}"])]);
  return buildx.code === 0 ? ["buildx", "build", "--load"] : Number.parseInt(version.out, 10) < 23 ? ["build"] : void 0;
}
function layOut(root, plan, files, place) {
  let directory = join(place, "context");
  mkdirSync(directory, { recursive: !0 });
  for (let path of files) copy(join(root, path), join(directory, relative(plan.root, path)));
  let inside = plan.root === "" || plan.dockerfile.startsWith(`${plan.root}/`), dockerfile = inside ? join(directory, relative(plan.root, plan.dockerfile)) : join(place, "dockerfile", plan.dockerfile);
  for (let end of ["", ".dockerignore"])
    !inside && existsSync(join(root, plan.dockerfile + end)) && copy(join(root, plan.dockerfile + end), dockerfile + end);
  let ignore = `${dockerfile}.dockerignore`;
  return { directory, dockerfile, ignore: existsSync(ignore) ? ignore : void 0 };
}
function copy(from, to) {
  mkdirSync(dirname(to), { recursive: !0 });
  let stat = lstatSync(from, { throwIfNoEntry: !1 });
  stat?.isSymbolicLink() ? symlinkSync(readlinkSync(from), to) : stat?.isFile() && cpSync(from, to);
}
function cache(env, words, driver, scope) {
  return !(env.ACTIONS_RUNTIME_TOKEN && (env.ACTIONS_RESULTS_URL || env.ACTIONS_CACHE_URL)) || words[0] !== "buildx" || driver === "docker" ? [] : ["--cache-from", `type=gha,scope=${scope}`, "--cache-to", `type=gha,mode=max,ignore-error=true,scope=${scope}`];
}
async function build(docker, words, plan, context, tag, extra, env, line2) {
  let log = [], keep = (text2) => {
    line2(text2), log.push(text2.slice(0, WIDTH)), log.length > LINES && log.splice(0, log.length - LINES);
  }, args = Object.entries(plan.build_args).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]), all = [...words, "--progress=plain", "--platform=linux/amd64", ...docker.labels.slice(0, 2), "--tag", tag, ...args, ...extra, "--file", context.dockerfile, context.directory], begun = Date.now(), measuring = plan.context_bytes <= MEASURED ? measure(docker, words, context) : void 0, { code } = await docker.call(all, { line: keep, limit: plan.build_limit * 1e3, env: { DOCKER_BUILDKIT: "1", ...env } }), milliseconds = Date.now() - begun, made = { succeeded: code === 0, milliseconds, timed_out: milliseconds >= plan.build_limit * 1e3, log, ...await measuring };
  return code === 0 ? { ...made, ...await image(docker, tag) } : made;
}
async function measure(docker, words, context) {
  let place = join(context.directory, "..", "measure");
  mkdirSync(place, { recursive: !0 }), writeFileSync(join(place, "Dockerfile"), `FROM scratch
COPY . /
`), context.ignore && copyFileSync(context.ignore, join(place, "Dockerfile.dockerignore"));
  let sizes = new TarSizes(), plain = words.filter((word) => word !== "--load"), { code } = await docker.call([...plain, "--quiet", "--output=type=tar,dest=-", "--file", join(place, "Dockerfile"), context.directory], {
    data: (chunk) => sizes.take(chunk),
    limit: 12e4,
    env: { DOCKER_BUILDKIT: "1" }
  });
  return code === 0 ? { context_bytes: sizes.bytes, context_files: sizes.files } : {};
}
async function image(docker, tag) {
  let [size, history] = await Promise.all([
    docker.must(["image", "inspect", "--format", "{{.Size}}", tag]),
    docker.must(["history", "--no-trunc", "--human=false", "--format", "{{.Size}}	{{.CreatedBy}}", tag])
  ]), layers = history.split(`
`).map((row) => {
    let [bytes, by = ""] = row.split("	");
    return { bytes: Number(bytes) || 0, created_by: by.slice(0, 200) };
  });
  return { image_bytes: Number(size) || 0, layers: layers.sort((one, other) => other.bytes - one.bytes).slice(0, 10) };
}

// src/container.ts
import { readFileSync } from "node:fs";
var CAPABILITIES = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID", "SYS_CHROOT"], FIRST = 60, LAST = 140, WIDTH2 = 500, limits = (memory) => [
  `--memory=${memory}m`,
  `--memory-swap=${memory}m`,
  "--pids-limit=512",
  "--cap-drop=ALL",
  "--security-opt=no-new-privileges",
  "--log-driver=json-file",
  "--log-opt=max-size=8m"
], Events = class {
  #stop;
  #listeners = /* @__PURE__ */ new Map();
  constructor(docker) {
    let words = ["events", "--filter", "type=container", "--filter", `label=${docker.label}`, "--format", "{{json .}}", "--since", String(Math.floor(Date.now() / 1e3) - 1)];
    this.#stop = docker.follow(words, (line2) => {
      let event = JSON.parse(line2), { Attributes: attributes } = event.Actor;
      this.#listeners.get(attributes.name ?? "")?.(event.status, event.timeNano / 1e6, attributes);
    });
  }
  on(name, listener) {
    this.#listeners.set(name, listener);
  }
  stop() {
    this.#stop();
  }
}, Container = class {
  name;
  address;
  /** True when the process is gone and will not be started again. */
  gone = !1;
  exits = [];
  restarts = [];
  #docker;
  #begun;
  #oom = !1;
  constructor(docker, events, name) {
    this.#docker = docker, this.name = name, events.on(name, (action, at, attributes) => this.#heard(action, at, attributes));
  }
  /** Creates it; nothing runs yet. */
  async create(plan, image2, network, memory, variables, restart) {
    let words = ["create", "--name", this.name, ...this.#docker.labels, "--network", network, ...limits(memory)];
    words.push(...CAPABILITIES.map((each) => `--cap-add=${each}`)), plan.internet || words.push("--dns=127.0.0.1", "--dns-opt=timeout:1", "--dns-opt=attempts:1"), words.push(`--restart=${restart && plan.restarts > 0 ? `on-failure:${plan.restarts}` : "no"}`);
    for (let [name, value] of Object.entries({ ...plan.variables, ...variables, PORT: String(plan.port) })) words.push("--env", `${name}=${value}`);
    let [program, ...rest] = plan.start ?? [];
    program !== void 0 && words.push("--entrypoint", program), await this.#docker.must([...words, image2, ...rest]);
  }
  /** Starts it; what Docker says when its command cannot be executed. */
  async start() {
    let before = Date.now(), { code, err } = await this.#docker.call(["start", this.name]);
    if (code !== 0) return err.trim().slice(0, 1e3);
    this.#begun ??= before, await this.#look();
  }
  /** Milliseconds since its first start. */
  now() {
    return this.#begun === void 0 ? 0 : Math.max(0, Math.round(Date.now() - this.#begun));
  }
  #since(at) {
    return Math.max(0, Math.round(at - (this.#begun ?? at)));
  }
  #heard(action, at, attributes) {
    action === "start" ? this.exits.length === 0 ? this.#begun = at : (this.restarts.push(this.#since(at)), this.#look()) : action === "oom" ? this.#oom = !0 : action === "die" && (this.address = void 0, this.exits.push({ at: this.#since(at), status: Number(attributes.exitCode ?? -1), oom: this.#oom }), this.#oom = !1, setTimeout(() => {
      this.#look();
    }, 150));
  }
  /** Asks Docker for the address and whether it is gone for good. */
  async #look() {
    let format = "{{.State.Status}} {{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", { code, out } = await this.#docker.call(["inspect", "--format", format, this.name]), [state2, address] = out.trim().split(" ");
    code === 0 && (state2 === "running" && address && (this.address = address), (state2 === "exited" || state2 === "dead") && (this.gone = !0));
  }
  async terminate() {
    await this.#docker.call(["kill", "--signal=SIGTERM", this.name]);
  }
  /** Memory in use, in MiB. */
  async memory() {
    let { out } = await this.#docker.call(["stats", "--no-stream", "--format", "{{.MemUsage}}", this.name], { limit: 1e4 }), [, number2, unit] = /^([\d.]+)(\w+)/.exec(out.trim()) ?? [], factor = { B: 1 / 1048576, KiB: 1 / 1024, MiB: 1, GiB: 1024 }[unit ?? ""];
    return number2 === void 0 || factor === void 0 ? void 0 : Number(number2) * factor;
  }
  /** The ports it listens on; nothing where the daemon's processes are not this machine's. */
  async listens() {
    let { out } = await this.#docker.call(["inspect", "--format", "{{.State.Pid}} {{.Id}}", this.name]), [pid, id] = out.trim().split(" ");
    try {
      return !id || !readFileSync(`/proc/${pid}/cgroup`, "utf8").includes(id) ? [] : ["tcp", "tcp6"].flatMap((file) => sockets(readFileSync(`/proc/${pid}/net/${file}`, "utf8")));
    } catch {
      return [];
    }
  }
  /** What it wrote, by time. */
  async log() {
    let lines = [], line2 = (text2) => {
      let blank = text2.indexOf(" "), at = Date.parse(text2.slice(0, blank).replace(/(\.\d{3})\d*Z$/, "$1Z"));
      Number.isNaN(at) || lines.push({ at: Math.round(at - (this.#begun ?? at)), text: text2.slice(blank + 1, blank + 1 + WIDTH2) });
    };
    return await this.#docker.call(["logs", "--timestamps", "--tail", "5000", this.name], { line: line2, limit: 2e4 }), lines.sort((one, other) => one.at - other.at), lines.length <= FIRST + LAST ? lines : [...lines.slice(0, FIRST), ...lines.slice(-LAST)];
  }
  async remove() {
    this.gone = !0, await this.#docker.call(["rm", "--force", "--volumes", this.name]);
  }
};
function sockets(table) {
  let found = [];
  for (let line2 of table.split(`
`).slice(1)) {
    let [, local = "", , state2] = line2.trim().split(/\s+/), [address = "", port = ""] = local.split(":");
    if (state2 !== "0A" || address === "0B00007F") continue;
    let loopback = address === "0100007F" || address === "00000000000000000000000001000000", each = { port: parseInt(port, 16), loopback };
    found.some((known) => known.port === each.port && known.loopback === each.loopback) || found.push(each);
  }
  return found;
}

// src/docker.ts
import { spawn, spawnSync } from "node:child_process";
import { hostname } from "node:os";
var SEEN = /^(PATH|HOME|USER|TMPDIR|XDG_.*|DOCKER_.*|BUILDX_.*|BUILDKIT_.*|(https?|no|all)_proxy)$/i, KEPT = 8 * 1024 * 1024, Docker = class {
  run;
  /** Filter for everything of this run. */
  label;
  /** Labels of what is made: the run, and whose it is. */
  labels;
  #env;
  #children = /* @__PURE__ */ new Set();
  constructor(run, env) {
    this.run = run, this.label = `preflight.run=${run}`, this.labels = ["--label", this.label, "--label", `preflight.process=${hostname()}:${process.pid}`], this.#env = Object.fromEntries(Object.entries(env).filter(([name]) => SEEN.test(name)));
  }
  /** Runs `docker` with these words; never throws for an exit code. */
  call(words, options = {}) {
    return new Promise((done) => {
      let child = spawn("docker", words, { env: { ...this.#env, ...options.env }, stdio: ["ignore", "pipe", "pipe"], detached: !1 });
      this.#children.add(child);
      let timer = options.limit === void 0 ? void 0 : setTimeout(() => child.kill("SIGKILL"), options.limit), kept = { out: "", err: "" }, take = (stream, text2) => {
        kept[stream].length < KEPT && (kept[stream] += text2);
      }, lines = options.line === void 0 ? void 0 : [splitter(options.line), splitter(options.line)];
      child.stdout.on("data", (chunk) => {
        if (options.data) return options.data(chunk);
        take("out", chunk.toString()), lines?.[0]?.(chunk.toString());
      }), child.stderr.setEncoding("utf8").on("data", (text2) => {
        take("err", text2), lines?.[1]?.(text2);
      });
      let finish = (code) => {
        clearTimeout(timer), this.#children.delete(child), done({ code, ...kept });
      };
      child.on("error", (error2) => {
        kept.err += error2.message, finish(-1);
      }), child.on("close", (code) => finish(code ?? -1));
    });
  }
  /** As `call`, and throws what Docker says when it fails. */
  async must(words, options = {}) {
    let { code, out, err } = await this.call(words, options);
    if (code !== 0) throw new Error(`docker ${words[0]}: ${(err || out).trim().slice(-500) || `exit code ${code}`}`);
    return out.trim();
  }
  /** A command that goes on; its lines, until `stop`. */
  follow(words, line2) {
    let child = spawn("docker", words, { env: this.#env, stdio: ["ignore", "pipe", "ignore"] });
    return this.#children.add(child), child.stdout.setEncoding("utf8").on("data", splitter(line2)), child.on("error", () => this.#children.delete(child)), child.on("close", () => this.#children.delete(child)), () => {
      child.kill("SIGKILL");
    };
  }
  /** Removes everything of this run, at once and without waiting for anybody: fit for a signal handler. */
  sweep() {
    for (let child of this.#children) child.kill("SIGKILL");
    sweep(this.#env, this.label);
  }
};
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
function splitter(line2) {
  let rest = "";
  return (text2) => {
    let lines = (rest + text2).split(`
`);
    rest = (lines.pop() ?? "").slice(-65536);
    for (let each of lines) line2(each.replace(/\r$/, ""));
  };
}

// src/redis.ts
import { connect } from "node:net";
var PORT = 6379, PATIENCE = 15e3, KEYS = 400, KEY_DELAY = 25e3, Redis = class {
  #place;
  #world = "up";
  #ip = "";
  /** Connections that fill the queue of a server which accepts none. */
  #fillers = [];
  constructor(place) {
    this.#place = place;
  }
  get #name() {
    return `${this.#place.prefix}-redis`;
  }
  async enter(world) {
    if (this.#world = world, world === "unresolvable" || world === "absent") return;
    let options = {
      refused: ["--port", "0", "--unixsocket", "/tmp/redis.sock"],
      "black-hole": ["--tcp-backlog", "1"],
      "wrong-password": ["--requirepass", "another-password"],
      loading: ["--enable-debug-command", "yes", "--loading-process-events-interval-bytes", "1024", "--key-load-delay", String(KEY_DELAY)]
    };
    await this.#create(options[world] ?? []), world !== "down" && (await this.#run(world !== "refused"), world === "black-hole" && await this.#freeze(), world === "loading" && await this.#load());
  }
  async start() {
    await this.#run(!0);
  }
  async stop() {
    await this.#place.docker.must(["kill", this.#name]);
  }
  address(part) {
    let host = { unresolvable: "redis.railway.internal", absent: this.#place.nobody }[this.#world] ?? this.#name;
    return { url: `redis://${this.#world === "wrong-password" ? "default:wrong@" : ""}${host}:${PORT}/0`, host, port: String(PORT), password: this.#world === "wrong-password" ? "wrong" : "" }[part];
  }
  async connections(address) {
    return this.#ip === "" ? 0 : (await this.#ask(["CLIENT", "LIST"]).catch(() => "")).split(`
`).filter((line2) => line2.includes(` addr=${address}:`)).length;
  }
  async #create(options) {
    let { docker, network, image: image2 } = this.#place, words = ["create", "--name", this.#name, ...docker.labels, "--network", network, ...limits(256), "--entrypoint", "redis-server"], settings = ["--dir", "/tmp", "--save", "", "--appendonly", "no", "--protected-mode", "no", ...options];
    await docker.must([...words, image2, ...settings]);
  }
  async #run(answers) {
    let { docker } = this.#place;
    await docker.must(["start", this.#name]), this.#ip = await docker.must(["inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", this.#name]);
    for (let begun = Date.now(); answers; await new Promise((done) => setTimeout(done, 50))) {
      let said = await this.#ask(["PING"]).catch(() => "");
      if (/PONG|NOAUTH/.test(said)) return;
      if (Date.now() - begun > PATIENCE) throw new Error("Redis does not answer");
    }
  }
  /** Stops the process and fills its queue: from then on the kernel drops every attempt to connect. */
  async #freeze() {
    await this.#place.docker.must(["pause", this.#name]);
    for (let at = 0; at < 4; at += 1) {
      let socket = connect(PORT, this.#ip);
      socket.on("error", () => {
      }), socket.unref(), this.#fillers.push(socket);
    }
    await new Promise((done) => setTimeout(done, 100));
  }
  /** Saves data and has it loaded again, slowly. */
  async #load() {
    let value = "x".repeat(2048);
    for (let key = 0; key < KEYS; key += 1) await this.#ask(["SET", `preflight:${key}`, value]);
    await this.#ask(["SAVE"]), this.#ask(["DEBUG", "RELOAD", "NOSAVE"], 6e4).catch(() => {
    }), await new Promise((done) => setTimeout(done, 200));
  }
  /** One command and its answer, as it comes over the wire. */
  #ask(words, limit = 2e3) {
    return new Promise((done, fail) => {
      let socket = connect(PORT, this.#ip), answer = "";
      socket.setTimeout(limit, () => socket.destroy(new Error("Redis is silent"))), socket.setEncoding("utf8").on("data", (text2) => {
        answer += text2;
        let [, length] = /^\$(\d+)\r\n/.exec(answer) ?? [];
        (length === void 0 ? answer.endsWith(`\r
`) : Buffer.byteLength(answer) >= Number(length) + length.length + 5) && (socket.destroy(), done(answer));
      }), socket.on("error", fail).on("close", () => fail(new Error("Redis closed the connection"))), socket.write(`*${words.length}\r
${words.map((word) => `$${Buffer.byteLength(word)}\r
${word}\r
`).join("")}`);
    });
  }
};

// src/dependency.ts
var systems = {
  redis: (place) => new Redis(place)
};

// src/probe.ts
import { request } from "node:http";
import { connect as connect2 } from "node:net";
var EAGER = 100, CALM = 500, LIMIT = 5e3, BODY = 300, ENTRIES = 200, Prober = class {
  probes = [];
  /** When the port first took a connection. */
  listening;
  #stopped = !1;
  #loop;
  /** `address` is the container's, or undefined while it has none; `now` counts from its start. */
  constructor(port, path, address, now) {
    this.#loop = this.#run(port, path, address, now);
  }
  get answered() {
    return this.probes.some(({ status }) => status === 200);
  }
  async stop() {
    this.#stopped = !0, await this.#loop;
  }
  async #run(port, path, address, now) {
    for (; !this.#stopped; ) {
      let host = address(), answer = host === void 0 ? { error: "refused", body: "", connected: !1 } : await probe(host, port, path, () => {
        this.listening ??= now();
      });
      path !== void 0 && this.#note(answer, now()), await new Promise((done) => setTimeout(done, this.answered || path === void 0 && this.listening !== void 0 ? CALM : EAGER));
    }
  }
  #note({ connected: _, ...answer }, at) {
    let last2 = this.probes.at(-1);
    last2 && last2.status === answer.status && last2.error === answer.error ? Object.assign(last2, { to: at, count: last2.count + 1, body: answer.body }) : this.probes.length < ENTRIES && this.probes.push({ from: at, to: at, count: 1, ...answer });
  }
};
function probe(host, port, path, connected) {
  return new Promise((done) => {
    let open = !1, opened = () => {
      open = !0, connected();
    }, failed = (error2) => done({ error: NAMES[error2.code ?? ""] ?? (open ? "no answer" : "unreachable"), body: "", connected: open });
    if (path === void 0) {
      let socket = connect2({ host, port });
      socket.setTimeout(LIMIT, () => socket.destroy(Object.assign(new Error(), { code: "ETIMEDOUT" }))), socket.on("error", failed).on("connect", () => {
        opened(), socket.destroy(), done({ body: "", connected: !0 });
      });
      return;
    }
    let asked = request({ host, port, path, agent: !1, headers: { host: "healthcheck.railway.app", connection: "close" } }, (response) => {
      let body = "", answer = () => {
        let { location } = response.headers;
        done({ status: response.statusCode ?? 0, body: body.slice(0, BODY), connected: !0, ...location === void 0 ? {} : { location: location.slice(0, BODY) } }), asked.destroy();
      };
      response.setEncoding("utf8").on("data", (text2) => {
        body += text2, body.length > BODY && answer();
      }), response.on("end", answer).on("error", answer);
    });
    asked.on("socket", (socket) => socket.once("connect", opened)), asked.on("error", failed), setTimeout(() => asked.destroy(Object.assign(new Error(), { code: "ETIMEDOUT" })), LIMIT).unref(), asked.end();
  });
}
var NAMES = { ECONNREFUSED: "refused", ETIMEDOUT: "timeout", ECONNRESET: "reset", EHOSTUNREACH: "unreachable", ENETUNREACH: "unreachable" };

// src/drill.ts
var ALIVE = 5e3, TICK = 100, HOPELESS = 4, ASK = 400;
async function play(plan, drill, stage, span) {
  let run = { id: drill.id, probes: [], restarts: [], exits: [], steps: [], listens: [], log: [], ended: 0 }, prefix = `preflight-${stage.place.docker.run}-${stage.place.network.split("-").at(-1)}-${drill.id}`, container = new Container(stage.place.docker, stage.events, prefix), prober, from = Date.now();
  try {
    let [dependencies, variables] = await provide(plan, drill, { ...stage, prefix }), restart = !drill.steps.some((step) => step.do === "terminate");
    await container.create(plan, stage.image, stage.place.network, drill.memory, variables, restart), from = Date.now();
    let refused = await container.start();
    if (refused !== void 0) return { ...run, start_error: refused };
    prober = new Prober(plan.port, plan.health?.path, () => container.address, () => container.now());
    for (let [at, step] of drill.steps.entries()) {
      let begun = container.now(), measured = drill.id === "memory" && step.do === "watch" && at === drill.steps.length - 1 ? container.memory() : void 0, outcome = await carryOut(step, container, prober, dependencies, plan.health !== null);
      run.steps.push({ do: step.do, at: begun, until: container.now(), outcome });
      let memory = await measured;
      if (memory !== void 0 && (run.memory = memory), outcome === "gone") break;
    }
    !prober.answered && !container.gone && (run.listens = await container.listens());
  } catch (error2) {
    run.fault = error2.message.slice(0, 500);
  } finally {
    run.ended = container.now(), span(from, Date.now()), await prober?.stop(), run.log = await container.log(), Object.assign(run, { probes: prober?.probes ?? [], restarts: [...container.restarts], exits: [...container.exits] }), prober?.listening !== void 0 && (run.listening = prober.listening), await container.remove();
  }
  return run;
}
async function provide(plan, drill, stage) {
  let variables = {};
  return [await Promise.all(plan.dependencies.map(async ({ system, variables: names }) => {
    let image2 = stage.images[system], make = systems[system], real = drill.world !== "unresolvable" && drill.world !== "absent";
    if (make === void 0 || real && image2 === void 0) throw new Error(`no image of ${system} can be had`);
    let dependency = make({ ...stage.place, prefix: stage.prefix, image: image2 ?? "" });
    await dependency.enter(drill.world);
    for (let [name, part] of Object.entries(names)) variables[name] = dependency.address(part);
    return dependency;
  })), variables];
}
async function carryOut(step, container, prober, dependencies, probed) {
  switch (step.do) {
    case "start":
      return await Promise.all(dependencies.map((each) => each.start())), "done";
    case "stop":
      return await Promise.all(dependencies.map((each) => each.stop())), "done";
    case "terminate":
      return await container.terminate(), await until(step.seconds, () => container.gone || container.exits.length > 0, () => !1);
    case "watch":
      return await until(step.seconds, () => !1, () => container.gone) === "gone" ? "gone" : "done";
    case "await-answer": {
      let begun = container.now();
      return await until(step.seconds, () => probed ? prober.answered : container.exits.length === 0 && container.now() - begun >= ALIVE, () => container.gone || container.exits.length >= HOPELESS);
    }
    case "await-connection": {
      let asked = 0, found = !1, ask = async () => {
        asked = Date.now();
        let { address } = container;
        if (address === void 0) return;
        let counts = await Promise.all(dependencies.map((each) => each.connections(address)));
        found ||= counts.every((count) => count > 0);
      };
      return await until(step.seconds, () => (Date.now() - asked > ASK && ask(), found), () => container.gone);
    }
  }
}
async function until(seconds, done, gone) {
  for (let end = Date.now() + seconds * 1e3; ; await new Promise((next) => setTimeout(next, TICK))) {
    if (done()) return "done";
    if (gone()) return "gone";
    if (Date.now() >= end) return "limit";
  }
}

// src/runner.ts
import { appendFileSync, mkdtempSync, statSync, writeFileSync as writeFileSync2 } from "node:fs";

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
function stopped() {
  let token = unguessable();
  return { begin: `::stop-commands::${token}
`, end: `::${token}::
` };
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

// src/prove.ts
var ABREAST = 6, FIRST2 = 2, HEAD_START = 6e3, STAGGER = 700, PULL_LIMIT = 12e4, SMOKE_LINES = 200;
async function prove(env, at, asked) {
  let run = randomBytes(5).toString("hex"), docker = new Docker(run, env);
  state(env, "preflight-run", run);
  let seen = { profile: asked.profile, services: [] };
  if ((await docker.call(["version", "--format", "{{.Server.Version}}"], { limit: 2e4 })).code !== 0) return { ...seen, fault: "no Docker daemon answers" };
  sweepDead(docker);
  let stop = (signal) => {
    docker.sweep(), process.exit(signal === "SIGINT" ? 130 : 143);
  }, signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (let signal of signals) process.once(signal, stop);
  let place = mkdtempSync2(join2(at.temp, "preflight-prove-")), session = new Session(docker, env, at, asked, place);
  try {
    let words = await builder(docker);
    if (words === void 0) return { ...seen, fault: "this Docker has no BuildKit: install docker-buildx" };
    await session.all(words, seen);
  } finally {
    session.events?.stop(), docker.sweep(), rmSync(place, { recursive: !0, force: !0 });
    for (let signal of signals) process.removeListener(signal, stop);
  }
  return seen.overhead = session.overhead(), seen;
}
function sweepDead(docker) {
  let format = ["--filter", "label=preflight.process", "--format", '{{.Label "preflight.process"}} {{.Label "preflight.run"}}'], found = [["ps", "--all"], ["network", "ls"]].map((words) => spawnSync2("docker", [...words, ...format], { encoding: "utf8", timeout: 2e4 }).stdout ?? ""), dead = /* @__PURE__ */ new Set();
  for (let [, host, pid, run = ""] of found.join(`
`).matchAll(/^(\S+):(\d+) (\w+)$/gm))
    host === hostname2() && run !== docker.run && !lives(Number(pid)) && dead.add(run);
  for (let run of dead) sweep(process.env, `preflight.run=${run}`);
}
function lives(pid) {
  try {
    return process.kill(pid, 0), !0;
  } catch (error2) {
    return error2.code === "EPERM";
  }
}
var Session = class {
  events;
  #docker;
  #env;
  #at;
  #asked;
  #place;
  #begun = Date.now();
  /** When something ran or was built that is not ours. */
  #spans = [];
  constructor(docker, env, at, asked, place) {
    this.#docker = docker, this.#env = env, this.#at = at, this.#asked = asked, this.#place = place;
  }
  /** Milliseconds that were neither building nor a container's running. */
  overhead() {
    let spans = this.#spans.sort(([one], [other]) => one - other), busy = 0, end = 0;
    for (let [from, to] of spans)
      busy += Math.max(0, to - Math.max(from, end)), end = Math.max(end, to);
    return Date.now() - this.#begun - busy;
  }
  async #timed(work) {
    let from = Date.now();
    try {
      return await work;
    } finally {
      this.#spans.push([from, Date.now()]);
    }
  }
  async all(words, seen) {
    let { plan } = this.#asked;
    this.events = new Events(this.#docker);
    let systems2 = plan.services.some(({ drills, dependencies }) => drills.length > 0 && dependencies.length > 0) ? this.#redis() : Promise.resolve({}), images = [];
    for (let [number2, service] of plan.services.entries()) {
      let observed = { service: service.service, drills: [] };
      seen.services.push(observed), images.push(await this.#build(words, service, observed, number2));
    }
    let ready = await systems2;
    await Promise.all(plan.services.map(async (service, number2) => {
      let [image2, observed] = [images[number2], seen.services[number2]];
      image2 !== void 0 && observed !== void 0 && await this.#exercise(service, image2, observed, number2, ready);
    }));
  }
  async #build(words, service, observed, number2) {
    let tag = `preflight-${this.#docker.run}-${number2}`, place = join2(this.#place, String(number2)), context = layOut(this.#at.root, service, this.#asked.files[service.root] ?? [], place), driver = words[0] === "buildx" ? /^Driver:\s*(\S+)/m.exec((await this.#docker.call(["buildx", "inspect"])).out)?.[1] ?? "docker" : "docker", extra = cache(this.#env, words, driver, tag.replace(this.#docker.run, "cache")), forCache = extra.length > 0 ? Object.fromEntries(Object.entries(this.#env).filter(([name]) => name.startsWith("ACTIONS_"))) : {}, group2 = group(`Preflight: building ${service.service}`);
    try {
      observed.build = await this.#timed(build(this.#docker, words, service, context, tag, extra, forCache, (line2) => group2.line(line2)));
    } catch (error2) {
      observed.build = { succeeded: !1, fault: error2.message, milliseconds: 0 };
    } finally {
      group2.end();
    }
    return observed.build.succeeded ? tag : void 0;
  }
  async #exercise(service, image2, observed, number2, images) {
    let smoke = service.smoke === null ? void 0 : this.#smoke(service, service.smoke, image2, number2);
    if (service.drills.length > 0) {
      let network = `preflight-${this.#docker.run}-${number2}`, words = ["network", "create", "--driver=bridge", ...this.#docker.labels, ...service.internet ? [] : ["--internal"], network];
      await this.#docker.must(words);
      let nobody = last(await this.#docker.must(["network", "inspect", "--format", "{{range .IPAM.Config}}{{.Subnet}} {{end}}", network])), stage = { place: { docker: this.#docker, network, nobody }, events: this.events, image: image2, images }, rest = async () => (await this.#timed(new Promise((done) => setTimeout(done, HEAD_START))), this.#drills(service, service.drills.slice(FIRST2), stage));
      observed.drills.push(...(await Promise.all([this.#drills(service, service.drills.slice(0, FIRST2), stage), rest()])).flat());
    }
    let ran = await smoke;
    ran !== void 0 && (observed.smoke = ran);
  }
  async #drills(service, drills, stage) {
    let waiting = [...drills.entries()], runs = [], worker = async (delay) => {
      await new Promise((done) => setTimeout(done, delay));
      for (let next = waiting.shift(); next !== void 0; next = waiting.shift()) {
        let [at, drill] = next;
        runs[at] = await play(service, drill, stage, (from, to) => this.#spans.push([from, to])), line(`Preflight: ${service.service}: ${drill.id} is done`);
      }
    }, begun = Date.now();
    return await Promise.all([...Array(Math.min(ABREAST, drills.length))].map((_, at) => worker(at * STAGGER))), drills.length > 1 && this.#spans.push([begun, begun + (Math.min(ABREAST, drills.length) - 1) * STAGGER]), runs;
  }
  /** The smoke test: no network at all. */
  async #smoke(service, smoke, image2, number2) {
    let name = `preflight-${this.#docker.run}-${number2}-smoke`, log = [], line2 = (text2) => {
      log.push(text2.slice(0, 500)), log.length > SMOKE_LINES && log.shift();
    }, [program = "", ...rest] = smoke.command, variables = Object.entries({ ...service.variables, PORT: String(service.port), ...addresses(service) }), words = ["run", "--rm", "--name", name, ...this.#docker.labels, "--network=none", ...limits(service.memory)];
    words.push(...variables.flatMap(([key, value]) => ["--env", `${key}=${value}`]), ...smoke.dir === null ? [] : ["--workdir", smoke.dir]);
    let begun = Date.now(), { code } = await this.#timed(this.#docker.call([...words, "--entrypoint", program, image2, ...rest], { line: line2, limit: smoke.limit * 1e3 })), milliseconds = Date.now() - begun;
    return milliseconds >= smoke.limit * 1e3 && await this.#docker.call(["rm", "--force", name]), code === 125 ? { status: null, fault: log.at(-1) ?? "docker run failed", milliseconds, log } : { status: milliseconds >= smoke.limit * 1e3 ? null : code, milliseconds, log };
  }
  /** The image of Redis: the one that is there, else pulled. */
  async #redis() {
    let image2 = this.#asked.redisImage;
    if ((await this.#docker.call(["image", "inspect", "--format", "{{.Id}}", image2])).code === 0) return { redis: image2 };
    let { code } = await this.#docker.call(["pull", "--quiet", image2], { limit: PULL_LIMIT });
    return code === 0 ? { redis: image2 } : {};
  }
};
function addresses(service) {
  let parts = { url: "redis://preflight.invalid:6379/0", host: "preflight.invalid", port: "6379", password: "" };
  return Object.fromEntries(service.dependencies.flatMap(({ variables }) => Object.entries(variables).map(([name, part]) => [name, parts[part]])));
}
function last(subnets) {
  let [, address = "", bits = "24"] = /(\d+\.\d+\.\d+\.\d+)\/(\d+)/.exec(subnets) ?? [], number2 = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0) + 2 ** (32 - Number(bits)) - 2;
  return [24, 16, 8, 0].map((shift) => Math.floor(number2 / 2 ** shift) % 256).join(".");
}
export {
  prove
};
