"""arq as its documentation sets it up; the same body as everyone."""

import os

from arq.connections import RedisSettings
from bodies import arq_noop


class WorkerSettings:
    functions = [arq_noop]
    redis_settings = RedisSettings.from_dsn(os.environ["BENCH_URL"])
    keep_result = 0
