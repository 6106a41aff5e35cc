"""Samples: one row of integers per operation, columns when stored.

A row is eight 64-bit integers, 64 bytes, in the order of :data:`COLUMNS`. Instants are nanoseconds
of the worker's monotonic clock. ``operation`` is an index into the trial record's ``operations``.

``lock_wait`` and ``pool_wait`` are durations inside the service time of a saver operation. For a
cycle (and its marks) ``pool_wait`` is the part of its wait for which all places of an open load
were taken; the rest of that wait is the generator's lag.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.records.outcome import COLUMNS

Integers = npt.NDArray[np.int64]


class Samples:
    """The samples of one trial, as columns.

    ``wait = started − due``, ``service = finished − started``, ``response = finished − due``, all
    in nanoseconds.
    """

    __slots__ = ("_rows",)

    def __init__(self, rows: Integers) -> None:
        """``rows`` has the shape (samples, 8)."""
        if rows.ndim != 2 or rows.shape[1] != len(COLUMNS):
            raise ValueError(f"samples must have the shape (n, {len(COLUMNS)}), not {rows.shape}")
        self._rows = rows

    def __len__(self) -> int:
        return int(self._rows.shape[0])

    @property
    def rows(self) -> Integers:
        """All samples, (n, 8), in the order in which they were taken."""
        return self._rows

    def column(self, name: str) -> Integers:
        """Return a column of :data:`COLUMNS`, or ``wait``, ``service`` or ``response``."""
        if name == "wait":
            return self.column("started") - self.column("due")
        if name == "service":
            return self.column("finished") - self.column("started")
        if name == "response":
            return self.column("finished") - self.column("due")
        column: Integers = self._rows[:, COLUMNS.index(name)]
        return column

    def where(self, mask: npt.NDArray[np.bool_]) -> Samples:
        """Return the samples that ``mask`` (one boolean per sample) selects."""
        return Samples(self._rows[mask])

    def of(self, operation: int) -> Samples:
        """Return the samples of the operation with that index."""
        return self.where(self.column("operation") == operation)

    def due_within(self, start_ns: int, end_ns: int) -> Samples:
        """Return the samples that were due in ``[start_ns, end_ns)``: the measured ones."""
        due = self.column("due")
        return self.where((due >= start_ns) & (due < end_ns))


def write_samples(path: Path, rows: Integers) -> None:
    """Store ``rows`` (n, 8) at ``path`` as a compressed archive with one array per column."""
    columns = {name: rows[:, index] for index, name in enumerate(COLUMNS)}
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **columns)


def read_samples(path: Path) -> Samples:
    """Read what :func:`write_samples` stored.

    Raises:
        OSError, KeyError, ValueError: the file is missing or is not such an archive.
    """
    with np.load(path, allow_pickle=False) as archive:
        first = archive[COLUMNS[0]]
        rows = np.empty((len(first), len(COLUMNS)), dtype=np.int64, order="F")
        for index, name in enumerate(COLUMNS):
            rows[:, index] = archive[name]
        return Samples(rows)


def read_raw(path: Path) -> Integers:
    """Read the rows that a worker wrote as plain 64-bit integers in the machine's byte order."""
    return np.fromfile(path, dtype=np.int64).reshape(-1, len(COLUMNS))
