"""The workers that are compared, behind one face: `rq worker`, and ours."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import environment


@dataclass
class Wanted:
    """What a worker is asked to be, in terms both understand."""

    queues: tuple[str, ...] = ("default",)
    url: str = ""
    name: str = ""
    serializer: str = "pickle"
    scheduler: bool = False
    burst: bool = False
    job_class: str = ""
    monitoring_interval: int = 0
    results_ttl: int = 0
    strategy: str = ""
    concurrency: int = 1
    drain: int = 30
    port: int = 0
    preload: str = ""
    environment: dict[str, str] = field(default_factory=dict)


class Worker:
    """A worker process that runs."""

    def __init__(self, command: list[str], variables: dict[str, str], log: Path) -> None:
        self.log = log
        self.name = ""
        with log.open("ab") as output:
            # A session of its own: kill_group then reaches the work-horse too, as the end of a container does.
            self.process = subprocess.Popen(
                command, env={**os.environ, **variables}, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    def alive(self) -> bool:
        return self.process.poll() is None

    def terminate(self) -> None:
        if self.alive():
            self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """The worker alone dies, as by the kernel's OOM killer."""
        if self.alive():
            self.process.kill()
        self.process.wait()

    def kill_group(self) -> None:
        """All of it dies, the first process first, as in a container. A work-horse of rq leads a group of its own, so the
        tree is walked."""
        for pid in [self.pid, *descendants(self.pid)]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()

    def wait(self, patience: float = 30) -> int:
        return self.process.wait(patience)

    def stop(self, patience: float = 20) -> int:
        self.terminate()
        try:
            return self.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill_group()
            return -9


def descendants(pid: int) -> list[int]:
    found = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                found += [*descendants(child), child]
    except (FileNotFoundError, ProcessLookupError):
        pass
    return found


class RqWorker:
    """`rq worker` of the release that the interpreter has."""

    label = "rq"

    def __init__(self, python: Path) -> None:
        self.python = python

    def command(self, wanted: Wanted) -> list[str]:
        command = [str(self.python.with_name("rq")), "worker", "--url", wanted.url, "--serializer", wanted.serializer]
        command += ["--name", wanted.name] if wanted.name else []
        command += ["--with-scheduler"] if wanted.scheduler else []
        command += ["--burst"] if wanted.burst else []
        command += ["--job-class", wanted.job_class] if wanted.job_class else []
        if wanted.monitoring_interval:
            command += ["--job-monitoring-interval", str(wanted.monitoring_interval)]
        command += ["--results-ttl", str(wanted.results_ttl)] if wanted.results_ttl else []
        command += ["--dequeue-strategy", wanted.strategy] if wanted.strategy else []
        return command + ["--path", str(environment.HERE), *wanted.queues]

    def start(self, wanted: Wanted, log: Path) -> Worker:
        return Worker(self.command(wanted), {"PYTHONPATH": str(environment.HERE), **wanted.environment}, log)


class OurWorker:
    """The worker of this repository, told to behave as rq does where the two have a choice."""

    label = "ours"

    def __init__(self, program: Path, python: Path, abandoned: str = "fail") -> None:
        self.program = program
        self.python = python
        self.abandoned = abandoned

    def command(self, wanted: Wanted) -> list[str]:
        command = [str(self.program), "run", "--url", wanted.url, "--serializer", wanted.serializer]
        command += ["--name", wanted.name] if wanted.name else []
        command += [] if wanted.scheduler else ["--no-scheduler"]
        command += ["--burst"] if wanted.burst else []
        command += ["--job-class", wanted.job_class] if wanted.job_class else []
        if wanted.monitoring_interval:
            command += ["--job-monitoring-interval", str(wanted.monitoring_interval)]
        command += ["--results-ttl", str(wanted.results_ttl)] if wanted.results_ttl else []
        command += ["--dequeue-strategy", wanted.strategy] if wanted.strategy else []
        command += ["--concurrency", str(wanted.concurrency), "--path", str(environment.HERE)]
        return command + list(wanted.queues)

    def start(self, wanted: Wanted, log: Path) -> Worker:
        variables = {
            "PYTHON": str(self.python),
            "PORT": str(wanted.port or environment.free_port()),
            "ABANDONED": self.abandoned,
            "DRAIN_SECONDS": str(wanted.drain),
            "LOG_FORMAT": "json",
        }
        if wanted.preload:
            variables["PRELOAD"] = wanted.preload
        return Worker(self.command(wanted), {**variables, **wanted.environment}, log)


def kind(name: str, python: Path, **settings: str) -> RqWorker | OurWorker:
    """`rq`, `ours` (built first), or the path of a binary that takes the arguments ours takes."""
    if name == "rq":
        return RqWorker(python)
    program = environment.build_worker() if name == "ours" else Path(name).resolve()
    return OurWorker(program, python, **settings)


def eventually(what, patience: float = 15, every: float = 0.03):
    """The first true value of `what()`; an error once patience ends."""
    end = time.monotonic() + patience
    while True:
        value = what()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {patience} s: {what.__doc__ or what.__name__}")
        time.sleep(every)


def note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
