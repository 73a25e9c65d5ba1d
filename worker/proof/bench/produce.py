"""The producer of the Python contestants: `KIND backlog COUNT PATH` or `KIND paced COUNT GAP_MS PATH`."""

import asyncio
import os
import sys
import time

URL = os.environ["BENCH_URL"]


def rq_backlog(count, path, serializer="pickle"):
    from redis import Redis
    from rq import Queue

    queue = Queue(connection=Redis.from_url(URL), serializer=serializer)
    for begin in range(0, count, 1000):
        now = time.time()
        function, arguments = rq_call(serializer, path, now)
        queue.enqueue_many([Queue.prepare_data(function, arguments) for _ in range(min(1000, count - begin))])


def rq_call(serializer, path, now):
    return ("preflight.echo", (now,)) if serializer == "json" else ("bodies.noop", (path, now))


def rq_paced(count, gap, path, serializer="pickle"):
    """A native handler writes no file: how long until its result is there is what its producer waits for."""
    from bodies import RECORD
    from redis import Redis
    from rq import Queue

    connection = Redis.from_url(URL)
    queue = Queue(connection=connection, serializer=serializer)
    for _ in range(count):
        now = time.time()
        job = queue.enqueue(rq_call(serializer, path, now)[0], *rq_call(serializer, path, now)[1])
        if serializer == "json":
            connection.xread({f"rq:results:{job.id}": "0"}, block=10_000)
            with open(path, "ab") as file:
                file.write(RECORD.pack(now, time.time()))
        time.sleep(gap)


def celery_backlog(count, path):
    import celery_app

    with celery_app.app.producer_pool.acquire(block=True) as producer:
        for _ in range(count):
            celery_app.task.apply_async((path, time.time()), producer=producer)


def celery_paced(count, gap, path):
    import celery_app

    for _ in range(count):
        celery_app.task.apply_async((path, time.time()))
        time.sleep(gap)


def arq_produce(count, gap, path):
    from arq import create_pool
    from arq.connections import RedisSettings

    async def main():
        pool = await create_pool(RedisSettings.from_dsn(URL))
        for _ in range(count):
            await pool.enqueue_job("arq_noop", path, time.time())
            if gap:
                await asyncio.sleep(gap)

    asyncio.run(main())


def main():
    kind, how, count, *rest = sys.argv[1:]
    count, path = int(count), rest[-1]
    gap = int(rest[0]) / 1000 if how == "paced" else 0
    if kind == "arq":
        arq_produce(count, gap, path)
    elif kind == "celery":
        celery_paced(count, gap, path) if gap else celery_backlog(count, path)
    else:
        serializer = "json" if kind == "native" else "pickle"
        rq_paced(count, gap, path, serializer) if gap else rq_backlog(count, path, serializer)


if __name__ == "__main__":
    main()
