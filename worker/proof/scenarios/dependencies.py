"""Jobs that wait for other jobs."""

import jobs
from rq.job import Dependency
from scenarios.lab import Lab, registries, scenario, status
from workers import eventually


def in_order(lab: Lab, *wanted: str) -> None:
    ran = [value.decode() for value in lab.redis.lrange("order", 0, -1)]
    assert ran == list(wanted), ran
    lab.see(ran=ran)


@scenario()
def dependent_chain(lab: Lab):
    """A after B after C"""
    queue = lab.queue()
    first = queue.enqueue(jobs.write_down, "order", "first")
    second = queue.enqueue(jobs.write_down, "order", "second", depends_on=first)
    third = queue.enqueue(jobs.write_down, "order", "third", depends_on=second)
    assert third.get_status() == "deferred" and len(queue.deferred_job_registry) == 2
    lab.run(first, second, third)
    in_order(lab, "first", "second", "third")
    lab.see(deferred=len(queue.deferred_job_registry), finished=len(queue.finished_job_registry))


@scenario()
def dependent_on_several(lab: Lab):
    """A job that waits for two runs once, after both"""
    queue = lab.queue()
    left = queue.enqueue(jobs.write_down, "order", "left")
    right = queue.enqueue(jobs.write_down, "order", "right")
    both = queue.enqueue(jobs.write_down, "order", "both", depends_on=[left, right])
    lab.run(left, right, both)
    in_order(lab, "left", "right", "both")


@scenario()
def many_dependents(lab: Lab):
    """Twenty jobs wait for one; all run"""
    queue = lab.queue()
    first = queue.enqueue(jobs.add, 1)
    waiting = [queue.enqueue(jobs.add, n, depends_on=first) for n in range(20)]
    lab.run(first, *waiting)
    values = [job.return_value() for job in waiting]
    assert values == [n + 1 for n in range(20)], values
    lab.see(values=values)


@scenario()
def dependent_in_another_queue(lab: Lab):
    """A dependent goes to the queue it was made for"""
    first = lab.queue("first").enqueue(jobs.add, 1)
    second = lab.queue("second").enqueue(jobs.add, 2, depends_on=first)
    worker = lab.start("first")
    lab.settle(first)
    eventually(lambda: second.get_status() == "queued")
    waiting = lab.queue("second").get_job_ids()
    lab.stop(worker)
    assert waiting == [second.id]
    lab.run(second)
    lab.see(value=second.return_value())


@scenario()
def dependent_of_a_failure(lab: Lab):
    """A dependent of a failed job stays deferred"""
    queue = lab.queue()
    bad = queue.enqueue(jobs.fail)
    waiting = queue.enqueue(jobs.add, 1, depends_on=bad, job_id="waiting")
    lab.run(bad)
    assert waiting.get_status() == "deferred"
    lab.see(status=status(waiting), where={k: len(v) for k, v in registries(queue).items()})


@scenario()
def allow_failure(lab: Lab):
    """`allow_failure` lets the dependent run all the same"""
    queue = lab.queue()
    bad = queue.enqueue(jobs.fail)
    waiting = queue.enqueue(jobs.add, 1, depends_on=Dependency(jobs=[bad], allow_failure=True))
    lab.run(bad, waiting)
    assert waiting.return_value() == 2
    lab.see(value=waiting.return_value(), where={k: len(v) for k, v in registries(queue).items()})


@scenario()
def allow_failure_when_killed(lab: Lab):
    """The same when the first job's process dies"""
    queue = lab.queue()
    bad = queue.enqueue(jobs.die)
    waiting = queue.enqueue(jobs.add, 1, depends_on=Dependency(jobs=[bad], allow_failure=True))
    lab.run(bad, waiting)
    lab.see(value=waiting.return_value())
    assert waiting.return_value() == 2


@scenario()
def dependent_at_front(lab: Lab):
    """A dependency with `enqueue_at_front` overtakes what waits already"""
    queue = lab.queue()
    first = queue.enqueue(jobs.write_down, "order", "first")
    last = queue.enqueue(jobs.write_down, "order", "last")
    urgent = queue.enqueue(jobs.write_down, "order", "urgent", depends_on=Dependency(jobs=[first], enqueue_at_front=True))
    lab.run(first, last, urgent)
    in_order(lab, "first", "urgent", "last")


@scenario()
def dependent_after_retries(lab: Lab):
    """A dependent waits until its parent's retry has finished"""
    from rq import Retry

    queue = lab.queue()
    flaky = queue.enqueue(jobs.fail_until, 2, "tries", retry=Retry(max=3))
    waiting = queue.enqueue(jobs.write_down, "order", "after", depends_on=flaky)
    worker = lab.start()
    eventually(lambda: waiting.get_status() == "finished")
    lab.settle(flaky, waiting)
    lab.stop(worker)
    in_order(lab, "after")
    lab.see(parent=flaky.return_value())


@scenario()
def cancel_with_dependents(lab: Lab):
    """Canceling a job with `enqueue_dependents` releases what waits for it"""
    queue = lab.queue()
    first = queue.enqueue(jobs.write_down, "order", "first", job_id="first")
    waiting = queue.enqueue(jobs.write_down, "order", "waiting", depends_on=first)
    first.cancel(enqueue_dependents=True)
    lab.run(waiting)
    in_order(lab, "waiting")
    lab.see(first=status(lab.job("first")), canceled=registries(queue).get("canceled"))


@scenario()
def parent_canceled(lab: Lab):
    """A dependent of a canceled job stays deferred"""
    queue = lab.queue()
    first = queue.enqueue(jobs.add, 1)
    waiting = queue.enqueue(jobs.add, 1, depends_on=first)
    first.cancel()
    other = queue.enqueue(jobs.add, 1)
    lab.run(other)
    lab.see(statuses=[status(job) for job in (first, waiting, other)])
    assert lab.seen["statuses"] == ["canceled", "deferred", "finished"]
