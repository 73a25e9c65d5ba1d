#!/bin/sh
# Times a whole check of made-up repositories whose every module is reached by imports, half Python and half TypeScript,
# and prints a Markdown table. Usage: bench/import-chains.sh [path of preflight]; needs git, hyperfine and python3.
set -eu

cd "$(dirname "$0")/.."
preflight=${1:-$PWD/target/release/preflight}
if [ ! -x "$preflight" ]; then
    echo "no $preflight: run cargo build --release -p preflight" >&2
    exit 1
fi
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

# Services of 200 files each: a Dockerfile, a manifest and modules that import one another as a tree.
make_tree() {
    mkdir -p "$place/$1"
    python3 - "$place/$1" "$1" <<'PYTHON'
import os, sys
root, files = sys.argv[1], int(sys.argv[2])

def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)

def children(number, modules):
    return [child for child in (2 * number + 1, 2 * number + 2) if child < modules]

def python(service):
    modules = 196
    write(f"{service}/Dockerfile", "FROM python:3.12-slim\nWORKDIR /app\nCOPY requirements.txt ./\n"
          "RUN pip install -r requirements.txt\nCOPY app ./app\nCMD [\"python\", \"-m\", \"app.main\"]\n")
    write(f"{service}/requirements.txt", "flask==3.1.0\n")
    write(f"{service}/app/__init__.py", "")
    write(f"{service}/app/main.py", "from flask import Flask\nfrom app.m0 import run\napp = Flask(__name__)\n")
    for number in range(modules):
        lines = ["import json", "from typing import Any"]
        lines += [f"from app.m{child} import run as run{child}" for child in children(number, modules)]
        calls = "".join(f"    run{child}(value)\n" for child in children(number, modules))
        body = f"def run(value: Any) -> str:\n    data = {{'m{number}': value}}\n{calls}    return json.dumps(data)\n"
        write(f"{service}/app/m{number}.py", "\n".join(lines) + "\n\n\n" + body)

def typescript(service):
    modules = 196
    write(f"{service}/Dockerfile", "FROM node:22-slim\nWORKDIR /app\nCOPY package.json tsconfig.json ./\n"
          "RUN npm install\nCOPY src ./src\nCMD [\"npx\", \"tsx\", \"src/main.ts\"]\n")
    write(f"{service}/package.json", '{"dependencies": {"express": "5", "tsx": "4"}}\n')
    write(f"{service}/tsconfig.json", '{"compilerOptions": {"baseUrl": ".", "paths": {"@/*": ["./src/*"]}}}\n')
    write(f"{service}/src/main.ts", 'import express from "express";\nimport { run } from "@/m0";\nrun(express());\n')
    for number in range(modules):
        lines = [f'import {{ run as run{child} }} from "./m{child}";' for child in children(number, modules)]
        calls = "".join(f"  run{child}(value);\n" for child in children(number, modules))
        body = f"export const run = (value: unknown): string => {{\n{calls}  return JSON.stringify({{ m{number}: value }});\n}};\n"
        write(f"{service}/src/m{number}.ts", "\n".join(lines) + "\n" + body)

for number in range(files // 200):
    (python if number % 2 == 0 else typescript)(f"{root}/services/s{number}")
PYTHON
    git -C "$place/$1" init -q
    git -C "$place/$1" add .
    git -C "$place/$1" -c user.name=bench -c user.email=bench@example.com commit -qm bench
}

echo "| tracked files | services | preflight check (median) | fastest run | per file |"
echo "|---:|---:|---:|---:|---:|"
for files in 1000 5000 20000; do
    make_tree $files
    cd "$place/$files"
    hyperfine --shell=none --ignore-failure --warmup 3 --runs "${RUNS:-20}" --export-json "$place/times" \
        "$preflight check" >"$place/log" 2>&1
    python3 - "$place/times" "$(git ls-files | wc -l)" "$(ls services | wc -l)" <<'PYTHON'
import json, sys
[result] = json.load(open(sys.argv[1]))["results"]
files, services = int(sys.argv[2]), sys.argv[3]
median, least = 1000 * result["median"], 1000 * result["min"]
print(f"| {files} | {services} | {median:.0f} ms | {least:.0f} ms | {1000 * median / files:.1f} µs |")
PYTHON
done
