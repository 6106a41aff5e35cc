"""Where samples go while they are made."""

from __future__ import annotations

import asyncio
from array import array
from collections import Counter
from pathlib import Path
from struct import Struct

from bench.records.outcome import COLUMNS, Outcome
from bench.records.redaction import shortened

_pack = Struct(f"{len(COLUMNS)}q").pack
_ROWS_PER_CHUNK = 1 << 15
# An error that has been counted carries this mark, since it passes through operation and cycle.
_SEEN = "__checkpoint_bench_seen__"


class Recorder:
    """Collects samples as integers, 64 bytes each; keeps no object per operation.

    Rows go into chunks of fixed length, so that growing never copies what is there already. Only
    the loop's thread may add. ``secrets`` are kept out of the texts of errors.
    """

    def __init__(self, operations: tuple[str, ...], secrets: tuple[str, ...] = ()) -> None:
        self.operations = operations
        self._secrets = secrets
        self.giving_up = False
        self.errors: Counter[str] = Counter()
        self.error_texts: dict[str, str] = {}
        self.acknowledged: Counter[int] = Counter()
        self.calls: dict[str, Counter[int]] = {}
        self._chunks = [array("q")]
        self._room = _ROWS_PER_CHUNK

    def code(self, operation: str) -> int:
        """Return the integer that stands for ``operation`` in the samples."""
        return self.operations.index(operation)

    def add(self, row: tuple[int, int, int, int, int, int, int, int]) -> None:
        """Append one sample, its integers in the order of ``bench.records.outcome.COLUMNS``."""
        self._chunks[-1].frombytes(_pack(*row))
        self._room -= 1
        if not self._room:
            self._chunks.append(array("q"))
            self._room = _ROWS_PER_CHUNK

    def calls_of(self, what: str) -> Counter[int]:
        """Return the counter of ``what`` was called inside operations, by the operation's code."""
        return self.calls.setdefault(what, Counter())

    def note(self, error: BaseException) -> int:
        """Count ``error`` by class, keep the first text of each, and return the outcome's code.

        An operation's error passes through its cycle as well, and is counted once. What a saver
        makes of being cut off, be it an exception of its own, is a time-out.
        """
        if _is_cut_off() or (self.giving_up and isinstance(error, asyncio.CancelledError)):
            return int(Outcome.TIMED_OUT)
        if getattr(error, _SEEN, False):
            return int(Outcome.FAILED)
        setattr(error, _SEEN, True)
        name = type(error).__name__
        self.errors[name] += 1
        if name not in self.error_texts:
            self.error_texts[name] = shortened(str(error), self._secrets, 500)
        return int(Outcome.FAILED)

    def __len__(self) -> int:
        return sum(len(chunk) for chunk in self._chunks) // len(COLUMNS)

    def operations_since(self, row: int) -> Counter[int]:
        """Count the samples from number ``row`` (0, 1, …) on, by the operation's code."""
        found: Counter[int] = Counter()
        start = row * len(COLUMNS)
        for chunk in self._chunks:
            found.update(chunk[max(0, start) :: len(COLUMNS)])
            start -= len(chunk)
        return found

    def write(self, path: Path) -> None:
        """Write all samples as plain 64-bit integers, row after row."""
        with path.open("wb") as file:
            for chunk in self._chunks:
                chunk.tofile(file)

    def rows(self) -> list[tuple[int, ...]]:
        """Return the samples as tuples, for tests and small counts."""
        width = len(COLUMNS)
        return [
            tuple(chunk[start : start + width])
            for chunk in self._chunks
            for start in range(0, len(chunk), width)
        ]


def _is_cut_off() -> bool:
    """Tell whether somebody asked for this task's end; a saver may also raise it by itself."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        # Outside a loop nobody can have asked.
        return False
    return task is not None and task.cancelling() > 0
