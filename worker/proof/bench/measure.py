"""What is measured of a contestant."""

import http.client
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from redis_server import RedisServer
from workers import descendants

import environment
from bench.bodies import RECORD
from bench.contestants import HERE, Contestant

TICK = os.sysconf("SC_CLK_TCK")


class Trial:
    """One contestant on an emptied Redis."""

    def __init__(self, contestant: Contestant, server: RedisServer) -> None:
        self.contestant = contestant
        self.server = server
        command(server.port, b"FLUSHALL")
        self.place = Path(tempfile.mkdtemp(prefix="proof-bench-"))
        self.file = self.place / "done"
        self.file.touch()
        self.port = environment.free_port()
        self.variables = contestant.environment(server.url) | {"PORT": str(self.port)}
        self.process: subprocess.Popen | None = None
        self.begun = 0.0

    def start(self) -> None:
        log = (self.place / "log").open("wb")
        words = [word.format(url=self.server.url) for word in self.contestant.command]
        self.begun = time.time()
        self.process = subprocess.Popen(words, env=self.variables, cwd=HERE, stdout=log, stderr=log, start_new_session=True)
        prioritize(self.process.pid)

    def produce(self, how: str, *rest: object) -> None:
        subprocess.run(self.contestant.producer(how, *rest, self.file), env=self.variables, cwd=HERE, check=True)

    def done(self) -> int:
        if self.contestant.kind in {"native", "bare"}:
            return command(self.server.port, b"ZCARD", b"rq:finished:default")
        return self.file.stat().st_size // RECORD.size

    def wait(self, count: int, patience: float = 120) -> float:
        """The moment when that many jobs were done."""
        end = time.monotonic() + patience
        while self.done() < count:
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError(f"{self.contestant.name}: {self.done()} of {count} jobs done; log in {self.place}")
            time.sleep(0.001)
        return time.time()

    def records(self) -> list[tuple[float, float]]:
        return list(RECORD.iter_unpack(self.file.read_bytes()))

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                for pid in descendants(self.process.pid):
                    os.kill(pid, 9)
                self.process.kill()
                self.process.wait()


def prioritize(pid: int) -> None:
    """Where the kernel shares processor time by session, the nice value that a process has inherited counts only within it."""
    group = Path(f"/proc/{pid}/autogroup")
    if group.exists() and (nice := os.getpriority(os.PRIO_PROCESS, pid)):
        group.write_text(str(nice))


def command(port: int, *words: bytes) -> int:
    """One Redis command with a small answer, without a client library."""
    import socket

    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))
        answer = connection.recv(4096)
    return int(answer[1:]) if answer.startswith(b":") else 0


def throughput(trial: Trial) -> dict:
    """Drains a backlog that waits already; start-up and the first tenth do not count."""
    count = trial.contestant.backlog
    trial.produce("backlog", count)
    trial.start()
    begin = count // 10
    first = trial.wait(begin)
    last = trial.wait(count)
    if trial.contestant.kind not in {"native", "bare"}:
        done = sorted(done for _, done in trial.records())
        first, last = done[begin - 1], done[-1]
    return {"rate": (count - begin) / (last - first)}


def latency(trial: Trial, count: int = 60, gap_ms: int = 60) -> dict:
    """One job every 60 ms, which all can keep up with, on the worker that has just drained the backlog."""
    before = trial.done()
    already = len(trial.records())
    trial.produce("paced", count, gap_ms)
    trial.wait(before + count)
    times = sorted((done - sent) * 1000 for sent, done in trial.records()[already:])
    return {"p50": statistics.median(times), "p99": times[int(len(times) * 0.99) - 1]}


def idle(trial: Trial, seconds: float = 5) -> dict:
    """Memory and processor time of the whole process tree while there is nothing to do."""
    time.sleep(1)
    tree = [trial.process.pid, *descendants(trial.process.pid)]
    before = sum(map(processor_seconds, tree))
    time.sleep(seconds)
    spent = sum(map(processor_seconds, tree)) - before
    return {"cpu": 100 * spent / seconds, "rss": sum(memory(pid, "Rss") for pid in tree), "pss": sum(memory(pid, "Pss") for pid in tree)}


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory(pid: int, what: str) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{what}:")) / 1024


def start_up(trial: Trial) -> dict:
    """From the start of the process to the end of a job that waits, and to the first 200 where there is one to have."""
    trial.produce("backlog", 1)
    trial.start()
    found: dict[str, float] = {}
    if trial.contestant.name.startswith("ours"):
        found["first_200"] = (first_200(trial.port) - trial.begun) * 1000
    found["first_job"] = (trial.wait(1) - trial.begun) * 1000
    return found


def first_200(port: int) -> float:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return time.time()
        except OSError:
            time.sleep(0.0005)
    raise RuntimeError("no 200 within 10 s")
