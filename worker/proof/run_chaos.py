"""One fault, one worker: prints what became of the jobs as JSON. Runs inside the virtual environment of rq."""

import argparse
import json
import re
import sys
import tempfile
import time
from pathlib import Path

from redis import Redis
from rq import Queue
from rq.job import Job

import chaos_jobs
import faults
import workers
from ledger import Ledger
from proxy import Proxy
from redis_server import RedisServer

BATCH = 1000


class Site:
    """Redis, proxy, ledger, and workers that are started again when they end, as a platform does."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.place = Path(tempfile.mkdtemp(prefix="proof-chaos-"))
        self.server = RedisServer(appendonly=True)
        self.redis = Redis(port=self.server.port, retry=None)
        self.proxy = Proxy(self.server.port)
        self.ledger = Ledger(self.place / "ledger")
        settings = {} if options.worker == "rq" else {"abandoned": "requeue"}
        self.kind = workers.kind(options.worker, Path(sys.executable), **settings)
        self.running: list[workers.Worker] = []
        self.exits = 0
        self.started = 0
        self.faults = 0
        self.in_flight_at_kill: set[int] = set()
        self.recoveries: dict[str, float] = {}
        self.end = time.monotonic() + options.limit

    def start_worker(self, place: int | None = None) -> None:
        self.started += 1
        wanted = workers.Wanted(url=self.proxy.url, name=f"w{self.started}", concurrency=2, drain=10, scheduler=True)
        worker = self.kind.start(wanted, self.place / f"worker-{self.started}.log")
        worker.name = wanted.name
        if place is None:
            self.running.append(worker)
        else:
            self.running[place] = worker

    def supervise(self) -> None:
        """Starts what has ended by itself, after a second, as Railway does."""
        for place, worker in enumerate(self.running):
            if not worker.alive():
                self.exits += 1
                time.sleep(1)
                self.start_worker(place)

    def pause(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.supervise()
            time.sleep(0.05)

    def until(self, share: float) -> bool:
        """Waits until that share of the jobs has ended; false when time is up."""
        target = share * self.options.jobs
        while time.monotonic() < self.end:
            # Counting lines is cheap, counting jobs is exact: two lines a job.
            if self.ledger.lines() >= 2 * target and self.ledger.ended() >= target:
                return True
            self.supervise()
            time.sleep(0.02)
        return False

    def recovered(self, fault: str, since: float, patience: float = 120) -> None:
        """Notes how long it takes until a job begins; of several faults of a kind the slowest counts."""
        end = time.monotonic() + patience
        while time.monotonic() < end and self.ledger.ended() < self.options.jobs:
            self.supervise()
            if (took := self.ledger.first_after(since)) is not None:
                self.recoveries[fault] = max(took, self.recoveries.get(fault, 0))
                return
            time.sleep(0.02)
        if self.ledger.ended() < self.options.jobs:
            self.recoveries[fault] = patience

    def note_in_flight(self, worker: workers.Worker) -> None:
        """Which jobs rq's keys say are with this worker, around the moment when it is killed."""
        for member in self.redis.zrange("rq:wip:default", 0, -1):
            holder = (self.redis.hget(b"rq:execution:" + member, "worker_name") or b"").decode()
            # Slots of one process share the name; what has no holder is anyone's.
            if not holder or re.sub(r"-\d+$", "", holder) == worker.name:
                self.in_flight_at_kill.add(int(member.decode().split(":")[0]))
        for member in self.redis.lrange("rq:queue:default:intermediate", 0, -1):
            self.in_flight_at_kill.add(int(member.decode()))

    def close(self) -> None:
        for worker in self.running:
            worker.kill_group()
        self.server.close()


def enqueue(site: Site) -> list[str]:
    queue = Queue(connection=site.redis)
    ids = [str(number) for number in range(site.options.jobs)]
    for begin in range(0, len(ids), BATCH):
        queue.enqueue_many([
            # Result and failure are kept so that they can be looked at afterwards.
            Queue.prepare_data(chaos_jobs.step, (str(site.ledger.path), int(i), int(i) % 7 / 1000), job_id=i, result_ttl=86400)
            for i in ids[begin : begin + BATCH]
        ])
    return ids


PLACES = {
    "queue": ("lrange", "rq:queue:default"),
    "intermediate": ("lrange", "rq:queue:default:intermediate"),
    "started": ("zrange", "rq:wip:default"),
    "deferred": ("zrange", "rq:deferred:default"),
    "scheduled": ("zrange", "rq:scheduled:default"),
}


def remaining(redis: Redis) -> dict[str, list[str]]:
    """Which jobs are still on the way, and where; executions of jobs count as one more place."""
    found = {name: [member.decode().split(":")[0] for member in getattr(redis, how)(key, 0, -1)] for name, (how, key) in PLACES.items()}
    found["executions"] = [key.decode().split(":")[2] for key in redis.scan_iter("rq:execution:*", count=1000)]
    return {name: ids for name, ids in found.items() if ids}


def settle(site: Site) -> dict[str, list[str]]:
    """Waits for all jobs; what is still on the way when none has moved for long enough is stuck."""
    seen, moved = -1, time.monotonic()
    while (left := remaining(site.redis)) and time.monotonic() < site.end:
        if site.ledger.lines() != seen:
            seen, moved = site.ledger.lines(), time.monotonic()
        elif time.monotonic() - moved > site.options.settle:
            break
        site.pause(0.3)
    return left


def judge(site: Site, ids: list[str], left: dict[str, list[str]], seconds: float) -> dict:
    found = [job for begin in range(0, len(ids), BATCH) for job in Job.fetch_many(ids[begin : begin + BATCH], site.redis)]
    status = {i: job.get_status(refresh=False).value if job else "gone" for i, job in zip(ids, found)}
    ended, twice = site.ledger.numbers_ended(), site.ledger.begun_more_than_once()
    wrong = [job.id for job in found if job and status[job.id] == "finished" and job.return_value() != int(job.id)]
    # Lost: it neither came to its end nor does rq say that it failed or is still on its way.
    lost = [i for i in ids if int(i) not in ended and status[i] in {"gone", "finished"}]
    unrecorded = [i for i in ids if int(i) in ended and status[i] != "finished"]
    return {
        "worker": site.kind.label, "fault": site.options.fault, "jobs": len(ids),
        "finished": sum(s == "finished" for s in status.values()), "failed": sum(s == "failed" for s in status.values()),
        "lost": len(lost), "unrecorded": len(unrecorded), "wrong": len(wrong), "twice": len(twice - site.in_flight_at_kill),
        "twice, in flight at kill -9": len(twice & site.in_flight_at_kill), "stuck": len({i for ids in left.values() for i in ids}), "left": {name: len(ids) for name, ids in left.items()},
        "exits": site.exits, "faults": site.faults,
        "recovery s": {fault: round(took, 2) for fault, took in site.recoveries.items()}, "seconds": round(seconds, 1),
        "statuses": {s: list(status.values()).count(s) for s in set(status.values())}, "logs": str(site.place),
    }


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--worker", required=True)
    parser.add_argument("--fault", required=True)
    parser.add_argument("--jobs", type=int, required=True)
    for name in ("outage", "limit", "settle"):
        parser.add_argument(f"--{name}", type=float, required=True)
    site = Site(parser.parse_args())
    try:
        ids = enqueue(site)
        begun = time.monotonic()
        site.start_worker()
        faults.FAULTS[site.options.fault](site)
        left = settle(site)
        row = judge(site, ids, left, time.monotonic() - begun)
        workers.note(f"{row}")
        print(json.dumps(row))
    finally:
        site.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
