"""Where samples go while they are made."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from struct import Struct

from bench.records.outcome import COLUMNS, Outcome
from bench.records.redaction import shortened

_ROW = Struct(f"{len(COLUMNS)}q")
_ROW_BYTES = _ROW.size
_pack_into = _ROW.pack_into
# Small, since a chunk's memory is taken at once, and would else count as the saver's.
_CHUNK_BYTES = (1 << 10) * _ROW_BYTES
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
        # Both by the operation's code.
        self.acknowledged = [0] * len(operations)
        self.calls: dict[str, list[int]] = {}
        self._full: list[bytearray] = []
        self._chunk = bytearray(_CHUNK_BYTES)
        self._end = 0

    def code(self, operation: str) -> int:
        """Return the integer that stands for ``operation`` in the samples."""
        return self.operations.index(operation)

    def add(  # noqa: PLR0913, PLR0917 - a tuple would be made for every sample
        self,
        operation: int,
        client: int,
        due_ns: int,
        started_ns: int,
        lock_wait_ns: int,
        pool_wait_ns: int,
        finished_ns: int,
        outcome: int,
    ) -> None:
        """Append one sample; the order is that of ``bench.records.outcome.COLUMNS``."""
        end = self._end
        if end == _CHUNK_BYTES:
            self._full.append(self._chunk)
            self._chunk = bytearray(_CHUNK_BYTES)
            end = 0
        _pack_into(
            self._chunk,
            end,
            operation,
            client,
            due_ns,
            started_ns,
            lock_wait_ns,
            pool_wait_ns,
            finished_ns,
            outcome,
        )
        self._end = end + _ROW_BYTES

    def calls_of(self, what: str) -> list[int]:
        """Return how often ``what`` was called inside operations, by the operation's code."""
        return self.calls.setdefault(what, [0] * len(self.operations))

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

    def forget(self) -> None:
        """Drop the samples so far; what is counted stays."""
        self._full.clear()
        self._end = 0

    def __len__(self) -> int:
        return (len(self._full) * _CHUNK_BYTES + self._end) // _ROW_BYTES

    def operations_since(self, row: int) -> Counter[int]:
        """Count the samples from number ``row`` (0, 1, …) on, by the operation's code."""
        found: Counter[int] = Counter()
        start = row * len(COLUMNS)
        for chunk in self._chunks():
            found.update(chunk[max(0, start) :: len(COLUMNS)])
            start -= len(chunk)
        return found

    def write(self, path: Path) -> None:
        """Write all samples as plain 64-bit integers, row after row."""
        with path.open("wb") as file:
            for chunk in self._chunks():
                file.write(chunk)

    def rows(self) -> list[tuple[int, ...]]:
        """Return the samples as tuples, for tests and small counts."""
        return [row for chunk in self._chunks() for row in _ROW.iter_unpack(chunk)]

    def _chunks(self) -> Iterator[memoryview]:
        """Yield what is written, as 64-bit integers."""
        for chunk in self._full:
            yield memoryview(chunk).cast("q")
        yield memoryview(self._chunk)[: self._end].cast("q")


def _is_cut_off() -> bool:
    """Tell whether somebody asked for this task's end; a saver may also raise it by itself."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        # Outside a loop nobody can have asked.
        return False
    return task is not None and task.cancelling() > 0
