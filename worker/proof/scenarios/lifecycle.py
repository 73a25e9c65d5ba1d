"""Queues and workers: order, registration, counters, heartbeats, groups, limits, and what a dead worker leaves."""

from datetime import datetime, timezone

import jobs
from rq import Queue, Retry, Worker
from rq.command import send_shutdown_command
from scenarios.lab import Lab, last_line, registries, scenario, status
from workers import eventually


def ran(lab: Lab) -> list[str]:
    return [value.decode() for value in lab.redis.lrange("order", 0, -1)]


@scenario()
def queue_priority(lab: Lab):
    """Queues are emptied in the order they are named in"""
    enqueued = [
        lab.queue(name).enqueue(jobs.write_down, "order", f"{name}{n}")
        for n in (1, 2) for name in ("low", "middle", "high")
    ]
    worker = lab.start("high", "middle", "low")
    lab.settle(*enqueued)
    lab.stop(worker)
    assert ran(lab) == ["high1", "high2", "middle1", "middle2", "low1", "low2"], ran(lab)
    lab.see(ran=ran(lab))


@scenario()
def round_robin(lab: Lab):
    """The strategy `round_robin` takes turns"""
    enqueued = [lab.queue(name).enqueue(jobs.write_down, "order", f"{name}{n}") for n in (1, 2) for name in ("a", "b", "c")]
    worker = lab.start("a", "b", "c", strategy="round_robin")
    lab.settle(*enqueued)
    lab.stop(worker)
    lab.see(ran=ran(lab))
    assert ran(lab) == ["a1", "b1", "c1", "a2", "b2", "c2"], ran(lab)


@scenario()
def at_front(lab: Lab):
    """`at_front` overtakes"""
    queue = lab.queue()
    enqueued = [queue.enqueue(jobs.write_down, "order", "second"), queue.enqueue(jobs.write_down, "order", "third"),
                queue.enqueue(jobs.write_down, "order", "first", at_front=True)]
    lab.run(*enqueued)
    assert ran(lab) == ["first", "second", "third"], ran(lab)
    lab.see(ran=ran(lab))


@scenario()
def registration(lab: Lab):
    """A worker is listed with name, queues, host, pid, version, state and counters"""
    queue = lab.queue()
    worker = lab.start("default", "other", name="listed")
    lab.settle(*[queue.enqueue(jobs.sleep, 0.1) for _ in range(3)], queue.enqueue(jobs.fail))
    eventually(lambda: Worker.all(connection=lab.redis)[0].get_state() == "idle")
    found = Worker.all(connection=lab.redis)[0]
    found.refresh()
    per_queue = [len(Worker.all(queue=Queue(name, connection=lab.redis))) for name in ("default", "other", "third")]
    age = (datetime.now(timezone.utc) - found.last_heartbeat.replace(tzinfo=timezone.utc)).total_seconds()
    lab.see(
        name=found.name, queues=found.queue_names(), state=str(found.get_state()), per_queue=per_queue, pid=bool(found.pid),
        hostname=bool(found.hostname), ip=bool(found.ip_address), version=bool(found.version), python=bool(found.python_version),
        good=found.successful_job_count, bad=found.failed_job_count, worked=0.3 <= found.total_working_time < 10,
        heartbeat=age < 15, birth=bool(found.birth_date),
    )
    lab.stop(worker)
    assert (found.successful_job_count, found.failed_job_count) == (3, 1)
    assert not Worker.all(connection=lab.redis)


@scenario()
def while_it_runs(lab: Lab):
    """A running job is started, has one execution, and both are kept alive by heartbeats"""
    queue = lab.queue()
    job = queue.enqueue(jobs.sleep_and_tell, 8, "begun")
    worker = lab.start(monitoring_interval=1)
    eventually(lambda: lab.redis.exists("begun"))
    executions = job.get_executions()
    first = executions[0].last_heartbeat
    live = Worker.all(connection=lab.redis)[0]
    seen = {"status": status(job), "started": len(queue.started_job_registry), "executions": len(executions),
            "state": str(live.get_state())}

    def beats():
        """the heartbeat advances"""
        now = job.get_executions()
        return now and now[0].last_heartbeat > first

    eventually(beats)
    job.refresh()
    seen["worker"] = job.worker_name
    lab.settle(job)
    lab.stop(worker)
    assert len(executions) == 1 and not queue.started_job_registry.get_job_ids()
    lab.see(**seen)


@scenario()
def two_workers(lab: Lab):
    """Two workers share a queue: each job once"""
    queue = lab.queue()
    enqueued = [queue.enqueue(jobs.count, "runs") for _ in range(60)]
    workers = [lab.start(), lab.start()]
    lab.settle(*enqueued, patience=40)
    for worker in workers:
        lab.stop(worker)
    values = sorted(job.return_value() for job in enqueued)
    assert values == list(range(1, 61)), values
    lab.see(runs=int(lab.redis.get("runs")), where={k: len(v) for k, v in registries(queue).items()})


@scenario()
def burst(lab: Lab):
    """`--burst` ends by itself when the queues are empty"""
    enqueued = [lab.queue().enqueue(jobs.add, n) for n in range(5)]
    worker = lab.start(burst=True, ready=False)
    code = worker.wait()
    assert all(job.get_status() == "finished" for job in enqueued)
    lab.see(code=code)


@scenario()
def group(lab: Lab):
    """A group of jobs"""
    from rq.group import Group

    queue = lab.queue()
    enqueued = Group(lab.redis, name="together").enqueue_many(queue, [Queue.prepare_data(jobs.add, (n,)) for n in range(3)])
    lab.run(*enqueued)
    members = {key.decode() for key in lab.redis.smembers("rq:group:together")}
    lab.see(values=[job.return_value() for job in enqueued], group={job.group_id for job in enqueued} == {"together"}, members=len(members))


@scenario(since=(2, 8))
def unique(lab: Lab):
    """A unique job is refused while it exists, and accepted again afterwards"""
    queue = lab.queue()
    job = queue.enqueue(jobs.add, 1, job_id="only", unique=True)
    try:
        queue.enqueue(jobs.add, 1, job_id="only", unique=True)
        refused = ""
    except Exception as error:
        refused = type(error).__name__
    lab.run(job)
    lab.see(refused=refused, value=job.return_value())
    assert refused


@scenario(since=(3, 0))
def rate_limit(lab: Lab):
    """A rate limit: never more than so many of a key at once, and all run"""
    from rq.rate_limit import RateLimit

    queue = lab.queue()
    enqueued = [queue.enqueue(jobs.sleep, 0.2, rate_limit=RateLimit("key", 1)) for _ in range(5)]
    assert [str(job.get_status().value) for job in enqueued].count("rate_limited") == 4
    workers = [lab.start(), lab.start()]
    lab.settle(*enqueued)
    for worker in workers:
        lab.stop(worker)
    spans = sorted((job.started_at, job.ended_at) for job in enqueued)
    assert all(one[1] <= two[0] for one, two in zip(spans, spans[1:])), spans
    lab.see(values=[job.return_value() for job in enqueued])


def orphan(lab: Lab, **options):
    """A job whose worker died in it, and whose last heartbeat is long ago."""
    queue = lab.queue()
    job = queue.enqueue(jobs.sleep_and_tell, 600, "begun", job_id="orphan", **options)
    worker = lab.start(name="dead")
    eventually(lambda: lab.redis.exists("begun"))
    worker.kill_group()
    lab.redis.delete("begun")
    # What 90 seconds without a heartbeat come to; the worker's own key goes after as long.
    registry = queue.started_job_registry
    for member in lab.redis.zrange(registry.key, 0, -1):
        lab.redis.zadd(registry.key, {member: 1})
    lab.redis.delete("rq:worker:dead")
    return job


@scenario()
def abandoned(lab: Lab):
    """A job of a dead worker is failed as abandoned (ours: with ABANDONED=fail)"""
    job = orphan(lab)
    worker = lab.start()
    eventually(lambda: job.get_status() == "failed" and len(lab.queue().failed_job_registry))
    lab.stop(worker)
    job.refresh()
    lab.see(abandoned="AbandonedJobError" in job.latest_result().exc_string, where=registries(lab.queue()))


@scenario()
def abandoned_with_retry(lab: Lab):
    """A job of a dead worker that has retries left is run again"""
    job = orphan(lab, retry=Retry(max=1))
    worker = lab.start()
    eventually(lambda: lab.redis.exists("begun"))
    job.refresh()
    lab.see(status=status(job), left=job.retries_left, started=len(lab.queue().started_job_registry))
    worker.kill_group()
    assert job.retries_left == 0


@scenario()
def name_taken(lab: Lab):
    """A second worker with the name of a living one does not disturb it"""
    first = lab.start(name="same")
    second = lab.start(name="same", ready=False)
    code = second.wait()
    job = lab.queue().enqueue(jobs.add, 1)
    lab.settle(job)
    send_shutdown_command(lab.redis, "same")
    first.wait()
    lab.see(refused=code != 0, value=job.return_value())
    assert code != 0
