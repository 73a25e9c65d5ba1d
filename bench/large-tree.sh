#!/bin/sh
# Times a whole check against `git ls-tree -r -l HEAD` on made-up repositories and prints a Markdown table.
# Usage: bench/large-tree.sh [path of preflight]; needs git, hyperfine and python3.
set -eu

cd "$(dirname "$0")/.."
preflight=${1:-$PWD/target/release/preflight}
if [ ! -x "$preflight" ]; then
    echo "no $preflight: run cargo build --release -p preflight" >&2
    exit 1
fi
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

# A monorepo of TypeScript files, and an ignore file of 50 patterns.
make_tree() {
    mkdir -p "$place/$1"
    python3 - "$place/$1" "$1" <<'PYTHON'
import os, sys
root, files = sys.argv[1], int(sys.argv[2])
for number in range(files):
    directory = f"{root}/packages/p{number // 1000}/src/m{number // 50 % 20}"
    os.makedirs(directory, exist_ok=True)
    with open(f"{directory}/f{number}.ts", "w") as file:
        file.write(f"export const v{number} = {number};\n")
with open(f"{root}/Dockerfile", "w") as file:
    file.write('FROM node:24\nWORKDIR /app\nCOPY . .\nCMD ["node", "main.js"]\n')
names = ["**/.env", "**/node_modules", "**/*.log", "!**/keep.log", "**/__pycache__", "**/*.pyc"]
with open(f"{root}/.dockerignore", "w") as file:
    file.write("\n".join(names + [f"packages/q{number}/**" for number in range(44)]) + "\n")
PYTHON
    git -C "$place/$1" init -q
    git -C "$place/$1" add .
    git -C "$place/$1" -c user.name=bench -c user.email=bench@example.com commit -qm bench
}

echo "| tracked files | git ls-tree -r -l HEAD | preflight check | preflight check --commit HEAD |"
echo "|---:|---:|---:|---:|"
for files in 10000 100000; do
    make_tree $files
    cd "$place/$files"
    hyperfine --shell=none --ignore-failure --warmup 2 --runs 10 --export-json "$place/times" \
        "git ls-tree -r -l HEAD" "$preflight check" "$preflight check --commit HEAD" >"$place/log" 2>&1
    python3 - "$place/times" $files <<'PYTHON'
import json, sys
times = [result["median"] for result in json.load(open(sys.argv[1]))["results"]]
print(f"| {sys.argv[2]} |", " | ".join(f"{1000 * time:.0f} ms ({time / times[0]:.1f} ×)" for time in times), "|")
PYTHON
done
