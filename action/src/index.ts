// Entry point: the real environment, then `run`.
import { run } from './main.ts'

process.exitCode = await run(process.env)
