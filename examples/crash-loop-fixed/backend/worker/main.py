"""The rq worker of the documents service."""

import logging
import os
import sys
import time

import redis
from rq import Queue, Worker

from backend.worker.health import set_redis_connected, start_health_server

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
logger = logging.getLogger("worker")

RETRIES = 5


def connect(url: str) -> redis.Redis:
    """A client whose server has answered; gives up after waits of 2, 4, 8, 16 and 32 seconds."""
    connection = redis.from_url(url, socket_connect_timeout=5)
    for retry in range(RETRIES + 1):
        try:
            connection.ping()
            return connection
        except redis.exceptions.RedisError as error:
            if retry == RETRIES:
                logger.error("Redis does not answer, giving up: %s", error)
                sys.exit(1)
            wait = 2 ** (retry + 1)
            logger.warning("retry %d/%d in %d s, Redis does not answer: %s", retry + 1, RETRIES, wait, error)
            time.sleep(wait)


def run_worker() -> None:
    logger.info("[STAGE 1/5] reading the environment")
    redis_url = os.environ["REDIS_URL"]
    queue_names = os.environ.get("QUEUES", "documents").split(",")

    logger.info("[STAGE 2/5] starting the health server")
    start_health_server()

    logger.info("[STAGE 3/5] connecting to Redis")
    connection = connect(redis_url)
    set_redis_connected(True)

    logger.info("[STAGE 4/5] opening the queues %s", ", ".join(queue_names))
    queues = [Queue(name, connection=connection) for name in queue_names]

    logger.info("[STAGE 5/5] taking jobs")
    Worker(queues, connection=connection).work(with_scheduler=True)


if __name__ == "__main__":
    run_worker()
