"""Features of rq, seen through rq's own API, done by `rq worker` and by ours: the outcomes must be equal."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import environment
from outcomes import compare, table


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--worker", action="append", help="rq, ours, or the path of our binary; default: rq and ours")
    parser.add_argument("--rq", action="append", help=f"release of rq; default: {' and '.join(environment.RQ_RELEASES)}")
    parser.add_argument("--serializer", action="append", choices=("pickle", "json"), help="default: both")
    parser.add_argument("--only", default="", help="scenarios whose name contains this")
    parser.add_argument("--out", type=Path, default=environment.PLACE / "outcomes", help="where the outcome tables go")
    parser.add_argument("--keep", action="store_true", help="take the outcomes of rq of an earlier run")


def run(options: argparse.Namespace) -> int:
    results: list[Path] = []
    for release in options.rq or environment.RQ_RELEASES:
        for serializer in options.serializer or ("pickle", "json"):
            for worker in options.worker or ("rq", "ours"):
                results.append(one(options, release, serializer, worker))
    found = [json.loads(path.read_text()) for path in results]
    print(table(found))
    return compare(found)


def one(options: argparse.Namespace, release: str, serializer: str, worker: str) -> Path:
    label = "rq" if worker == "rq" else "ours"
    # A part of the scenarios is no outcome table for later runs.
    path = options.out / ("part" if options.only else "") / f"{label}-{release}-{serializer}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    if options.keep and label == "rq" and path.exists():
        return path
    program = environment.build_worker() if worker == "ours" else worker
    command = [environment.rq_python(release), environment.HERE / "run_scenarios.py", "--worker", program]
    command += ["--serializer", serializer, "--only", options.only, "--out", path]
    subprocess.run(list(map(str, command)), check=True, stdout=sys.stderr)
    return path
