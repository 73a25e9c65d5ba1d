"""What people look at: `rq info` and rq-dashboard, beside a worker that runs."""

import json
import re
import subprocess
import urllib.request

import jobs
from rq import Worker
from scenarios.lab import Lab, scenario
from workers import eventually

import environment

PAGES = ("", "view/workers", "view/jobs/default/finished/8/asc/1", "view/job/good")


@scenario()
def rq_info(lab: Lab):
    """`rq info` shows queues and worker"""
    lab.queue("waiting").enqueue(jobs.add, 1)
    done, bad = lab.queue().enqueue(jobs.add, 1), lab.queue().enqueue(jobs.fail)
    worker = lab.start("default", name="shown")
    lab.settle(done, bad)
    eventually(lambda: Worker.all(connection=lab.redis)[0].get_state() == "idle")
    program = lab.kind.python.with_name("rq")
    shown = [
        subprocess.run([program, "info", *flags, "--url", lab.url], capture_output=True, text=True, check=True).stdout
        for flags in (["--raw"], ["--by-queue"], [])
    ]
    lab.stop(worker)
    # Host, address and process differ from run to run, and so does the time of day.
    texts = [re.sub(r"\([^)]* \d+\)|^Updated:.*", "", text, flags=re.MULTILINE).strip() for text in shown]
    assert "worker shown  idle default. jobs: 1 finished, 1 failed" in texts[0], texts[0]
    lab.see(raw=sorted(texts[0].splitlines()), by_queue=sorted(texts[1].splitlines()), plain=sorted(texts[2].splitlines()))


class Dashboard:
    """rq-dashboard in a process of its own, until the block ends."""

    def __init__(self, lab: Lab) -> None:
        self.address = f"http://127.0.0.1:{(port := environment.free_port())}"
        command = [lab.kind.python.with_name("rq-dashboard"), "--redis-url", lab.url, "--bind", "127.0.0.1", "--port", str(port)]
        with lab.logs.with_suffix(".dashboard").open("wb") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=output)

    def __enter__(self) -> "Dashboard":
        def answers() -> bool:
            """rq-dashboard answers"""
            try:
                return bool(self.get(""))
            except OSError:
                return False

        eventually(answers)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(f"{self.address}/0/{path}", timeout=10) as answer:
            return answer.read()

    def data(self, path: str) -> dict:
        return json.loads(self.get(f"data/{path}.json"))


# rq-dashboard 0.9 cannot show the current job of a worker when it is of the JSON serializer, nor a job that depends on another,
# whoever the worker is.
@scenario(serializers=("pickle",))
def rq_dashboard(lab: Lab):
    """rq-dashboard shows queues, the busy worker, and jobs with result and error"""
    queue = lab.queue()
    good, bad = queue.enqueue(jobs.add, 1, job_id="good"), queue.enqueue(jobs.fail, job_id="bad")
    later = queue.enqueue(jobs.add, 1, job_id="later", depends_on=(slow := queue.enqueue(jobs.sleep_and_tell, 6, "begun", job_id="slow")))
    worker = lab.start(name="shown")
    eventually(lambda: lab.redis.exists("begun"))
    with Dashboard(lab) as dashboard:
        queues, workers = dashboard.data("queues")["queues"], dashboard.data("workers")["workers"]
        pages = [len(dashboard.get(page)) > 1000 for page in PAGES]
        told = {job: dashboard.data(f"job/{job}") for job in ("good", "bad", "slow")}
    lab.settle(good, bad, slow, later)
    lab.stop(worker)
    (one,) = workers
    assert one["current_job"]["job_id"] == "slow" and told["good"]["result"] == 2, (one, told)
    assert one["pid"] and one["birth_date"] and one["last_heartbeat"] and one["version"] and one["python_version"], one
    lab.see(
        queues=[{key: value for key, value in each.items() if not key.endswith("_url")} for each in queues], pages=pages,
        worker={key: one[key] for key in ("name", "queues", "state", "successful_job_count", "failed_job_count")},
        current=one["current_job"]["call_string"],
        told={job: {"status": text["status"], "result": text["result"], "description": text["description"], "origin": text["origin"],
                    "error": (text["exc_info"] or "").strip().splitlines()[-1:], "started": bool(text["started_at"]),
                    "ended": bool(text["ended_at"])} for job, text in told.items()},
    )
