"""Watches what a job needs of the container's memory."""

import functools
import logging
import resource

logger = logging.getLogger(__name__)

SOFT_LIMIT_MB = 1536


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def memory_profiled(job):
    """Logs the peak after every job, as a warning above the soft limit."""

    @functools.wraps(job)
    def wrapper(*args, **kwargs):
        try:
            return job(*args, **kwargs)
        finally:
            used = peak_mb()
            level = logging.WARNING if used > SOFT_LIMIT_MB else logging.INFO
            logger.log(level, "%s: peak memory %.0f MB", job.__name__, used)

    return wrapper
