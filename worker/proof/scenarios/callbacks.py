"""Functions that rq calls when a job has ended, and HTTP calls it makes then."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import jobs
from rq import Callback, Retry
from rq.command import send_stop_job_command
from scenarios.lab import Lab, last_line, registries, scenario, status
from workers import eventually


def called(lab: Lab) -> list[str]:
    return [value.decode() for value in lab.redis.lrange("callbacks", 0, -1)]


@scenario()
def on_success(lab: Lab):
    """The success callback gets job, connection and result"""
    job = lab.queue().enqueue(jobs.add, 1, job_id="good", on_success=Callback(jobs.succeeded), on_failure=Callback(jobs.failed))
    lab.run(job)
    assert called(lab) == ["success good 2"], called(lab)
    lab.see(called=called(lab))


@scenario()
def on_failure(lab: Lab):
    """The failure callback gets the exception"""
    job = lab.queue().enqueue(jobs.fail, "why", job_id="bad", on_success=Callback(jobs.succeeded), on_failure=Callback(jobs.failed))
    lab.run(job)
    assert called(lab) == ["failure bad ValueError why"], called(lab)
    lab.see(called=called(lab))


@scenario()
def on_failure_with_retries(lab: Lab):
    """How often the failure callback is called when a job is retried"""
    job = lab.queue().enqueue(jobs.fail, "why", job_id="bad", retry=Retry(max=1), on_failure=Callback(jobs.failed))
    worker = lab.start()
    eventually(lambda: job.get_status() == "failed" and len(lab.queue().failed_job_registry))
    lab.stop(worker)
    lab.see(called=called(lab))


@scenario()
def on_failure_when_killed(lab: Lab):
    """The failure callback is called when the job's process dies"""
    job = lab.queue().enqueue(jobs.die, job_id="dead", on_failure=Callback(jobs.failed))
    lab.run(job)
    lab.see(calls=len(called(lab)), start=[text[:12] for text in called(lab)])


@scenario()
def on_stopped(lab: Lab):
    """The stopped callback is called when a job is stopped"""
    job = lab.queue().enqueue(jobs.sleep_and_tell, 30, "begun", job_id="stopped", on_stopped=Callback(jobs.stopped))
    worker = lab.start()
    eventually(lambda: lab.redis.exists("begun"))
    send_stop_job_command(lab.redis, "stopped")
    lab.settle(job)
    eventually(lambda: called(lab))
    lab.stop(worker)
    assert called(lab) == ["stopped stopped"], called(lab)
    lab.see(called=called(lab), status=status(job))


@scenario()
def success_callback_breaks(lab: Lab):
    """A success callback that raises fails the job"""
    queue = lab.queue()
    job = queue.enqueue(jobs.add, 1, on_success=Callback(jobs.broken))
    lab.run(job)
    lab.see(status=status(job), error=last_line(job.latest_result().exc_string), where={k: len(v) for k, v in registries(queue).items()})


@scenario()
def failure_callback_breaks(lab: Lab):
    """A failure callback that raises leaves the job failed"""
    job = lab.queue().enqueue(jobs.fail, on_failure=Callback(jobs.broken))
    lab.run(job)
    lab.see(status=status(job), error=last_line(job.latest_result().exc_string))


@scenario()
def callback_takes_too_long(lab: Lab):
    """A callback is bounded by its own timeout"""
    job = lab.queue().enqueue(jobs.add, 1, on_success=Callback(jobs.slow_callback, timeout=1))
    lab.run(job)
    lab.see(status=status(job), error="JobTimeoutException" in (job.latest_result().exc_string or ""))


@scenario()
def callback_by_name(lab: Lab):
    """A callback given as text"""
    job = lab.queue().enqueue("jobs.add", 1, job_id="text", on_success=Callback("jobs.succeeded"))
    lab.run(job)
    assert called(lab) == ["success text 2"]
    lab.see(called=called(lab))


@scenario(since=(2, 10))
def webhooks(lab: Lab):
    """A webhook of a finished and of a failed job is sent"""
    from rq.webhook import Webhook

    received: list[str] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append(f"{self.headers['X-Token']} {body.count(b'job_id')}")
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/"
    queue = lab.queue()
    enqueued = [
        queue.enqueue(what, webhooks=[Webhook(address, status, method="POST", headers={"X-Token": status})])
        for what, status in ((jobs.nothing, "finished"), (jobs.fail, "failed"), (jobs.nothing, "failed"))
    ]
    worker = lab.start()
    lab.settle(*enqueued)
    eventually(lambda: len(received) >= 2)
    lab.stop(worker)
    server.shutdown()
    assert sorted(received) == ["failed 1", "finished 1"], received
    lab.see(received=sorted(received))
