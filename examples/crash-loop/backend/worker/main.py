"""The rq worker of the documents service."""

import logging
import os
import sys

import redis
from rq import Queue, Worker

from backend.worker.health import set_redis_connected, start_health_server

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
logger = logging.getLogger("worker")

REDIS_URL = os.environ.get("REDIS_URL", "redis://localhost:6379/0")
QUEUES = os.environ.get("QUEUES", "documents").split(",")


def run_worker() -> None:
    logger.info("worker starting, queues: %s", ", ".join(QUEUES))

    redis_conn = redis.from_url(REDIS_URL, socket_connect_timeout=5)
    try:
        redis_conn.ping()
    except redis.exceptions.ConnectionError as error:
        logger.error("cannot connect to Redis: %s", error)
        sys.exit(1)
    logger.info("connected to Redis")

    start_health_server()
    set_redis_connected(True)

    queues = [Queue(name, connection=redis_conn) for name in QUEUES]
    worker = Worker(queues, connection=redis_conn)
    worker.work(with_scheduler=True)


if __name__ == "__main__":
    run_worker()
