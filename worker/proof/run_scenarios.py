"""Runs the scenarios inside the virtual environment of one release of rq, for one worker and one serializer."""

import argparse
import json
import sys
import time
import traceback
from pathlib import Path

import rq
from redis import Redis

import workers
from redis_server import RedisServer
from scenarios import callbacks, commands, dashboards, dependencies, lifecycle, results, retries, schedule, shapes  # noqa: F401
from scenarios.lab import SCENARIOS, Lab


def play(scenario, server: RedisServer, kind, serializer: str, logs: Path) -> dict:
    connection = Redis(port=server.port)
    connection.flushall()
    lab = Lab(connection, server.url, kind, serializer, logs / f"{scenario.name}.log")
    lab.logs.unlink(missing_ok=True)
    begun = time.monotonic()
    try:
        scenario.body(lab)
        outcome, reason = "passed", ""
    except Exception as error:
        outcome = "failed"
        reason = f"{type(error).__name__}: {error}".splitlines()[0][:300]
        lab.logs.with_suffix(".why").write_text(traceback.format_exc())
    finally:
        lab.close()
        connection.close()
    took = time.monotonic() - begun
    workers.note(f"{outcome} {scenario.name} {took:.1f} s {reason}")
    return {"outcome": outcome, "reason": reason, "seen": json.loads(json.dumps(lab.seen, default=str)), "feature": scenario.feature}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--worker", required=True)
    parser.add_argument("--serializer", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    kind = workers.kind(options.worker, Path(sys.executable), **({} if options.worker == "rq" else {"abandoned": "fail"}))
    logs = options.out.with_suffix("")
    logs.mkdir(parents=True, exist_ok=True)
    workers.note(f"rq {rq.__version__}, {options.serializer}, worker {kind.label}")
    chosen = [s for s in SCENARIOS.values() if options.only in s.name and s.applies(options.serializer)]
    with RedisServer() as server:
        outcomes = {s.name: play(s, server, kind, options.serializer, logs) for s in chosen}
    document = {"worker": kind.label, "rq": rq.__version__, "serializer": options.serializer, "scenarios": outcomes}
    options.out.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
