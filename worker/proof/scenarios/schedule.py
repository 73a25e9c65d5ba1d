"""Jobs that run later: at a time, after a time, by cron."""

import subprocess
from datetime import datetime, timedelta, timezone

import environment
import jobs
from scenarios.lab import Lab, registries, scenario, status
from workers import eventually


def in_a_second():
    return datetime.now(timezone.utc) + timedelta(seconds=1)


@scenario()
def enqueue_at(lab: Lab):
    """`enqueue_at` runs the job at that time, not before"""
    queue = lab.queue()
    due = datetime.now(timezone.utc) + timedelta(seconds=2)
    job = queue.enqueue_at(due, jobs.add, 1)
    assert job.id in queue.scheduled_job_registry and job.get_status() == "scheduled"
    worker = lab.start(scheduler=True)
    lab.settle(job)
    lab.stop(worker)
    # Due times are whole seconds on the wire.
    assert job.started_at.replace(tzinfo=timezone.utc) >= due.replace(microsecond=0)
    lab.see(value=job.return_value(), where={k: len(v) for k, v in registries(queue).items()})


@scenario()
def enqueue_in(lab: Lab):
    """`enqueue_in` with options of the job: they are all kept"""
    queue = lab.queue()
    job = queue.enqueue_in(timedelta(seconds=1), jobs.change_meta, meta={"start": 1}, job_timeout="30m", result_ttl=77)
    worker = lab.start(scheduler=True)
    lab.settle(job)
    lab.stop(worker)
    assert job.get_meta()["progress"] == 51 and job.timeout == 1800
    lab.see(meta=job.get_meta(), timeout=job.timeout, ttl=70 < lab.redis.ttl(job.key) <= 77)


@scenario()
def scheduled_at_front(lab: Lab):
    """A scheduled job with `at_front` goes before those that wait"""
    queue = lab.queue()
    urgent = queue.enqueue_at(in_a_second(), jobs.write_down, "order", "urgent", at_front=True)
    blocker = queue.enqueue(jobs.sleep, 4)
    last = queue.enqueue(jobs.write_down, "order", "last")
    worker = lab.start(scheduler=True)
    lab.settle(blocker, urgent, last)
    lab.stop(worker)
    ran = [value.decode() for value in lab.redis.lrange("order", 0, -1)]
    assert ran == ["urgent", "last"], ran
    lab.see(ran=ran)


@scenario()
def many_scheduled(lab: Lab):
    """Fifty jobs due at once all run once, with two schedulers about"""
    queue = lab.queue()
    due = in_a_second()
    enqueued = [queue.enqueue_at(due, jobs.count, "runs") for _ in range(50)]
    workers = [lab.start(scheduler=True), lab.start(scheduler=True)]
    lab.settle(*enqueued, patience=40)
    for worker in workers:
        lab.stop(worker)
    assert lab.redis.get("runs") == b"50"
    lab.see(runs=50, left=len(queue.scheduled_job_registry))


@scenario()
def without_scheduler(lab: Lab):
    """A worker without a scheduler leaves scheduled jobs where they are"""
    queue = lab.queue()
    later = queue.enqueue_in(timedelta(seconds=0), jobs.add, 1)
    marks = [queue.enqueue(jobs.sleep, 0.8) for _ in range(2)]
    lab.run(*marks)
    lab.see(status=status(later), scheduled=len(queue.scheduled_job_registry))
    assert later.id in queue.scheduled_job_registry


@scenario()
def scheduler_lock_is_released(lab: Lab):
    """A scheduler that ends lets the next one start at once"""
    queue = lab.queue()
    before = queue.enqueue_in(timedelta(seconds=0), jobs.add, 1)
    lab.run(before, scheduler=True)
    job = queue.enqueue_in(timedelta(seconds=1), jobs.add, 1)
    worker = lab.start(scheduler=True)
    lab.settle(job)
    lab.stop(worker)
    lab.see(value=job.return_value())


@scenario()
def canceled_before_due(lab: Lab):
    """A scheduled job that is canceled does not run"""
    queue = lab.queue()
    canceled = queue.enqueue_in(timedelta(seconds=1), jobs.count, "runs")
    due = queue.enqueue_in(timedelta(seconds=2), jobs.add, 1)
    canceled.cancel()
    worker = lab.start(scheduler=True)
    lab.settle(due)
    lab.stop(worker)
    assert not lab.redis.exists("runs")
    lab.see(status=status(canceled), where={k: len(v) for k, v in registries(queue).items()})


@scenario(serializers=("pickle",), since=(2, 6))
def cron_jobs(lab: Lab):
    """Jobs that `rq cron` enqueues are done like any other"""
    config = lab.logs.with_suffix(".cron.py")
    config.write_text("from rq import cron\nimport jobs\ncron.register(jobs.count, 'default', args=('runs',), interval=1)\n")
    program = lab.kind.python.with_name("rq")
    scheduler = subprocess.Popen(
        [program, "cron", str(config), "--url", lab.url, "--path", str(environment.HERE)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={"PYTHONPATH": str(environment.HERE), "PATH": "/usr/bin:/bin"},
    )
    try:
        worker = lab.start()
        eventually(lambda: int(lab.redis.get("runs") or 0) >= 2)
    finally:
        scheduler.terminate()
        scheduler.wait()
    lab.stop(worker)
    queue = lab.queue()
    lab.see(failed=len(queue.failed_job_registry), many=len(queue.finished_job_registry) >= 2)
    assert not queue.failed_job_registry.get_job_ids()
