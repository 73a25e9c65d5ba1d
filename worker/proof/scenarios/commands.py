"""What a person or a dashboard tells a running worker: stop, kill, shut down, suspend."""

import time

import jobs
from rq import Worker
from rq.command import send_kill_horse_command, send_shutdown_command, send_stop_job_command
from rq.suspension import is_suspended, resume, suspend
from scenarios.lab import Lab, last_line, registries, scenario, status
from workers import eventually


def begin(lab: Lab, seconds: float, **options):
    """A job that is certainly running."""
    job = lab.queue().enqueue(jobs.sleep_and_tell, seconds, "begun", job_id="long", **options)
    worker = lab.start()
    eventually(lambda: lab.redis.exists("begun"))
    return job, worker


@scenario()
def job_timeout(lab: Lab):
    """`job_timeout` ends a job, as seconds and as text; the next one runs"""
    queue = lab.queue()
    seconds = queue.enqueue(jobs.sleep, 30, job_timeout=1)
    text = queue.enqueue(jobs.sleep, 30, job_timeout="1s")
    long = queue.enqueue(jobs.add, 1, job_timeout="30m")
    lab.run(seconds, text, long)
    errors = [last_line(job.latest_result().exc_string) for job in (seconds, text)]
    assert all("JobTimeoutException" in error for error in errors), errors
    lab.see(errors=errors, timeout=long.timeout, status=status(long))


@scenario()
def stop_job(lab: Lab):
    """`stop-job` ends the job as stopped, without a retry; the worker goes on"""
    from rq import Retry

    job, worker = begin(lab, 30, retry=Retry(max=3))
    send_stop_job_command(lab.redis, job.id)
    lab.settle(job)
    after = lab.queue().enqueue(jobs.add, 1)
    lab.settle(after)
    lab.stop(worker)
    assert job.get_status() == "stopped" and after.is_finished
    lab.see(status=status(job), error=last_line(job.latest_result().exc_string), where=registries(lab.queue()).get("failed"))


@scenario()
def kill_horse(lab: Lab):
    """`kill-horse` fails the job; the worker goes on"""
    job, worker = begin(lab, 30)
    send_kill_horse_command(lab.redis, "w1")
    lab.settle(job)
    after = lab.queue().enqueue(jobs.add, 1)
    lab.settle(after)
    lab.stop(worker)
    lab.see(statuses=[status(job), status(after)], failed=registries(lab.queue()).get("failed"))
    assert job.is_failed and after.is_finished


@scenario()
def shutdown(lab: Lab):
    """`shutdown` lets the job end, then the worker goes"""
    job, worker = begin(lab, 1.5)
    waiting = lab.queue().enqueue(jobs.add, 1)
    send_shutdown_command(lab.redis, "w1")
    code = worker.wait()
    assert job.get_status() == "finished" and waiting.get_status() == "queued"
    lab.see(code=code, statuses=[status(job), status(waiting)])


@scenario()
def sigterm(lab: Lab):
    """SIGTERM lets the job end, then the worker goes and is no longer listed"""
    job, worker = begin(lab, 1.5)
    waiting = lab.queue().enqueue(jobs.add, 1)
    code = worker.stop()
    assert job.get_status() == "finished" and waiting.get_status() == "queued"
    lab.see(code=code, workers=len(Worker.all(connection=lab.redis)), waiting=status(waiting), where={k: len(v) for k, v in registries(lab.queue()).items()})


@scenario()
def suspended(lab: Lab):
    """A worker takes nothing while rq is suspended, and goes on when it is resumed"""
    running, worker = begin(lab, 1)
    suspend(lab.redis)
    job = lab.queue().enqueue(jobs.add, 1)
    lab.settle(running)

    def says_so():
        """the worker is suspended"""
        return [w.get_state() for w in Worker.all(connection=lab.redis)] == ["suspended"]

    eventually(says_so)
    held = status(job)
    resume(lab.redis)
    lab.settle(job)
    lab.stop(worker)
    assert held == "queued" and job.is_finished and not is_suspended(lab.redis)
    lab.see(held=held, value=job.return_value())


@scenario()
def starts_suspended(lab: Lab):
    """A worker that starts while rq is suspended takes nothing"""
    suspend(lab.redis)
    job = lab.queue().enqueue(jobs.add, 1)
    worker = lab.start(ready=False)
    time.sleep(1.5)
    held = status(job)
    lab.stop(worker)
    assert held == "queued", held
    lab.see(held=held)


@scenario()
def cancel(lab: Lab):
    """A canceled job does not run"""
    queue = lab.queue()
    canceled = queue.enqueue(jobs.write_down, "ran", "canceled", job_id="canceled")
    kept = queue.enqueue(jobs.write_down, "ran", "kept")
    canceled.cancel()
    lab.run(kept)
    ran = [value.decode() for value in lab.redis.lrange("ran", 0, -1)]
    assert ran == ["kept"], ran
    lab.see(ran=ran, status=status(canceled), canceled=registries(queue).get("canceled"))


@scenario()
def deleted_while_waiting(lab: Lab):
    """A job deleted by its producer does not run and disturbs nothing"""
    queue = lab.queue()
    gone = queue.enqueue(jobs.write_down, "ran", "gone")
    kept = queue.enqueue(jobs.write_down, "ran", "kept")
    lab.redis.delete(gone.key)
    lab.run(kept)
    ran = [value.decode() for value in lab.redis.lrange("ran", 0, -1)]
    assert ran == ["kept"], ran
    lab.see(ran=ran, queued=queue.get_job_ids())
