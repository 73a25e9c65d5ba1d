"""Who takes part, how each is started, and how each is given work."""

import os
from dataclasses import dataclass
from pathlib import Path

import environment

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Contestant:
    name: str
    kind: str  # how it is given work: rq, native, celery, arq, bullmq, bare
    command: tuple[str, ...]
    python: Path | None
    backlog: int  # jobs of one trial, so that each takes a few seconds
    variables: tuple[tuple[str, str], ...] = ()

    def environment(self, url: str) -> dict[str, str]:
        variables = dict(os.environ) | {"BENCH_URL": url, "REDIS_URL": url, "PYTHONPATH": str(HERE), "C_FORCE_ROOT": "1"}
        return variables | {"BENCH_NODE": str(environment.PLACE / "node")} | dict(self.variables)

    def producer(self, how: str, *rest: object) -> list[str]:
        words = [how, *map(str, rest)]
        if self.kind == "bullmq":
            return ["node", str(HERE / "bullmq.mjs"), *words]
        kind = "native" if self.kind == "bare" else self.kind
        return [str(self.python), str(HERE / "produce.py"), kind, *words]


def everyone(scale: float) -> list[Contestant]:
    rq = environment.rq_python(environment.RQ_RELEASES[0])
    celery, arq = (environment.python(peer) for peer in environment.PEERS)
    environment.node_modules(*environment.BULLMQ)
    worker = str(environment.build_worker())

    def jobs(count: int) -> int:
        return max(20, int(count * scale))

    def ours(slots: int, *variables: tuple[str, str]) -> Contestant:
        return Contestant(f"ours, Python, c={slots}", "rq", (worker, "run", "--concurrency", str(slots)), rq, jobs(6000),
                          (("PYTHON", str(rq)), ("PRELOAD", "bodies"), *variables))

    def native(slots: int) -> Contestant:
        command = (worker, "run", "--concurrency", str(slots))
        return Contestant(f"ours, native, c={slots}", "native", command, rq, jobs(20000), (("PYTHON", "none"),))

    def of_rq(name: str, *flags: str, count: int) -> Contestant:
        command = (str(rq.with_name("rq")), "worker", "--quiet", "--url", "{url}", *flags)
        return Contestant(name, "rq", command, rq, jobs(count))

    def of_celery(slots: int) -> Contestant:
        command = (str(celery.with_name("celery")), "-A", "celery_app", "worker", "-c", str(slots), "--loglevel", "ERROR")
        return Contestant(f"Celery prefork, c={slots}", "celery", command, celery, jobs(3000))

    def of_bullmq(slots: int) -> Contestant:
        return Contestant(f"BullMQ, c={slots}", "bullmq", ("node", str(HERE / "bullmq.mjs"), "worker", str(slots)), None, jobs(8000))

    found = [
        ours(1), ours(2), native(1), native(2),
        of_rq("rq Worker", count=150), of_rq("rq SimpleWorker", "--worker-class", "rq.SimpleWorker", count=500),
        of_celery(1), of_celery(2),
        Contestant("arq", "arq", (str(arq.with_name("arq")), "arq_app.WorkerSettings"), arq, jobs(500)),
        of_bullmq(1), of_bullmq(2),
    ]
    bare = environment.bare_loop()
    if bare:
        found.append(Contestant("bare loop, same commands", "bare", (str(bare),), rq, jobs(20000)))
    return found
