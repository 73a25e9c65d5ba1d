"""Jobs that run more than once: retries, repeats, and a function that asks to be run again."""

import jobs
from rq import Repeat, Retry
from scenarios.lab import Lab, registries, scenario, status
from scenarios.results import result_of
from workers import eventually


def finished(job):
    def is_finished():
        """the job finishes"""
        return job.get_status() == "finished" and not job.get_executions()

    return is_finished


@scenario()
def retry_succeeds(lab: Lab):
    """A job that fails twice and has two retries finishes"""
    queue = lab.queue()
    job = queue.enqueue(jobs.fail_until, 3, "tries", retry=Retry(max=2))
    worker = lab.start()
    eventually(finished(job))
    lab.stop(worker)
    job.refresh()
    assert job.return_value() == 3 and job.retries_left == 0
    lab.see(value=job.return_value(), left=job.retries_left, results=[r.type.name for r in job.results()],
            where={k: len(v) for k, v in registries(queue).items()})


@scenario()
def retries_end(lab: Lab):
    """A job that always fails is tried as often as allowed, then fails"""
    queue = lab.queue()
    job = queue.enqueue(jobs.fail_until, 99, "tries", retry=Retry(max=2))
    worker = lab.start()
    eventually(lambda: job.get_status() == "failed" and len(queue.failed_job_registry))
    lab.stop(worker)
    job.refresh()
    assert int(lab.redis.get("tries")) == 3
    lab.see(tries=3, left=job.retries_left, result=result_of(job), results=len(job.results()))


@scenario()
def retry_after_an_interval(lab: Lab):
    """Retries with intervals wait in the scheduled registry"""
    queue = lab.queue()
    job = queue.enqueue(jobs.fail_until, 3, "tries", retry=Retry(max=2, interval=[1, 2]))
    worker = lab.start(scheduler=True)
    eventually(lambda: job.id in queue.scheduled_job_registry)
    waiting = status(job)
    eventually(finished(job))
    lab.stop(worker)
    job.refresh()
    assert waiting == "scheduled" and job.return_value() == 3
    lab.see(waiting=waiting, value=job.return_value(), left=job.retries_left, scheduled=len(queue.scheduled_job_registry))


@scenario()
def retry_at_front(lab: Lab):
    """Retries of one job do not hold up or lose the others"""
    queue = lab.queue()
    job = queue.enqueue(jobs.fail_until, 3, "tries", retry=Retry(max=5))
    others = [queue.enqueue(jobs.add, n) for n in range(5)]
    worker = lab.start()
    eventually(finished(job))
    lab.settle(*others)
    lab.stop(worker)
    job.refresh()
    lab.see(left=job.retries_left, values=[other.return_value() for other in others])
    assert job.retries_left == 3


@scenario()
def function_returns_retry(lab: Lab):
    """A function that returns `Retry` is run again until the limit, then fails"""
    queue = lab.queue()
    job = queue.enqueue(jobs.ask_to_retry, 2, 0)
    worker = lab.start()
    eventually(lambda: job.get_status() == "failed" and len(queue.failed_job_registry))
    lab.stop(worker)
    job.refresh()
    assert int(lab.redis.get("asked")) == 3
    lab.see(asked=3, number=job.number_of_retries, results=[result.type.name for result in job.results()])


@scenario(since=(2, 3))
def repeat(lab: Lab):
    """A job with `Repeat` runs once more for each repetition"""
    queue = lab.queue()
    job = queue.enqueue(jobs.count, "runs", repeat=Repeat(times=2, interval=1))
    worker = lab.start(scheduler=True)

    def three():
        """it runs three times"""
        return lab.redis.get("runs") == b"3" and job.get_status() == "finished" and not job.get_executions()

    eventually(three)
    lab.stop(worker)
    job.refresh()
    lab.see(runs=3, left=job.repeats_left, results=len(job.results()), where={k: len(v) for k, v in registries(queue).items()})


@scenario(since=(2, 3))
def repeat_at_once(lab: Lab):
    """Repetitions without an interval need no scheduler"""
    queue = lab.queue()
    job = queue.enqueue(jobs.count, "runs", repeat=Repeat(times=3))
    worker = lab.start()
    eventually(lambda: lab.redis.get("runs") == b"4" and job.get_status() == "finished")
    lab.stop(worker)
    job.refresh()
    lab.see(runs=4, left=job.repeats_left, value=job.return_value())


@scenario()
def requeue(lab: Lab):
    """A failed job put back by hand runs again and leaves the failed registry"""
    queue = lab.queue()
    job = queue.enqueue(jobs.fail_until, 2, "tries")
    worker = lab.start()
    lab.settle(job)
    assert job.id in queue.failed_job_registry
    queue.failed_job_registry.requeue(job.id)
    eventually(finished(job))
    lab.stop(worker)
    assert job.id not in queue.failed_job_registry
    lab.see(value=job.return_value(), where={k: len(v) for k, v in registries(queue).items()})
