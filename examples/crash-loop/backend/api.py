"""The API: takes documents and leaves the work to the queue."""

import os
from functools import lru_cache

import redis
from fastapi import FastAPI
from rq import Queue

app = FastAPI(title="documents")


@lru_cache(maxsize=1)
def queue() -> Queue:
    return Queue("documents", connection=redis.from_url(os.environ["REDIS_URL"]))


@app.get("/health")
def health() -> dict:
    return {"status": "healthy"}


@app.post("/documents/{document_id}/summary", status_code=202)
def summarize(document_id: str, text: str) -> dict:
    job = queue().enqueue("backend.worker.jobs.summarize", document_id, text)
    return {"job": job.id}
