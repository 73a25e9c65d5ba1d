// Entry point: the real environment, then `run`.
import { run } from './main.js'

process.exitCode = await run(process.env)
