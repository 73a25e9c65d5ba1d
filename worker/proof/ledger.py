"""What really ran, written by the jobs themselves into a file that no fault touches."""

import os
import struct
import time
from collections import Counter
from pathlib import Path

RECORD = struct.Struct("<IId")  # job number, 0 begun or 1 ended, when
BEGUN, ENDED = 0, 1


def write(path: str, number: int, what: int) -> None:
    # One write in append mode is never mixed with another's.
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, RECORD.pack(number, what, time.time()))
    os.close(file)


class Ledger:
    def __init__(self, path: Path) -> None:
        self.path = path
        path.unlink(missing_ok=True)
        path.touch()

    def records(self) -> list[tuple[int, int, float]]:
        data = self.path.read_bytes()
        return list(RECORD.iter_unpack(data[: len(data) // RECORD.size * RECORD.size]))

    def ended(self) -> int:
        """How many different jobs came to their end."""
        return len({number for number, what, _ in self.records() if what == ENDED})

    def lines(self) -> int:
        return self.path.stat().st_size // RECORD.size

    def begun_more_than_once(self) -> set[int]:
        counts = Counter(number for number, what, _ in self.records() if what == BEGUN)
        return {number for number, count in counts.items() if count > 1}

    def numbers_ended(self) -> set[int]:
        return {number for number, what, _ in self.records() if what == ENDED}

    def first_after(self, moment: float) -> float | None:
        """Seconds from that moment until a job began."""
        return next((when - moment for _, what, when in self.records() if what == BEGUN and when > moment), None)
