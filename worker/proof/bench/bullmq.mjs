// BullMQ: `worker CONCURRENCY PATH`, `backlog COUNT PATH` or `paced COUNT GAP_MS PATH`; the same body as everyone.
import { closeSync, openSync, writeSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.BENCH_NODE}/`);
const { Queue, Worker } = require("bullmq");
const url = new URL(process.env.BENCH_URL);
const connection = { host: url.hostname, port: Number(url.port), maxRetriesPerRequest: null };
const [, , role, count, ...rest] = process.argv;
const seconds = () => Date.now() / 1000;

function noop(path, sent) {
  const record = Buffer.alloc(16);
  record.writeDoubleLE(sent, 0);
  record.writeDoubleLE(performance.timeOrigin / 1000 + performance.now() / 1000, 8);
  const file = openSync(path, "a");
  writeSync(file, record);
  closeSync(file);
}

if (role === "worker") {
  const settings = { connection, concurrency: Number(count), removeOnComplete: { count: 100 } };
  const worker = new Worker("bench", async (job) => noop(job.data.path, job.data.sent), settings);
  process.on("SIGTERM", () => worker.close().then(() => process.exit(0)));
} else {
  const queue = new Queue("bench", { connection });
  if (role === "backlog") {
    const [path] = rest;
    for (let left = Number(count); left > 0; left -= 1000) {
      await queue.addBulk(Array.from({ length: Math.min(left, 1000) }, () => ({ name: "noop", data: { path, sent: seconds() } })));
    }
  } else {
    const [gap, path] = rest;
    for (let sent = 0; sent < Number(count); sent += 1) {
      await queue.add("noop", { path, sent: performance.timeOrigin / 1000 + performance.now() / 1000 });
      await new Promise((resolve) => setTimeout(resolve, Number(gap)));
    }
  }
  await queue.close();
}
