"""The soak itself, inside the virtual environment of rq."""

import argparse
import itertools
import json
import statistics
import sys
import threading
import time
from pathlib import Path

from redis import Redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry
from rq import Queue

import chaos_jobs
import workers
from bench.measure import memory
from run_chaos import Site, remaining

SAMPLE_EVERY = 5


def produce(site: Site, rate: float, stop: threading.Event, sent: list[int]) -> None:
    """So many jobs a second, whatever happens."""
    connection = Redis(port=site.server.port, retry=Retry(ConstantBackoff(0.5), 1000), retry_on_error=[ConnectionError])
    queue = Queue(connection=connection)
    due = time.monotonic()
    for number in itertools.count():
        if stop.is_set():
            return
        queue.enqueue(chaos_jobs.step, str(site.ledger.path), number, number % 5 / 1000, job_id=str(number), result_ttl=60)
        sent[0] = number + 1
        due += 1 / rate
        time.sleep(max(0, due - time.monotonic()))


def sample(site: Site, begun: float) -> dict:
    pid = site.running[0].pid
    tree = workers.descendants(pid)
    return {
        "minute": round((time.monotonic() - begun) / 60, 2),
        "worker_mb": round(memory(pid, "Rss"), 1),
        "children_mb": round(sum(memory(child, "Rss") for child in tree), 1),
        "children": len(tree),
        "descriptors": len(list(Path(f"/proc/{pid}/fd").iterdir())),
        "threads": len(list(Path(f"/proc/{pid}/task").iterdir())),
        "ended": site.ledger.lines() // 2,
    }


def faults(site: Site):
    """One after the other, for ever; the worker itself is not killed, for it is what is watched."""
    def away(seconds):
        def fault():
            site.server.kill()
            site.pause(seconds)
            site.server.start()

        return fault

    def mode(name, seconds):
        def fault():
            site.proxy.mode = name
            site.pause(seconds)
            site.proxy.mode = "pass"

        return fault

    return itertools.cycle([site.proxy.cut, away(0), mode("delay", 5), mode("hole", 8), site.proxy.forget, away(15), mode("refuse", 5)])


def slope(samples: list[dict], key: str) -> float:
    """Growth an hour, by least squares, over the second half: the first is warm-up."""
    half = samples[len(samples) // 2 :]
    if len(half) < 3:
        return 0.0
    return statistics.linear_regression([s["minute"] / 60 for s in half], [s[key] for s in half]).slope


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--worker", required=True)
    for name in ("minutes", "rate", "fault-every"):
        parser.add_argument(f"--{name}", type=float, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.fault, options.limit, options.settle, options.jobs = "soak", options.minutes * 60 + 300, 60, 0
    site = Site(options)
    stop, sent, samples = threading.Event(), [0], []
    begun = time.monotonic()
    try:
        site.start_worker()
        threading.Thread(target=produce, args=(site, options.rate, stop, sent), daemon=True).start()
        next_fault, turns = begun + options.fault_every, faults(site)
        while time.monotonic() < begun + options.minutes * 60:
            site.pause(SAMPLE_EVERY)
            samples.append(sample(site, begun))
            if time.monotonic() > next_fault:
                next(turns)()
                site.faults += 1
                next_fault += options.fault_every
        stop.set()
        end = time.monotonic() + 120
        while (left := remaining(site.redis)) and time.monotonic() < end:
            site.pause(0.5)
        missing = set(range(sent[0])) - site.ledger.numbers_ended()
    finally:
        site.close()
    report(options, site, samples, sent[0], missing, left)
    return 1 if missing or site.exits else 0


def report(options, site: Site, samples: list[dict], sent: int, missing: set, left: dict[str, list[str]]) -> None:
    result = {
        "worker": site.kind.label, "minutes": options.minutes, "sent": sent, "missing": len(missing), "left": {name: len(ids) for name, ids in left.items()},
        "twice": len(site.ledger.begun_more_than_once()), "exits": site.exits, "faults": site.faults,
        "growth an hour": {key: round(slope(samples, key), 2) for key in ("worker_mb", "children_mb", "descriptors", "threads")},
        "first": samples[0], "last": samples[-1], "most": {k: max(s[k] for s in samples) for k in ("worker_mb", "children_mb", "descriptors")},
    }
    options.out.write_text(json.dumps({**result, "samples": samples}, indent=1) + "\n")
    columns = ("minute", "worker_mb", "children_mb", "children", "descriptors", "threads", "ended")
    print("| " + " | ".join(columns) + " |\n|" + "--:|" * len(columns))
    step = max(1, len(samples) // 15)
    for one in samples[::step]:
        print("| " + " | ".join(str(one[c]) for c in columns) + " |")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    sys.exit(main())
