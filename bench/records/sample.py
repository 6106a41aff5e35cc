"""Samples: one row of integers per operation, columns when stored.

A row is eight 64-bit integers, 64 bytes, in the order of :data:`COLUMNS`. Instants are nanoseconds
of the worker's monotonic clock. ``operation`` is an index into the trial record's ``operations``.

``lock_wait`` and ``pool_wait`` are durations inside the service time of a saver operation. For a
cycle (and its marks) ``pool_wait`` is the part of its wait for which all places of an open load
were taken; the rest of that wait is the generator's lag.
"""

from __future__ import annotations

import io
import zipfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.records.files import open_plain, read_member, write_file
from bench.records.outcome import COLUMNS

Integers = npt.NDArray[np.int64]
MOST_SAMPLES_BYTES = 1 << 30
"""The samples of a trial have no more, as 64-bit integers: 16 million operations."""


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


def samples_content(rows: Integers) -> bytes:
    """Return ``rows`` (n, 8) as a compressed archive (``.npz``) with one array per column."""
    columns = {name: rows[:, index] for index, name in enumerate(COLUMNS)}
    content = io.BytesIO()
    np.savez_compressed(content, allow_pickle=False, **columns)
    return content.getvalue()


def write_samples(path: Path, rows: Integers) -> None:
    """Store :func:`samples_content` of ``rows`` (n, 8) at ``path``."""
    write_file(path, samples_content(rows))


def read_samples(path: Path) -> Samples:
    """Read what :func:`write_samples` stored.

    Raises:
        OSError, KeyError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error: the
            file is missing, is not such an archive, or holds more than ``MOST_SAMPLES_BYTES``.
    """
    with open_plain(path, MOST_SAMPLES_BYTES) as file, zipfile.ZipFile(file) as archive:
        first = _column(archive, COLUMNS[0])
        rows = np.empty((len(first), len(COLUMNS)), dtype=np.int64, order="F")
        for index, name in enumerate(COLUMNS):
            column = _column(archive, name) if index else first
            if column.shape != first.shape:
                raise ValueError(f"{name} has {len(column)} samples, {COLUMNS[0]} {len(first)}")
            rows[:, index] = column
        return Samples(rows)


def _column(archive: zipfile.ZipFile, name: str) -> Integers:
    """Read an array as NumPy would, but only integers."""
    content = read_member(archive, f"{name}.npy", MOST_SAMPLES_BYTES // len(COLUMNS))
    # Behind the magic and the version, two bytes say how long the rest of the header is.
    begins = 10 + int.from_bytes(content[8:10], "little")
    shape, kind = _declared(content[:begins], name)
    if kind != np.int64:
        raise ValueError(f"the column {name} has {kind}, expected int64")
    column: Integers = np.frombuffer(content, dtype=kind, offset=begins)
    if column.shape != shape:
        raise ValueError(f"the column {name} has {len(column)} samples, it declares {shape}")
    return column


@lru_cache(maxsize=64)
def _declared(header: bytes, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Return shape and type of an array; the header is a Python literal, which is slow to read."""
    stream = io.BytesIO(header)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError(f"the column {name} is no array of this format")
    shape, _, kind = np.lib.format.read_array_header_1_0(stream)
    return shape, kind


def read_raw(path: Path) -> Integers:
    """Read the rows that a worker wrote as plain 64-bit integers in the machine's byte order."""
    return np.fromfile(path, dtype=np.int64).reshape(-1, len(COLUMNS))
