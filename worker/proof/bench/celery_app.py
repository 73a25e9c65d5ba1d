"""Celery without a result backend; the same body as everyone."""

import os

from bodies import noop
from celery import Celery

app = Celery("bench", broker=os.environ["BENCH_URL"])
app.conf.task_ignore_result = True
task = app.task(name="noop")(noop)
