"""Samples as few bytes: columns of small differences, in the order of the rows and without loss.

Instants are 64-bit numbers of which all but the last few bytes are the same. So ``finished`` is
kept as the difference to the row above, ``started`` as ``finished − started``, ``due`` as
``started − due``, the other columns as they are. Signed numbers are zig-zag coded (0, −1, 1, −2 …
as 0, 1, 2, 3 …), so that small ones of either sign have zeros in front. Then the bytes of each
column are put together by significance, lowest first: what compresses stands beside its like, and
what is noise apart. All arithmetic is modulo 2⁶⁴, hence exact for every 64-bit integer.
"""

from __future__ import annotations

import numpy as np

from bench.records.outcome import COLUMNS
from bench.records.sample import Integers, Samples

_DUE, _STARTED, _FINISHED = (COLUMNS.index(name) for name in ("due", "started", "finished"))
_BYTES = 8
_ONE = np.uint64(1)


def encode(rows: Integers) -> bytes:
    """Return 64 bytes for each of ``rows`` (n, 8): column by column, low bytes first."""
    columns = np.ascontiguousarray(rows.T, dtype=np.int64).view(np.uint64)
    coded = columns.copy()
    coded[_DUE] = columns[_STARTED] - columns[_DUE]
    coded[_STARTED] = columns[_FINISHED] - columns[_STARTED]
    coded[_FINISHED, 1:] = columns[_FINISHED, 1:] - columns[_FINISHED, :-1]
    signed = coded.view(np.int64)
    zigzag = ((signed << np.int64(1)) ^ (signed >> np.int64(63))).astype("<i8")
    planes = zigzag.view(np.uint8).reshape(len(COLUMNS), -1, _BYTES)
    return planes.transpose(0, 2, 1).tobytes()


def decode(content: bytes) -> Samples:
    """Return the samples that :func:`encode` made ``content`` of.

    Raises:
        ValueError: the length is that of no rows.
    """
    planes = np.frombuffer(content, dtype=np.uint8)
    if planes.size % (_BYTES * len(COLUMNS)):
        raise ValueError(f"{planes.size} bytes are no whole number of samples")
    planes = planes.reshape(len(COLUMNS), _BYTES, -1).transpose(0, 2, 1)
    zigzag = np.ascontiguousarray(planes).view("<u8")[..., 0].astype(np.uint64)
    columns = (zigzag >> _ONE) ^ -(zigzag & _ONE)
    columns[_FINISHED] = np.cumsum(columns[_FINISHED], dtype=np.uint64)
    columns[_STARTED] = columns[_FINISHED] - columns[_STARTED]
    columns[_DUE] = columns[_STARTED] - columns[_DUE]
    return Samples(columns.view(np.int64).T)
