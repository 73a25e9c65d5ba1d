"""Runs RQ jobs for the worker, one at a time, for as long as the worker wants.

The worker starts this program with two pipes. A frame is a length, the length of a JSON header (both big-endian, 32 bits),
the header, and bytes. The worker claims jobs and writes their results; what happens in between is RQ's own code: the
job is restored from its hash, performed, and its callbacks are called, here.
"""

import json
import os
import random
import signal
import sys
import traceback

FRAMES_IN = os.fdopen(os.dup(0), "rb", buffering=1 << 16)
FRAMES_OUT = os.fdopen(os.dup(1), "wb", buffering=0)


def silence_pipes():
    """What jobs print goes to the log; what they read is nothing; neither touches the frames."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)


def die_with(parent):
    """A worker that was killed cannot stop its children, and a job must not run twice at a time."""
    try:
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(1, int(signal.SIGKILL))
    except (ImportError, OSError, AttributeError):
        import threading
        import time

        def watch():
            while os.getppid() == parent:
                time.sleep(1)
            os._exit(1)

        threading.Thread(target=watch, name="parent-watch", daemon=True).start()
    if os.getppid() != parent:
        os._exit(1)


class Variable:
    """An environment variable that changes with every job. libc never frees a text that setenv was given, some 60 bytes a
    job; putenv takes the same buffer again and again."""

    def __init__(self, name):
        self.name = name
        try:
            import ctypes

            self.buffer, self.putenv = ctypes.create_string_buffer(256), ctypes.CDLL(None).putenv
        except (ImportError, OSError, AttributeError):
            self.buffer = None

    def set(self, value):
        text = os.fsencode("%s=%s" % (self.name, value))
        if self.buffer is None or len(text) >= len(self.buffer) or not hasattr(os.environ, "_data"):
            os.environ[self.name] = value
            return
        self.buffer.value = text
        self.putenv(self.buffer)
        # What os.environ has read before, it does not read again.
        os.environ._data[os.environ.encodekey(self.name)] = os.environ.encodevalue(value)


def receive():
    size = FRAMES_IN.read(8)
    if len(size) < 8:
        return None
    length, header_length = int.from_bytes(size[:4], "big"), int.from_bytes(size[4:], "big")
    body = FRAMES_IN.read(length)
    if len(body) < length:
        return None
    return json.loads(body[:header_length]), body[header_length:]


def send(header, blob=b""):
    head = json.dumps(header).encode()
    frame = (len(head) + len(blob)).to_bytes(4, "big") + len(head).to_bytes(4, "big") + head + blob
    view = memoryview(frame)
    while view:
        view = view[FRAMES_OUT.write(view) :]


class Executor:
    """RQ, prepared once and used for every job."""

    def __init__(self, hello):
        for place in reversed(hello["path"]):
            sys.path.insert(0, os.path.abspath(place))
        if hello["prefix"]:
            os.environ["RQ_KEY_PREFIX"] = hello["prefix"]
        import rq
        from rq.job import Job, JobStatus
        from rq.serializers import resolve_serializer
        from rq.timeouts import JobTimeoutException, UnixSignalDeathPenalty
        from rq.utils import import_attribute, now

        self.rq, self.Job, self.JobStatus, self.now = rq, Job, JobStatus, now
        self.Timeout, self.penalty = JobTimeoutException, UnixSignalDeathPenalty
        self.resolve_serializer, self.import_attribute = resolve_serializer, import_attribute
        self.serializers = {}
        self.job_id = Variable("RQ_JOB_ID")
        self.default_timeout = hello["default_timeout"]
        self.connection = connect(hello["redis"]) if hello["redis"] else None
        self.problems = []
        for module in hello["preload"]:
            self.attempt(lambda: __import__(module), "cannot import %s" % module)
        if hello["job_class"]:
            # The project asked for its own class; without it nothing may run.
            self.Job = import_attribute(hello["job_class"])
        self.handlers = []
        for path in hello["exception_handlers"]:
            handler = self.attempt(lambda: import_attribute(path), "cannot import exception handler %s" % path)
            if handler:
                self.handlers.append(handler)

    def attempt(self, action, problem):
        try:
            return action()
        except BaseException:
            last = traceback.format_exc().strip().splitlines()[-1]
            self.problems.append("%s: %s" % (problem, last))
            return None

    def resolve(self, paths):
        """Every dotted path that does not lead to something callable, with the reason."""
        self.problems = []
        for path in paths:
            found = self.attempt(lambda: self.import_attribute(path), "cannot resolve %s" % path)
            if found is not None and not callable(found):
                self.problems.append("cannot resolve %s: it is not callable" % path)
        return self.problems

    def restore(self, header, blob):
        """The job as RQ's own worker would hold it at this point."""
        name = header["serializer"]
        if name not in self.serializers:
            self.serializers[name] = self.resolve_serializer(name)
        raw, place = {}, 0
        lengths = iter(header["lengths"])
        for key_length, value_length in zip(lengths, lengths):
            key = blob[place : place + key_length]
            place += key_length
            raw[key] = blob[place : place + value_length]
            place += value_length
        job = self.Job(header["job_id"], connection=self.connection, serializer=self.serializers[name])
        job.restore(raw)
        job.worker_name = header["worker"]
        return job

    def run(self, header, blob):
        os.environ["RQ_WORKER_ID"] = header["worker"]
        self.job_id.set(header["job_id"])
        job = None
        try:
            job = self.restore(header, blob)
            job.started_at, job._status = self.now(), self.JobStatus.STARTED
            with self.penalty(job.timeout or self.default_timeout, self.Timeout, job_id=job.id):
                value = job.perform()
            job.ended_at = self.now()
            if isinstance(value, self.rq.Retry):
                answer = {"kind": "retry", "max": value.max, "intervals": value.intervals, "front": bool(value.enqueue_at_front)}
                return answer, self.dumps(job, value)
            job._result, job._status = value, self.JobStatus.FINISHED
            self.callback(job, "success", value)
            if value is None:
                return {"kind": "finished", "none": True}, b""
            return {"kind": "finished", "none": False}, self.dumps(job, value)
        except BaseException:
            return self.failed(job, sys.exc_info())

    def failed(self, job, exc_info):
        timed_out = issubclass(exc_info[0], self.Timeout)
        if job is not None:
            job.ended_at, job._status = self.now(), self.JobStatus.FAILED
            try:
                self.callback(job, "failure", *exc_info)
            except BaseException:
                exc_info = sys.exc_info()
            self.handle(job, exc_info)
        return {"kind": "failed", "timed_out": timed_out, "trace": trace(exc_info)}, b""

    def handle(self, job, exc_info):
        """RQ's chain of exception handlers: a false answer ends it."""
        for handler in self.handlers:
            try:
                answer = handler(job, *exc_info)
            except BaseException:
                print("exception handler of job %s failed:\n%s" % (job.id, traceback.format_exc()), file=sys.stderr)
                break
            if answer is not None and not answer:
                break

    def dumps(self, job, value):
        try:
            return job.serializer.dumps(value)
        except Exception:
            return job.serializer.dumps("Unserializable return value")

    def callback(self, job, kind, *arguments):
        """Before 3.0 these were methods of the job."""
        if hasattr(job, "execute_%s_callback" % kind):
            getattr(job, "execute_%s_callback" % kind)(self.penalty, *arguments)
        else:
            import rq.callbacks

            getattr(rq.callbacks, "execute_%s_callback" % kind)(job, self.penalty, *arguments)

    def after(self, header, blob):
        """What RQ calls for a job that is over without a process of its own: stopped, abandoned, or recorded."""
        job = self.restore(header, blob)
        if header["what"] == "stopped":
            self.callback(job, "stopped")
        elif header["what"] == "abandoned":
            from rq.exceptions import AbandonedJobError

            job._status = self.JobStatus.FAILED
            exc_info = (AbandonedJobError, AbandonedJobError(), None)
            self.callback(job, "failure", *exc_info)
            self.handle(job, exc_info)
        else:
            job.ended_at, job._status = self.now(), self.JobStatus(header["what"])
            job.send_webhooks(header["what"], exc_string=header["trace"])


def connect(where):
    import redis

    if where["sentinel"]:
        from redis.sentinel import Sentinel

        nodes = [tuple(node) for node in where["nodes"]]
        login = {"username": where["username"], "password": where["password"], "db": where["db"], "ssl": where["tls"]}
        login = {key: value for key, value in login.items() if value}
        return Sentinel(nodes, socket_connect_timeout=5).master_for(where["master"], **login)
    extra = {"ssl_ca_certs": where["ca_file"]} if where["ca_file"] else {}
    return redis.Redis.from_url(where["url"], **extra)


def trace(exc_info):
    """The traceback without the frames of this program."""
    kind, value, frames = exc_info
    while frames is not None and frames.tb_frame.f_code.co_filename == "<worker child>":
        frames = frames.tb_next
    return "".join(traceback.format_exception(kind, value, frames))


def main():
    hello, _ = receive()
    silence_pipes()
    die_with(hello["parent"])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    random.seed()
    try:
        executor = Executor(hello)
    except BaseException:
        send({"kind": "broken", "trace": traceback.format_exc()})
        return
    send({"kind": "ready", "rq": executor.rq.__version__ if hasattr(executor.rq, "__version__") else "",
          "python": sys.version, "problems": executor.problems})
    while (frame := receive()) is not None:
        header, blob = frame
        if header["op"] == "run":
            send(*executor.run(header, blob))
        elif header["op"] == "resolve":
            send({"kind": "resolved", "problems": executor.resolve(header["paths"])})
        else:
            try:
                executor.after(header, blob)
                send({"kind": "after", "problem": ""})
            except BaseException:
                send({"kind": "after", "problem": traceback.format_exc()})
        sys.stdout.flush()


main()
