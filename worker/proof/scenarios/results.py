"""What a job leaves behind when it ends well or badly."""

import jobs
from scenarios.lab import RELEASE, Lab, last_line, registries, scenario, status
from workers import eventually


def result_of(job):
    result = job.latest_result()
    return result and {
        "type": result.type.name,
        "error": last_line(result.exc_string),
        "worker": bool(result.worker_name),
        "execution": bool(getattr(result, "execution_id", True)),
    }


@scenario()
def return_values(lab: Lab):
    """`job.return_value()` is what the function returned, for every plain type"""
    queue = lab.queue()
    values = [1, 1.5, "text", "ünïcødé ✓", True, [1, [2, "three"]], {"a": {"b": [None]}}, "", 0, [], 2**70]
    enqueued = [queue.enqueue(jobs.echo, value) for value in values]
    lab.run(*enqueued)
    returned = [job.return_value() for job in enqueued]
    assert returned == values, returned
    lab.see(returned=returned, result=result_of(enqueued[0]), where={k: len(v) for k, v in registries(queue).items()})


@scenario()
def keyword_arguments(lab: Lab):
    """Positional and keyword arguments arrive as they were given"""
    job = lab.queue().enqueue("jobs.add", args=(1,), kwargs={"right": 41})
    lab.run(job)
    assert job.return_value() == 42
    lab.see(value=job.return_value(), description=job.description)


@scenario()
def result_none(lab: Lab):
    """A function that returns None leaves a result without a value"""
    job = lab.queue().enqueue(jobs.nothing)
    lab.run(job)
    assert job.get_status() == "finished" and job.return_value() is None
    lab.see(status=status(job), result=result_of(job), count=len(job.results()))


@scenario()
def result_ttl(lab: Lab):
    """`result_ttl` bounds the life of job, result and registry entry: seconds, 0 and for ever"""
    queue = lab.queue()
    short = queue.enqueue(jobs.add, 1, result_ttl=60)
    lasting = queue.enqueue(jobs.add, 1, result_ttl=-1)
    default = queue.enqueue(jobs.add, 1)
    gone = queue.enqueue(jobs.add, 1, result_ttl=0, job_id="gone")
    worker = lab.start()
    lab.settle(short, lasting, default)
    eventually(lambda: not queue.fetch_job("gone"))
    lab.stop(worker)
    lives = [lab.redis.ttl(job.key) for job in (short, lasting, default)]
    assert 50 < lives[0] <= 60 and lives[1] == -1 and 490 < lives[2] <= 500, lives
    expiries = {j.id: queue.finished_job_registry.get_expiration_time(j) if j is not lasting else "never" for j in (short, lasting)}
    assert expiries[lasting.id] == "never"
    lab.see(lasting=lives[1], gone="gone" in registries(queue).get("finished", []), finished=len(queue.finished_job_registry))


@scenario()
def ttl(lab: Lab):
    """A job whose `ttl` passes while it waits never runs; one that starts in time loses the ttl"""
    queue = lab.queue()
    expired = queue.enqueue(jobs.write_down, "ran", "expired", ttl=1, job_id="expired")
    kept = queue.enqueue(jobs.write_down, "ran", "kept", ttl=600)
    eventually(lambda: not lab.redis.exists(expired.key))
    lab.run(kept)
    ran = [value.decode() for value in lab.redis.lrange("ran", 0, -1)]
    assert ran == ["kept"], ran
    lab.see(ran=ran, where={k: len(v) for k, v in registries(queue).items()})


@scenario()
def failure(lab: Lab):
    """An exception is recorded with its traceback, in the job's result and in the failed registry"""
    queue = lab.queue()
    job = queue.enqueue(jobs.fail, "bad input", job_id="bad")
    lab.run(job)
    result = job.latest_result()
    assert job.is_failed and "bad input" in result.exc_string and "jobs.py" in result.exc_string
    assert job.exc_info == result.exc_string
    lab.see(result=result_of(job), where=registries(queue), ttl=lab.redis.ttl(job.key) > 300 * 86400)


@scenario()
def failure_ttl(lab: Lab):
    """`failure_ttl` bounds the life of a failed job"""
    queue = lab.queue()
    job = queue.enqueue(jobs.fail, failure_ttl=60)
    lab.run(job)
    lab.see(short=50 < lab.redis.ttl(job.key) <= 60, status=status(job), failed=len(queue.failed_job_registry))
    assert lab.seen["short"]


@scenario()
def meta(lab: Lab):
    """`meta` of the producer is there in the job, and what the job saves is there for the producer"""
    job = lab.queue().enqueue(jobs.change_meta, meta={"start": 7, "who": "producer"})
    lab.run(job)
    assert job.get_meta() == {"start": 7, "who": "producer", "progress": 57}, job.get_meta()
    lab.see(meta=job.get_meta(), value=job.return_value())


@scenario(serializers=("pickle",))
def unserializable_result(lab: Lab):
    """A result that cannot be serialized does not fail the job"""
    job = lab.queue().enqueue(jobs.unserializable)
    lab.run(job)
    lab.see(status=status(job), value=str(job.return_value()), result=result_of(job))


@scenario()
def function_missing(lab: Lab):
    """A function that does not exist fails the job and says which"""
    queue = lab.queue()
    attribute = queue.enqueue("jobs.no_such_function")
    module = queue.enqueue("no_such_module.function")
    after = queue.enqueue(jobs.add, 1)
    lab.run(attribute, module, after)
    assert attribute.is_failed and module.is_failed and after.is_finished
    # The words are rq's own; the worker must not add any.
    lab.see(errors=[last_line(job.latest_result().exc_string) for job in (attribute, module)])


@scenario()
def data_that_no_one_can_read(lab: Lab):
    """A job whose payload is damaged fails alone"""
    queue = lab.queue()
    job = queue.enqueue(jobs.add, 1)
    lab.redis.hset(job.key, "data", b"\x80not a payload")
    after = queue.enqueue(jobs.add, 1)
    lab.run(job, after)
    lab.see(statuses=[status(job), status(after)], where={k: len(v) for k, v in registries(queue).items()})
    assert job.is_failed and after.is_finished


@scenario()
def large_payload(lab: Lab):
    """A megabyte in, two megabytes out"""
    queue = lab.queue()
    into = queue.enqueue(jobs.echo, "y" * 1_000_000)
    out = queue.enqueue(jobs.bytes_of, 2_000_000)
    lab.run(into, out)
    assert len(into.return_value()) == 1_000_000 and len(out.return_value()) == 2_000_000
    lab.see(sizes=[len(into.return_value()), len(out.return_value())])


@scenario()
def future_fields(lab: Lab):
    """Fields of a later rq in the job's hash are still there afterwards"""
    queue = lab.queue()
    fine, bad = queue.enqueue(jobs.add, 1), queue.enqueue(jobs.fail)
    for job in (fine, bad):
        lab.redis.hset(job.key, mapping={"field_of_rq_9": "kept", "other_field": b"\x00\xff"})
    lab.run(fine, bad)
    kept = [lab.redis.hmget(job.key, "field_of_rq_9", "other_field") for job in (fine, bad)]
    assert kept == [[b"kept", b"\x00\xff"]] * 2, kept
    lab.see(statuses=[status(fine), status(bad)])


@scenario()
def times_and_worker(lab: Lab):
    """Who did the job and when: worker name, start and end in order, heartbeat, origin, default timeout"""
    job = lab.queue().enqueue(jobs.sleep, 0.05)
    lab.run(job, name="the-worker")
    assert job.enqueued_at <= job.started_at < job.ended_at
    assert job.latest_result().worker_name == "the-worker"
    lab.see(worker=job.latest_result().worker_name, origin=job.origin, timeout=job.timeout, heartbeat=bool(job.last_heartbeat))


@scenario()
def results_are_kept(lab: Lab):
    """Running a job again adds a result and keeps the earlier one"""
    queue = lab.queue()
    job = queue.enqueue(jobs.fail_until, 2, "again")
    worker = lab.start()
    lab.settle(job)
    job.requeue()
    eventually(lambda: job.get_status(refresh=True) == "finished")
    lab.stop(worker)
    types = [result.type.name for result in job.results()]
    assert types == ["SUCCESSFUL", "FAILED"], types
    lab.see(types=types, release=RELEASE)
