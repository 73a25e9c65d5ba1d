"""What a scenario works with: a Redis, queues of a producer, workers, and a place for what it saw."""

import inspect
from pathlib import Path
from typing import Any, Callable

import rq
from redis import Redis
from rq import Queue
from rq.job import Job
from rq.worker import BaseWorker as RqWorkerClass

from workers import Wanted, Worker, eventually

SCENARIOS: dict[str, "Scenario"] = {}
RELEASE = tuple(int(part) for part in rq.__version__.split(".")[:2])


class Scenario:
    def __init__(self, body: Callable[["Lab"], None], serializers: tuple[str, ...], since: tuple[int, int]) -> None:
        self.name = body.__name__
        self.body = body
        self.feature = inspect.getdoc(body) or ""
        self.serializers = serializers
        self.since = since

    def applies(self, serializer: str) -> bool:
        return serializer in self.serializers and self.since <= RELEASE


def scenario(*, serializers: tuple[str, ...] = ("pickle", "json"), since: tuple[int, int] = (2, 0)):
    def register(body: Callable[["Lab"], None]) -> Callable[["Lab"], None]:
        SCENARIOS[body.__name__] = Scenario(body, serializers, since)
        return body

    return register


class Lab:
    """Everything a scenario says about the outcome goes through rq's own API; `see` is what must be equal for two workers."""

    def __init__(self, connection: Redis, url: str, kind: Any, serializer: str, logs: Path) -> None:
        self.redis = connection
        self.url = url
        self.kind = kind
        self.serializer = serializer
        self.logs = logs
        self.seen: dict[str, Any] = {}
        self.workers: list[Worker] = []

    def queue(self, name: str = "default", **options: Any) -> Queue:
        return Queue(name, connection=self.redis, serializer=self.serializer, **options)

    def job(self, job_id: str) -> Job:
        return Job.fetch(job_id, connection=self.redis, serializer=self.queue().serializer)

    def start(self, *queues: str, ready: bool = True, **options: Any) -> Worker:
        """Starts a worker and waits until rq sees it in its list of workers."""
        wanted = Wanted(queues=queues or ("default",), url=self.url, **{"serializer": self.serializer, **options})
        wanted.name = wanted.name or f"w{len(self.workers) + 1}"
        worker = self.kind.start(wanted, self.logs)
        self.workers.append(worker)
        if ready:
            def registered() -> bool:
                """the worker registers"""
                if not worker.alive():
                    raise AssertionError(f"the worker ended with {worker.process.returncode} before it was ready")
                return any(w.name == wanted.name and w.get_state() for w in RqWorkerClass.all(connection=self.redis))

            eventually(registered)
        return worker

    def settle(self, *jobs: Job, patience: float = 20) -> None:
        """Waits until each has ended and nothing of it is in flight."""

        def ended() -> bool:
            """the jobs end"""
            return all(
                job.get_status() in {"finished", "failed", "stopped", "canceled"} and not job.get_executions()
                for job in jobs
            )

        eventually(ended, patience)
        for job in jobs:
            job.refresh()

    def run(self, *jobs: Job, **options: Any) -> None:
        """A worker does these jobs and is told to go."""
        queues = tuple(dict.fromkeys(job.origin for job in jobs))
        worker = self.start(*queues, **options)
        self.settle(*jobs)
        self.stop(worker)

    def stop(self, worker: Worker) -> None:
        """Tells an idle worker to go; rq's own can break when the signal meets it between two commands."""

        def idle() -> bool:
            """the workers are idle"""
            return all(w.get_state() != "busy" for w in RqWorkerClass.all(connection=self.redis))

        eventually(idle)
        worker.stop()

    def see(self, **what: Any) -> None:
        self.seen |= what

    def close(self) -> None:
        for worker in self.workers:
            if worker.alive():
                worker.kill_group()


def registries(queue: Queue) -> dict[str, list[str]]:
    """Which jobs of a queue are where, as rq tells it."""
    found = {
        "queued": queue.get_job_ids(),
        "started": queue.started_job_registry.get_job_ids(),
        "finished": queue.finished_job_registry.get_job_ids(),
        "failed": queue.failed_job_registry.get_job_ids(),
        "deferred": queue.deferred_job_registry.get_job_ids(),
        "scheduled": queue.scheduled_job_registry.get_job_ids(),
        "canceled": queue.canceled_job_registry.get_job_ids(),
    }
    return {name: sorted(ids) for name, ids in found.items() if ids}


def last_line(text: str | None) -> str:
    return (text or "").strip().splitlines()[-1] if (text or "").strip() else ""


def status(job: Job) -> str:
    return str(job.get_status().value)
