// Small services of many kinds, each with one file or module lost on the way into its image.
export interface BrokenService {
  name: string
  /** Image it is based on. */
  image: string
  /** The stage that fails. */
  fails: 'build' | 'imports'
  /** What is missing, from its root directory; or the name of a package. */
  missing: string
  /** Whether the files alone tell; packages that no manifest asks for, and other languages' sources, they do not. */
  predicted?: boolean
  /** A file that lies in the working directory and is not committed. */
  untracked?: string
  files: Record<string, string>
}

const PYTHON = 'python:3.12-slim'
const NODE = 'node:22-slim'
const GO = 'golang:1.24'
const RUST = 'rust:1.90-slim'

const server = 'import http.server, os\nhttp.server.HTTPServer(("", int(os.environ["PORT"])), http.server.SimpleHTTPRequestHandler).serve_forever()\n'

export const cases: BrokenService[] = [
  {
    name: 'py-requirements', image: PYTHON, fails: 'build', missing: 'requirements.txt',
    files: { 'Dockerfile': `FROM ${PYTHON}\nWORKDIR /app\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\nCMD ["python", "main.py"]\n`, 'main.py': server },
  },
  {
    name: 'py-ignored-copy', image: PYTHON, fails: 'build', missing: 'config',
    files: { 'Dockerfile': `FROM ${PYTHON}\nWORKDIR /app\nCOPY main.py .\nCOPY config/ config/\nCMD ["python", "main.py"]\n`, '.dockerignore': 'config\n*.md\n', 'main.py': server, 'config/app.toml': 'a = 1\n', 'README.md': 'x\n' },
  },
  {
    name: 'py-ignored-module', image: PYTHON, fails: 'imports', missing: 'worker/jobs.py',
    files: { 'Dockerfile': `FROM ${PYTHON}\nWORKDIR /app\nCOPY . .\nCMD ["python", "-m", "worker.main"]\n`, '.dockerignore': '**/jobs*\n', 'worker/__init__.py': '', 'worker/main.py': 'from worker.jobs import run\nif __name__ == "__main__":\n    run()\n', 'worker/jobs.py': 'def run():\n    pass\n' },
  },
  {
    name: 'py-not-copied', image: PYTHON, fails: 'imports', missing: 'shared.py',
    files: { 'Dockerfile': `FROM ${PYTHON}\nWORKDIR /app\nCOPY api/ api/\nCMD ["python", "-m", "api.main"]\n`, 'api/__init__.py': '', 'api/main.py': 'import shared\n', 'shared.py': 'A = 1\n' },
  },
  {
    name: 'py-untracked', image: PYTHON, fails: 'imports', missing: 'local_settings.py', predicted: false, untracked: 'local_settings.py',
    files: { 'Dockerfile': `FROM ${PYTHON}\nWORKDIR /app\nCOPY . .\nCMD ["python", "main.py"]\n`, '.gitignore': 'local_settings.py\n', 'main.py': 'import local_settings\n' },
  },
  {
    name: 'py-package', image: PYTHON, fails: 'imports', missing: 'yaml', predicted: false,
    files: { 'Dockerfile': `FROM ${PYTHON}\nWORKDIR /app\nCOPY . .\nCMD ["python", "main.py"]\n`, 'requirements.txt': 'six\n', 'main.py': 'import yaml\n' },
  },
  {
    name: 'node-lockfile', image: NODE, fails: 'build', missing: 'package-lock.json',
    files: { 'Dockerfile': `FROM ${NODE}\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\nCMD ["node", "server.js"]\n`, 'package.json': '{ "name": "a" }\n', 'server.js': 'setInterval(() => {}, 1000)\n' },
  },
  {
    name: 'node-not-copied', image: NODE, fails: 'imports', missing: 'lib/queue.js',
    files: { 'Dockerfile': `FROM ${NODE}\nWORKDIR /app\nCOPY package.json server.js ./\nCMD ["node", "server.js"]\n`, 'package.json': '{ "name": "a" }\n', 'server.js': 'require("./lib/queue")\nsetInterval(() => {}, 1000)\n', 'lib/queue.js': '\n' },
  },
  {
    name: 'node-ignored', image: NODE, fails: 'imports', missing: 'src/db.js',
    files: { 'Dockerfile': `FROM ${NODE}\nWORKDIR /app\nCOPY . .\nCMD ["node", "src/index.js"]\n`, '.dockerignore': 'src/db*\n', 'package.json': '{ "name": "a", "type": "module" }\n', 'src/index.js': 'import "./db.js"\nsetInterval(() => {}, 1000)\n', 'src/db.js': 'export default 1\n' },
  },
  {
    name: 'node-package', image: NODE, fails: 'imports', missing: 'bullmq', predicted: false,
    files: { 'Dockerfile': `FROM ${NODE}\nWORKDIR /app\nCOPY . .\nCMD ["node", "worker.mjs"]\n`, 'package.json': '{ "name": "a" }\n', 'worker.mjs': 'import { Worker } from "bullmq"\nnew Worker("a")\n' },
  },
  {
    name: 'node-script', image: NODE, fails: 'build', missing: 'scripts/build.js', predicted: false,
    files: { 'Dockerfile': `FROM ${NODE}\nWORKDIR /app\nCOPY package.json .\nRUN node scripts/build.js\nCOPY . .\nCMD ["node", "server.js"]\n`, 'package.json': '{ "name": "a" }\n', 'scripts/build.js': '\n', 'server.js': '\n' },
  },
  {
    name: 'go-internal', image: GO, fails: 'build', missing: 'internal/store', predicted: false,
    files: { 'Dockerfile': `FROM ${GO}\nWORKDIR /src\nCOPY go.mod .\nCOPY cmd/ cmd/\nRUN go build -o /app ./cmd/server\nCMD ["/app"]\n`, 'go.mod': 'module app\n\ngo 1.19\n', 'cmd/server/main.go': 'package main\n\nimport "app/internal/store"\n\nfunc main() { store.Open() }\n', 'internal/store/store.go': 'package store\n\nfunc Open() {}\n' },
  },
  {
    name: 'go-mod', image: GO, fails: 'build', missing: 'go.sum',
    files: { 'Dockerfile': `FROM ${GO}\nWORKDIR /src\nCOPY go.mod go.sum ./\nRUN go build -o /app .\nCMD ["/app"]\n`, 'go.mod': 'module app\n\ngo 1.19\n', 'main.go': 'package main\n\nfunc main() {}\n' },
  },
  {
    name: 'rust-module', image: RUST, fails: 'build', missing: 'src/store.rs', predicted: false,
    files: { 'Dockerfile': `FROM ${RUST}\nWORKDIR /src\nCOPY . .\nRUN cargo build --offline\nCMD ["/src/target/debug/app"]\n`, '.dockerignore': '**/store*\n', 'Cargo.toml': '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n', 'src/main.rs': 'mod store;\nfn main() { store::open(); }\n', 'src/store.rs': 'pub fn open() {}\n' },
  },
  {
    name: 'rust-lock', image: RUST, fails: 'build', missing: 'Cargo.lock',
    files: { 'Dockerfile': `FROM ${RUST}\nWORKDIR /src\nCOPY Cargo.toml Cargo.lock ./\nCOPY src src\nRUN cargo build --locked\nCMD ["/src/target/debug/app"]\n`, 'Cargo.toml': '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n', 'src/main.rs': 'fn main() {}\n' },
  },
  {
    name: 'py-web-ignored', image: PYTHON, fails: 'imports', missing: 'app/models.py', predicted: false,
    files: { 'Dockerfile': `FROM ${PYTHON}\nWORKDIR /srv\nCOPY . .\nCMD ["python", "-m", "app"]\n`, '.dockerignore': '**/models*\n', 'app/__init__.py': '', 'app/__main__.py': 'from app import models\nimport http.server\n', 'app/models.py': 'A = 1\n' },
  },
  {
    name: 'py-outside-root', image: PYTHON, fails: 'build', missing: 'shared',
    files: { 'Dockerfile': `FROM ${PYTHON}\nWORKDIR /app\nCOPY ../shared shared\nCOPY main.py .\nCMD ["python", "main.py"]\n`, 'main.py': server },
  },
  {
    name: 'go-templates', image: GO, fails: 'build', missing: 'templates',
    files: { 'Dockerfile': `FROM ${GO} AS build\nWORKDIR /src\nCOPY . .\nRUN go build -o /app .\nFROM ${GO}\nCOPY --from=build /app /app\nCOPY templates /templates\nCMD ["/app"]\n`, '.dockerignore': 'templates\n', 'go.mod': 'module app\n\ngo 1.19\n', 'main.go': 'package main\n\nfunc main() {}\n', 'templates/a.html': 'x\n' },
  },
  {
    name: 'rust-migrations', image: RUST, fails: 'build', missing: 'migrations', untracked: 'migrations/1.sql',
    files: { 'Dockerfile': `FROM ${RUST}\nWORKDIR /src\nCOPY migrations migrations\nCOPY . .\nRUN cargo build --offline\nCMD ["/src/target/debug/app"]\n`, '.gitignore': 'migrations\n', 'Cargo.toml': '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n', 'src/main.rs': 'fn main() {}\n' },
  },
]
