"""The jobs of the queue."""

import re

from backend.worker.memory_guard import memory_profiled


@memory_profiled
def summarize(document_id: str, text: str, sentences: int = 2) -> dict:
    """The first sentences of a text; enough to see that the queue works."""
    parts = re.split(r"(?<=[.!?])\s+", text.strip())
    return {"document": document_id, "summary": " ".join(parts[:sentences])}
