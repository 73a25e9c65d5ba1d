"""The producer: takes requests, enqueues with plain rq, answers at once."""

import json
import os
import socket
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.exceptions import NoSuchJobError
from rq.job import Job

from service import jobs

# No fallback: a service that talks to the wrong Redis is worse than one that does not start.
CONNECTION = Redis.from_url(os.environ["REDIS_URL"], socket_connect_timeout=5, socket_timeout=5)


def add_entry(entry: dict) -> dict:
    queue = Queue("wal", connection=CONNECTION)
    applied = queue.enqueue(jobs.process_wal_entry, entry, job_timeout="30m")
    announced = queue.enqueue(jobs.announce, str(entry["document"]), depends_on=applied)
    return {"job": applied.id, "then": announced.id}


def rebuild(request: dict) -> dict:
    job = Queue(connection=CONNECTION).enqueue(jobs.rebuild_index, int(request.get("megabytes", 64)), job_timeout="30m")
    return {"job": job.id}


def report(request: dict) -> dict:
    at = datetime.fromisoformat(request["at"]) if "at" in request else datetime.now(timezone.utc)
    return {"job": Queue(connection=CONNECTION).enqueue_at(at, jobs.nightly_report).id}


ROUTES = {"/wal": add_entry, "/index": rebuild, "/reports": report}


class Api(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/health":
            return self.answer(200, {"status": "healthy"})
        if not self.path.startswith("/jobs/"):
            return self.answer(404, {"error": "no such page"})
        try:
            job = Job.fetch(self.path.removeprefix("/jobs/"), connection=CONNECTION)
            self.answer(200, {"status": job.get_status().value, "result": job.return_value()})
        except (NoSuchJobError, ValueError):
            self.answer(404, {"error": "no such job"})
        except RedisError:
            self.answer(503, {"error": "Redis does not answer"})

    def do_POST(self) -> None:
        if self.path not in ROUTES:
            return self.answer(404, {"error": "no such page"})
        try:
            request = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
            self.answer(202, ROUTES[self.path](request))
        except (KeyError, TypeError, ValueError) as error:
            self.answer(400, {"error": f"not a request this page takes: {error}"})
        except RedisError:
            self.answer(503, {"error": "Redis does not answer"})

    def answer(self, status: int, body: dict) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


class Server(ThreadingHTTPServer):
    # Railway's private network is IPv6 alone; this socket takes both.
    address_family = socket.AF_INET6


if __name__ == "__main__":
    Server(("::", int(os.environ.get("PORT", "8000"))), Api).serve_forever()
