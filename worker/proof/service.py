"""The example service end to end, done by `rq worker` and by ours: its API enqueues with plain rq, and Redis goes away in between."""

import argparse
import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from pathlib import Path

import environment
from redis_server import RedisServer

EXAMPLE = environment.ROOT / "examples" / "python-worker"
ENTRY = {"sequence": 1, "document": "a", "operation": "upsert", "body": {"title": "Hello"}}
AWAY = 10


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--worker", default="ours", help="ours, or the path of our binary")
    parser.add_argument("--image", action="store_true", help="API and worker in containers too: needs Docker, takes minutes")


def run(options: argparse.Namespace) -> int:
    program = environment.build_worker() if options.worker == "ours" else Path(options.worker).resolve()
    python = environment.rq_python(environment.RQ_RELEASES[0])
    rq = [python.with_name("rq"), "worker", "--with-scheduler", "wal", "default"]
    found = {"rq": play(processes(python, rq)), "ours": play(processes(python, [program, "run"]))}
    if options.image:
        found["ours, image"] = in_containers()
    for step in found["rq"]:
        print(f"{step}: " + "; ".join(f"{who} {told[step]}" for who, told in found.items()))
    equal = all({**told, "seconds after Redis came back": 0} == {**found["rq"], "seconds after Redis came back": 0} for told in found.values())
    print("equal" if equal else "NOT equal")
    return 0 if equal else 1


def processes(python: Path, worker: list):
    """Starts API and worker as processes; answers with what ends them."""

    def start(stack: ExitStack, url: str, api: int) -> None:
        health = environment.free_port()
        for command, port in (([python, "-m", "service.api"], api), (worker, health)):
            variables = os.environ | {"REDIS_URL": url, "RQ_REDIS_URL": url, "PORT": str(port), "PYTHON": str(python)}
            process = subprocess.Popen(command, cwd=EXAMPLE, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            stack.callback(process.wait)
            stack.callback(process.terminate)

    return start


def in_containers() -> dict:
    from docker import Docker

    docker = Docker()

    def start(stack: ExitStack, url: str, api: int) -> None:
        for port, command in ((api, ["python", "-m", "service.api"]), (environment.free_port(), [])):
            name = docker.run("run", "--detach", "--network", "host", "--env", f"REDIS_URL={url}", "--env", f"PORT={port}", "python-worker", *command)
            stack.callback(docker.run, "rm", "--force", name)

    try:
        docker.build_images()
        return play(start)
    finally:
        docker.close()


def play(start) -> dict:
    """What a client of the API sees, step by step."""
    told: dict[str, object] = {}
    with RedisServer(appendonly=True) as server, ExitStack() as stack:
        port = environment.free_port()
        start(stack, server.url, port)
        api = Client(port)
        added = api.post("/wal", ENTRY)
        told["an entry"], told["what depends on it"] = api.ended(added["job"]), api.ended(added["then"])
        told["the same entry again"] = api.ended(api.post("/wal", ENTRY)["job"])
        told["a heavy job with job_timeout 30m"] = api.ended(api.post("/index", {"megabytes": 8})["job"])
        at = datetime.now(timezone.utc) + timedelta(seconds=4)
        later = api.post("/reports", {"at": at.isoformat()})["job"]
        told["enqueue_at, at first"], told["enqueue_at, later"] = api.get(f"/jobs/{later}"), api.ended(later)
        server.kill()
        time.sleep(AWAY)
        told["an entry while Redis is away"] = api.post("/wal", ENTRY)
        server.start()
        begun = time.monotonic()
        told["an entry afterwards"] = api.ended(api.post("/wal", ENTRY | {"sequence": 2})["job"])
        told["seconds after Redis came back"] = round(time.monotonic() - begun, 2)
    return told


class Client:
    def __init__(self, port: int, patience: float = 60) -> None:
        self.address, self.patience = f"http://127.0.0.1:{port}", patience
        self.until(lambda: self.get("/health").get("status") == "healthy")

    def ask(self, path: str, data: bytes | None) -> dict:
        try:
            with urllib.request.urlopen(f"{self.address}{path}", data=data, timeout=20) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return json.load(error)
        except OSError:
            return {}

    def get(self, path: str) -> dict:
        return self.ask(path, None)

    def post(self, path: str, body: dict) -> dict:
        return self.ask(path, json.dumps(body).encode())

    def ended(self, job: str) -> dict:
        return self.until(lambda: (told := self.get(f"/jobs/{job}")).get("status") in {"finished", "failed"} and told)

    def until(self, what):
        end = time.monotonic() + self.patience
        while not (value := what()):
            if time.monotonic() > end:
                raise RuntimeError(f"not within {self.patience} s")
            time.sleep(0.05)
        return value
