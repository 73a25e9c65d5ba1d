"""The shapes a job can have: methods, coroutines, classes of the project, serializers of the project."""

import jobs
import shapes_serializer
from rq import Queue
from rq.job import Job
from scenarios.lab import Lab, last_line, registries, scenario, status
from workers import eventually

pickle_only = ("pickle",)


@scenario(serializers=pickle_only)
def methods(lab: Lab):
    """Bound methods, class methods, static methods, callable objects"""
    account, queue = jobs.Account(100), lab.queue()
    enqueued = [queue.enqueue(what, *arguments) for what, arguments in (
        (account.withdraw, [30]), (jobs.Account.opened, [5]), (jobs.Account.currency, []), (account, []))]
    lab.run(*enqueued)
    values = [job.return_value() for job in enqueued]
    assert values == [70, 5, "EUR", 100], values
    lab.see(values=values)


@scenario()
def builtin(lab: Lab):
    """A function of Python itself"""
    job = lab.queue().enqueue("builtins.len", "seven77")
    lab.run(job)
    lab.see(status=status(job), value=job.return_value())


@scenario()
def coroutine(lab: Lab):
    """An async function"""
    job = lab.queue().enqueue(jobs.wait_for, "awaited")
    lab.run(job)
    assert job.return_value() == "awaited"
    lab.see(value=job.return_value())


@scenario()
def inside_a_job(lab: Lab):
    """`get_current_job()`, RQ_JOB_ID and RQ_WORKER_ID are there inside"""
    job = lab.queue().enqueue(jobs.who_am_i, job_id="me")
    lab.run(job)
    lab.see(value=job.return_value())
    assert job.return_value()["job"] == "me"


@scenario()
def job_makes_job(lab: Lab):
    """A job enqueues another through rq"""
    queue = lab.queue()
    outer = queue.enqueue(jobs.enqueue_another, "second")
    worker = lab.start("default", "second")
    lab.settle(outer)
    inner = lab.job(outer.return_value())
    lab.settle(inner)
    lab.stop(worker)
    assert inner.return_value() == 42
    lab.see(value=inner.return_value())


@scenario()
def output_of_jobs(lab: Lab):
    """What a job prints does not disturb the worker"""
    job = lab.queue().enqueue(jobs.talk)
    lab.run(job)
    text = lab.logs.read_text(errors="replace")
    lab.see(value=job.return_value(), out="text on standard output" in text, error="text on standard error" in text)
    assert job.return_value() == "said"


@scenario()
def job_class(lab: Lab):
    """A job class of the project is the one that runs"""
    queue = lab.queue(job_class=jobs.LoudJob)
    job = queue.enqueue(jobs.echo, "quiet")
    lab.run(job, job_class="jobs.LoudJob")
    assert job.return_value() == "QUIET", job.return_value()
    lab.see(value=job.return_value())


@scenario(serializers=pickle_only)
def serializer_of_the_project(lab: Lab):
    """A serializer given by its dotted path"""
    queue = Queue(connection=lab.redis, serializer=shapes_serializer.Reversed)
    job = queue.enqueue("jobs.echo", {"left": "right"}, meta={"m": 1})
    worker = lab.start(serializer="shapes_serializer.Reversed")
    eventually(lambda: job.get_status() == "finished")
    lab.stop(worker)
    again = Job.fetch(job.id, connection=lab.redis, serializer=shapes_serializer.Reversed)
    assert again.return_value() == {"left": "right"}, again.return_value()
    lab.see(value=again.return_value(), meta=again.get_meta())


@scenario()
def leaves_with_sys_exit(lab: Lab):
    """A job that calls sys.exit fails; the next one runs"""
    queue = lab.queue()
    job, after = queue.enqueue(jobs.leave), queue.enqueue(jobs.add, 1)
    lab.run(job, after)
    assert job.is_failed and after.is_finished
    lab.see(error=last_line(job.latest_result().exc_string), where={k: len(v) for k, v in registries(queue).items()})


@scenario()
def killed_from_within(lab: Lab):
    """A job whose process dies fails; the next one runs"""
    queue = lab.queue()
    job, after = queue.enqueue(jobs.die), queue.enqueue(jobs.add, 1)
    lab.run(job, after)
    assert job.is_failed and after.is_finished
    text = job.latest_result().exc_string
    assert "terminated unexpectedly" in text, text
    lab.see(signal="signal 9" in text, where={k: len(v) for k, v in registries(queue).items()})
