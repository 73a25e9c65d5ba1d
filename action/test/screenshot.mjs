// Renders Markdown the way GitHub shows a comment, in headless Chromium: screenshot.mjs <markdown> <png> [light|dark].
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { existsSync } from 'node:fs'

import { marked } from 'marked'
import { chromium } from 'playwright-core'

const [source, target, scheme = 'light'] = process.argv.slice(2)
if (!source || !target) throw new Error('usage: screenshot.mjs <markdown> <png> [light|dark]')
const style = readFileSync(createRequire(import.meta.url).resolve(`github-markdown-css/github-markdown-${scheme}.css`), 'utf8')
const body = await marked.parse(readFileSync(source, 'utf8'), { gfm: true })

/** Width of a comment on a pull request, on a screen of 1280 pixels. */
const WIDTH = 880
const executablePath = process.env['CHROMIUM'] ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)
const browser = await chromium.launch({ ...(executablePath ? { executablePath } : {}), args: ['--no-sandbox'] })
try {
  const page = await browser.newPage({ viewport: { width: WIDTH, height: 400 }, colorScheme: scheme, javaScriptEnabled: false })
  await page.setContent(`<!doctype html><meta charset="utf-8"><style>${style}body{margin:0;padding:16px}</style><article class="markdown-body">${body}</article>`)
  writeFileSync(target, await page.screenshot({ fullPage: true }))
} finally {
  await browser.close()
}
