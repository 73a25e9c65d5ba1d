// After the job, however it ended: removes what a killed step left in Docker, and gives up what it left at Railway.
import { readdirSync, readFileSync } from 'node:fs'

import { abandoned } from './abandoned.ts'
import { context } from './context.ts'
import { sweep } from './docker.ts'
import { inputs } from './inputs.ts'

/** How long a daemon may go on with what its client had asked for. */
const SETTLE_MS = 1000

const run = process.env['STATE_preflight-run']
if (run && /^[0-9a-f]+$/.test(run)) {
  const label = `preflight.run=${run}`
  if (stopped(label)) pause(SETTLE_MS)
  sweep(process.env, label)
}

if (process.env['STATE_preflight-deployment']) {
  const given = inputs(process.env)
  await abandoned(process.env, given, context(process.env, given))
}

/** Ends the Docker clients that outlived their step, for they would go on making things; false when there are none. */
function stopped(label: string): boolean {
  const clients = process.platform === 'linux' ? readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandOf(pid).includes(label)) : []
  for (const pid of clients) {
    try {
      process.kill(Number(pid), 'SIGKILL')
    } catch {
      // It has ended by itself.
    }
  }
  return clients.length > 0
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}
