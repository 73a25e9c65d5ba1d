// Uploads the files with Railway's own command line, for a service without a repository.
import { spawn } from 'node:child_process'

import type { Order } from './order.ts'
import type { Start } from './start.ts'

/** Characters of what it says that are kept. */
const KEPT = 20_000

export async function upload(order: Order): Promise<Start> {
  const words = ['up', '--detach', '--json', '--service', order.service.id]
  const { code, out, err } = await run(words, order)
  if (code === undefined) return { cause: 'no-cli', seen: '' }
  const id = /"deploymentId"\s*:\s*"([\w-]+)"/.exec(out)?.[1]
  if (code === 0 && id !== undefined) return { id, verified: false }
  return { cause: 'upload', seen: order.hooks.masked((err.trim() || out.trim()).slice(-300)) || `exit code ${code}` }
}

/** The command line with the token and nothing else of ours in its environment; no code when it is not installed. */
function run(words: string[], order: Order): Promise<{ code: number | undefined; out: string; err: string }> {
  const { PATH, HOME, TMPDIR, SSL_CERT_FILE, HTTPS_PROXY } = process.env
  const given = Object.entries({ PATH, HOME, TMPDIR, SSL_CERT_FILE, HTTPS_PROXY }).filter(([, value]) => value !== undefined)
  const env = { ...Object.fromEntries(given), CI: 'true', RAILWAY_TOKEN: order.token, RAILWAY_CAC_DEPRECATION_WARNING: '0' } as NodeJS.ProcessEnv
  const signal = AbortSignal.any([order.signal, AbortSignal.timeout(order.limits.deploy * 1000)])
  return new Promise((done, fail) => {
    const child = spawn('railway', words, { cwd: order.root, env, signal, stdio: ['ignore', 'pipe', 'pipe'] })
    const said = { out: '', err: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said.out = (said.out + text).slice(-KEPT)))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said.err = (said.err + text).slice(-KEPT)))
    child.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? done({ code: undefined, ...said }) : order.signal.aborted ? fail(error) : done({ code: -1, out: said.out, err: error.message })))
    child.on('close', (code) => done({ code: code ?? -1, ...said }))
  })
}
