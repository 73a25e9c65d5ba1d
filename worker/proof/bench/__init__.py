"""Rates, latency, memory and start of the worker beside its peers, on one Redis in one run."""

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
from pathlib import Path

import environment
import workers


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--trials", type=int, default=3, help="interleaved: everyone once, then everyone again")
    parser.add_argument("--rates", type=int, default=6, help="further rounds of the rate alone: noise only takes away, so the best round tells")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the usual number of jobs")
    parser.add_argument("--only", default="", help="contestants whose name contains this")
    parser.add_argument("--priority", type=int, default=0, help="nice value of Redis and every contestant, such as -15 on a shared machine")
    parser.add_argument("--out", type=Path, default=environment.PLACE / "bench.json")


def run(options: argparse.Namespace) -> int:
    from bench import measure
    from bench.contestants import everyone
    from redis_server import RedisServer

    chosen = [contestant for contestant in everyone(options.scale) if options.only in contestant.name]
    found: dict[str, list[dict]] = {contestant.name: [] for contestant in chosen}
    if options.priority:
        os.nice(options.priority)
    measure.prioritize(os.getpid())
    with RedisServer() as server:
        for number in range(options.trials + options.rates):
            for contestant in chosen:
                result = one(measure, contestant, server, rate_alone=number >= options.trials)
                workers.note(f"{contestant.name}: {result}")
                found[contestant.name].append(result)
                options.out.parent.mkdir(parents=True, exist_ok=True)
                options.out.write_text(json.dumps(found, indent=1) + "\n")
    print(about(), table(found), targets(found), sep="\n\n")
    return 0


def one(measure, contestant, server, rate_alone: bool) -> dict:
    result: dict = {}
    everything = ((measure.throughput, measure.latency, measure.idle), (measure.start_up,))
    for steps in ((measure.throughput,),) if rate_alone else everything:
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


def about() -> str:
    """The machine and the versions."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    redis = re.search(r"v=(\S+)", subprocess.check_output([environment.redis_server(), "--version"], text=True))
    node = subprocess.check_output(["node", "--version"], text=True).strip()
    packages = ", ".join((f"rq=={environment.RQ_RELEASES[0]}", *environment.PEERS, *environment.BULLMQ))
    return (f"{os.cpu_count()} cores ({cpu[1] if cpu else platform.machine()}), Linux {platform.release()}, load average "
            f"{os.getloadavg()[2]:.1f}; Redis {redis[1] if redis else '?'}, Python {platform.python_version()}, Node {node}; {packages}")


def targets(found: dict[str, list[dict]]) -> str:
    """What the worker is meant to reach, and what it reached, by the best round of each."""
    best = {name: max(rates) for name, trials in found.items() if (rates := [trial["rate"] for trial in trials if "rate" in trial])}

    def times(mine: str, *others: str) -> float | None:
        rates = [best[other] for other in others if other in best]
        return best[mine] / max(rates) if mine in best and rates else None

    # Like beside like: two slots also beside those that have only one.
    alone = ("rq Worker", "rq SimpleWorker", "arq", "Celery prefork, c=1")
    peers = {1: alone, 2: (*alone, "Celery prefork, c=2")}
    rows = [(f"Python no-op, c={slots}, times rq Worker", times(f"ours, Python, c={slots}", "rq Worker"), 20) for slots in (1, 2)]
    rows += [(f"Python no-op, c={slots}, times the fastest Python peer", times(f"ours, Python, c={slots}", *peers[slots]), 2) for slots in (1, 2)]
    rows += [(f"native no-op, c={slots}, times BullMQ", times(f"ours, native, c={slots}", f"BullMQ, c={slots}"), 1) for slots in (1, 2)]
    rows.append(("native no-op, c=1, share of the bare loop", times("ours, native, c=1", "bare loop, same commands"), 0.7))
    lines = ["| target | at least | reached | |", "|---|--:|--:|---|"]
    lines += [f"| {what} | {least} | {got:.2f} | {'yes' if got >= least else '**no**'} |" for what, got, least in rows if got is not None]
    memory = [trial["rss"] for trial in found.get("ours, native, c=1", []) if "rss" in trial]
    if memory:
        lines.append(f"| idle MB without Python | at most 12 | {max(memory):.1f} | {'yes' if max(memory) <= 12 else '**no**'} |")
    return "\n".join(lines)
