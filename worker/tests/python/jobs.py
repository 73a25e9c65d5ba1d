"""The jobs of the tests."""

import os
import signal
import subprocess
import time

import rq.job
from rq import Retry, get_current_job


def add(a, b=1):
    return a + b


def nothing():
    pass


def boom(word):
    raise ValueError("bad " + word)


def mark(path, seconds=0.0):
    """Says in a file that it began, so that runs can be counted from outside."""
    with open(path, "a") as file:
        file.write("%d %s %.3f\n" % (os.getpid(), os.environ.get("RQ_JOB_ID"), time.time()))
    time.sleep(seconds)
    return os.getpid()


def variable():
    """What this job and a program it starts are told that they work for."""
    return [os.environ["RQ_JOB_ID"], subprocess.check_output(["printenv", "RQ_JOB_ID"], text=True).strip()]


def pid():
    return os.getpid()


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def leave():
    raise SystemExit(3)


def leave_hard():
    os._exit(3)


def sleep(seconds):
    time.sleep(seconds)
    return seconds


def deaf(seconds):
    """Blocks the signal that RQ's own time limit uses."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    time.sleep(seconds)


def eat(megabytes):
    food = bytearray(megabytes * 1024 * 1024)
    food[::4096] = b"x" * len(food[::4096])
    time.sleep(1)
    return len(food)


def hoard(megabytes):
    globals().setdefault("HOARD", []).append(bytearray(b"x") * (megabytes << 20))
    return os.getpid()


def again(times):
    return Retry(max=times, interval=[0, 1])


def who():
    job = get_current_job()
    job.meta["seen"] = True
    job.save_meta()
    return [job.id, job.worker_name, job.origin, os.environ["RQ_WORKER_ID"]]


def talk():
    print("spoken by a job")
    print('{"level":"warn","message":"already json"}')


async def later():
    return "awaited"


def unserializable():
    return lambda: None


def remember(job, connection, *rest):
    connection.rpush("callbacks:" + job.id, " ".join([type(rest[0]).__name__ if rest else "stopped", str(len(rest))]))


def failing_callback(job, connection, result):
    raise RuntimeError("the callback failed")


def handler(job, *exc_info):
    job.connection.rpush("handled:" + job.id, exc_info[0].__name__)


class CountingJob(rq.job.Job):
    """A project's own Job class."""

    def _execute(self):
        return ["counted", super()._execute()]
