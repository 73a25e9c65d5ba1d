"""Thousands of jobs while workers die, Redis goes away and connections break: what is lost, run twice or stuck."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import environment

FAULTS = ("kill", "outage", "restart", "proxy", "replicas", "sigterm", "everything")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--worker", action="append", help="rq, ours, or the path of our binary; default: ours")
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--fault", action="append", choices=FAULTS, help="default: each in turn")
    parser.add_argument("--outage", type=float, default=60, help="seconds that Redis is away")
    parser.add_argument("--limit", type=float, default=900, help="seconds a fault may take in all")
    parser.add_argument("--settle", type=float, default=150, help="seconds until what remains counts as stuck")
    parser.add_argument("--out", type=Path, default=environment.PLACE / "chaos.json")


def run(options: argparse.Namespace) -> int:
    python = environment.rq_python(environment.RQ_RELEASES[0])
    rows = json.loads(options.out.read_text()) if options.out.exists() else []
    bad = 0
    for worker in options.worker or ["ours"]:
        program = environment.build_worker() if worker == "ours" else worker
        for fault in options.fault or FAULTS:
            command = [python, environment.HERE / "run_chaos.py", "--worker", program, "--fault", fault]
            for name in ("jobs", "outage", "limit", "settle"):
                command += [f"--{name}", getattr(options, name)]
            said = subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE, text=True).stdout
            row = json.loads(said)
            rows = [r for r in rows if (r["worker"], r["fault"]) != (row["worker"], row["fault"])] + [row]
            options.out.parent.mkdir(parents=True, exist_ok=True)
            options.out.write_text(json.dumps(rows, indent=1) + "\n")
            # Peers are measured, ours must be clean.
            bad += row["worker"] == "ours" and not clean(row)
    print(table(rows))
    if bad:
        print(f"{bad} faults were not survived", file=sys.stderr)
    return 1 if bad else 0


def clean(row: dict) -> bool:
    return not (row["lost"] or row["unrecorded"] or row["failed"] or row["twice"] or row["stuck"] or row["wrong"])


def table(rows: list[dict]) -> str:
    columns = ("worker", "fault", "jobs", "finished", "failed", "lost", "unrecorded", "twice", "twice, in flight at kill -9", "stuck",
               "exits", "faults", "recovery s", "seconds")
    lines = ["| " + " | ".join(columns) + " |", "|---|---|" + "--:|" * (len(columns) - 2)]
    for row in sorted(rows, key=lambda row: (FAULTS.index(row["fault"]), row["worker"])):
        shown = row | {"recovery s": ", ".join(f"{fault} {took}" for fault, took in row["recovery s"].items()) or "–"}
        lines.append("| " + " | ".join(str(shown[c]) for c in columns) + " |")
    return "\n".join(lines)
