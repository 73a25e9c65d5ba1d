// src/post.ts
import { readdirSync, readFileSync } from "node:fs";

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
  stopped(label) && pause(SETTLE_MS), sweep(process.env, label);
}
function stopped(label) {
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
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
function pause(milliseconds) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
