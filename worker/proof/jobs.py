"""What the workers run. Imported by their work-horses and children, so it needs nothing but rq."""

import asyncio
import os
import signal
import sys
import time

from rq import Retry, get_current_job
from rq.job import Job


def add(left, right=1):
    return left + right


def echo(value):
    return value


def nothing():
    return None


def fail(text="no"):
    raise ValueError(text)


def sleep(seconds):
    time.sleep(seconds)
    return seconds


def sleep_and_tell(seconds, key):
    """Says that it began, so that whoever waits need not guess."""
    get_current_job().connection.set(key, os.getpid())
    time.sleep(seconds)
    return seconds


def write_down(key, value):
    get_current_job().connection.rpush(key, value)


def fail_until(attempt, key):
    """Succeeds at that attempt and says which it was."""
    now = get_current_job().connection.incr(key)
    if now < attempt:
        raise RuntimeError(f"attempt {now}")
    return now


def count(key):
    return get_current_job().connection.incr(key)


def ask_to_retry(times, intervals):
    get_current_job().connection.incr("asked")
    return Retry(max=times, interval=intervals)


def change_meta():
    job = get_current_job()
    job.meta["progress"] = job.meta["start"] + 50
    job.save_meta()
    return sorted(job.meta)


def who_am_i():
    job = get_current_job()
    worker = os.environ.get("RQ_WORKER_ID", "")
    return {"job": job.id, "variable": os.environ.get("RQ_JOB_ID", ""), "worker": bool(worker), "origin": job.origin,
            "status": str(job.get_status().value), "executions": len(job.get_executions())}


def enqueue_another(queue_name):
    """A job that makes a job, through rq itself."""
    from rq import Queue

    job = get_current_job()
    return Queue(queue_name, connection=job.connection, serializer=job.serializer).enqueue(add, 20, 22).id


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def leave(code=3):
    sys.exit(code)


def unserializable():
    return (each for each in "no serializer takes a generator")


def talk():
    print("text on standard output")
    print("text on standard error", file=sys.stderr)
    return "said"


def bytes_of(size):
    return "x" * size


async def wait_for(value):
    await asyncio.sleep(0.01)
    return value


class Account:
    """Its methods are jobs of the pickle serializer."""

    def __init__(self, balance):
        self.balance = balance

    def withdraw(self, amount):
        return self.balance - amount

    @classmethod
    def opened(cls, balance):
        return cls(balance).balance

    @staticmethod
    def currency():
        return "EUR"

    def __call__(self):
        return self.balance


class LoudJob(Job):
    """A job class of the project: what it adds to a result proves that the worker used it."""

    def _execute(self):
        return str(super()._execute()).upper()


def succeeded(job, connection, result, *_):
    connection.rpush("callbacks", f"success {job.id} {result}")


def failed(job, connection, error_type, value, _traceback):
    connection.rpush("callbacks", f"failure {job.id} {error_type.__name__} {value}")


def stopped(job, connection):
    connection.rpush("callbacks", f"stopped {job.id}")


def broken(job, connection, *_):
    raise LookupError("the callback is broken")


def slow_callback(job, connection, *_):
    time.sleep(30)
