// The comment of the bundled example, rendered with GitHub's stylesheet: short, and nothing wider than its frame.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { folder, run } from './process.ts'
import { page, picture } from './render.ts'

const example = join(import.meta.dirname, '..', '..', 'examples', 'crash-loop')
const browser = existsSync(process.env['CHROMIUM'] ?? '/usr/bin/chromium')

test('the comment of the bundled example is at most a screen and a half high', { skip: browser ? false : 'chromium is not installed' }, async () => {
  const { summary } = await run(example, {})
  assert.match(summary, /come up/)
  const height = await picture(page(summary, false), join(folder(), 'comment.png'), 820)
  assert.ok(height > 200 && height <= 1600, `${height} pixels`)
})
