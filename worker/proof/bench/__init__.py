"""Rates, latency, memory and start of the worker beside its peers, on one Redis in one run."""

import argparse
import json
import statistics
from pathlib import Path

import environment
import workers


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--trials", type=int, default=3, help="interleaved: everyone once, then everyone again")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the usual number of jobs")
    parser.add_argument("--only", default="", help="contestants whose name contains this")
    parser.add_argument("--out", type=Path, default=environment.PLACE / "bench.json")


def run(options: argparse.Namespace) -> int:
    from bench import measure
    from bench.contestants import everyone
    from redis_server import RedisServer

    chosen = [contestant for contestant in everyone(options.scale) if options.only in contestant.name]
    found: dict[str, list[dict]] = {contestant.name: [] for contestant in chosen}
    with RedisServer() as server:
        for _ in range(options.trials):
            for contestant in chosen:
                result = one(measure, contestant, server)
                workers.note(f"{contestant.name}: {result}")
                found[contestant.name].append(result)
                options.out.parent.mkdir(parents=True, exist_ok=True)
                options.out.write_text(json.dumps(found, indent=1) + "\n")
    print(table(found))
    return 0


def one(measure, contestant, server) -> dict:
    result: dict = {}
    for steps in ((measure.throughput, measure.latency, measure.idle), (measure.start_up,)):
        trial = measure.Trial(contestant, server)
        try:
            for step in steps:
                result |= step(trial)
        except (RuntimeError, OSError) as error:
            workers.note(f"{contestant.name}: {error}")
        finally:
            trial.stop()
    return result


COLUMNS = {
    "rate": ("no-op jobs/s", 0), "p50": ("p50 ms", 2), "p99": ("p99 ms", 2), "rss": ("idle RSS MB", 1), "pss": ("idle PSS MB", 1),
    "cpu": ("idle CPU %", 2), "first_200": ("start to first 200 ms", 0), "first_job": ("start to first job ms", 0),
}


def table(found: dict[str, list[dict]]) -> str:
    """Medians over the trials; for the rate the best trial too."""
    heads = [head for head, _ in COLUMNS.values()]
    heads.insert(1, "best")
    lines = ["| worker | " + " | ".join(heads) + " |", "|---|" + "--:|" * len(heads)]
    for name, trials in found.items():
        cells = []
        for key, (_, digits) in COLUMNS.items():
            values = [trial[key] for trial in trials if key in trial]
            cells.append(f"{statistics.median(values):,.{digits}f}" if values else "–")
            if key == "rate":
                cells.append(f"{max(values):,.0f}" if values else "–")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
