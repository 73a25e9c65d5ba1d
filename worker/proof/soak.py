"""A steady load for a long time with faults: memory and file descriptors of the worker, minute by minute."""

import argparse
import subprocess
from pathlib import Path

import environment


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--worker", default="ours", help="rq, ours, or the path of our binary")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=float, default=50, help="jobs a second")
    parser.add_argument("--fault-every", type=float, default=60, help="seconds")
    parser.add_argument("--out", type=Path, default=environment.PLACE / "soak.json")


def run(options: argparse.Namespace) -> int:
    program = environment.build_worker() if options.worker == "ours" else options.worker
    options.out.parent.mkdir(parents=True, exist_ok=True)
    command = [environment.rq_python(environment.RQ_RELEASES[0]), environment.HERE / "run_soak.py", "--worker", program]
    command += ["--minutes", options.minutes, "--rate", options.rate, "--fault-every", options.fault_every, "--out", options.out]
    return subprocess.run(list(map(str, command))).returncode
