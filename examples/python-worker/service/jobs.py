"""The jobs: plain functions, as rq knows them. Nothing here knows which worker runs them."""

import json
from collections import Counter

from rq import get_current_job


def process_wal_entry(entry: dict) -> dict:
    """Applies one entry of the write-ahead log to the documents; doing it twice changes nothing."""
    connection = get_current_job().connection
    sequence, document = int(entry["sequence"]), str(entry["document"])
    applied = int(connection.hget("documents:applied", document) or 0)
    if sequence > applied:
        with connection.pipeline() as pipeline:
            if entry["operation"] == "delete":
                pipeline.hdel("documents", document)
            else:
                pipeline.hset("documents", document, json.dumps(entry["body"]))
            pipeline.hset("documents:applied", document, sequence)
            pipeline.execute()
    return {"document": document, "applied": max(sequence, applied)}


def announce(document: str) -> int:
    """Runs after an entry was applied: tells whoever listens."""
    return get_current_job().connection.publish("documents:changed", document)


def rebuild_index(megabytes: int = 64) -> int:
    """A filter over every word of every document. The table is as large as asked: what the memory guard is for."""
    job = get_current_job()
    free = bytearray(b"\x01") * (megabytes << 20)
    words = Counter(word for body in job.connection.hvals("documents") for word in body.lower().split())
    for word in words:
        free[hash(word) % len(free)] = 0
    if words:
        job.connection.hset("documents:index", mapping=words)
    return free.count(0)


def nightly_report() -> dict:
    connection = get_current_job().connection
    return {"documents": connection.hlen("documents"), "words": connection.hlen("documents:index")}


def compact_wal() -> int:
    """Forgets what was applied of documents that are gone."""
    connection = get_current_job().connection
    gone = [name for name in connection.hkeys("documents:applied") if not connection.hexists("documents", name)]
    return connection.hdel("documents:applied", *gone) if gone else 0
