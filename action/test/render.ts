// Renders a comment as GitHub shows it: `node test/render.ts comment.md picture.png [width] [open]`.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { marked } from 'marked'
import { chromium } from 'playwright-core'

/** The Markdown as a page with GitHub's stylesheet, in a comment's width and frame. */
export function page(markdown: string, open: boolean): string {
  const style = readFileSync(join(import.meta.dirname, '..', 'node_modules', 'github-markdown-css', 'github-markdown-light.css'), 'utf8')
  const body = marked.parse(markdown, { async: false, gfm: true })
  const shown = open ? body.replaceAll('<details>', '<details open>') : body
  return `<!doctype html><meta charset="utf-8"><style>${style}
body { margin: 16px; font-family: sans-serif } .box { border: 1px solid #d1d9e0; border-radius: 6px; padding: 16px }</style>
<div class="box"><article class="markdown-body" style="font-size: 14px">${shown}</article></div>`
}

/** A picture of the page, and how high it is in pixels. */
export async function picture(html: string, path: string, width: number): Promise<number> {
  const browser = await chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] })
  try {
    const tab = await browser.newPage({ viewport: { width, height: 600 } })
    await tab.setContent(html)
    await tab.screenshot({ path, fullPage: true })
    return await tab.evaluate('document.documentElement.scrollHeight')
  } finally {
    await browser.close()
  }
}

if (import.meta.main) {
  const [, , from = '', to = 'comment.png', width = '820', open] = process.argv
  const html = page(readFileSync(from, 'utf8'), open === 'open')
  writeFileSync(`${to}.html`, html)
  process.stdout.write(`${await picture(html, to, Number(width))} pixels high\n`)
}
