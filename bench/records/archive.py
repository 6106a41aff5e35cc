"""A finished run in one file, ``records.zip``: a third smaller, and one file to keep.

It is an ordinary archive, deflated, with the same content always as the same bytes:

::

    trials/<trial-id>.json       the record, byte for byte
    checks/<subject>.json        likewise
    samples/<trial-id>.columns   its samples, coded as said below

Samples are columns of small differences, in the order of the rows and without loss. Instants are
64-bit numbers of which all but the last few bytes are the same. So ``finished`` is kept as the
difference to the row above, ``started`` as ``finished − started``, ``due`` as ``started − due``,
the other columns as they are. Signed numbers are zig-zag coded (0, −1, 1, −2 …
as 0, 1, 2, 3 …), so that small ones of either sign have zeros in front. Then the bytes of each
column are put together by significance, lowest first: what compresses stands beside its like, and
what is noise apart. All arithmetic is modulo 2⁶⁴, hence exact for every 64-bit integer.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import IO, Self

import numpy as np

from bench.records.files import MOST_RECORD_BYTES, open_plain, read_member, read_plain
from bench.records.outcome import COLUMNS
from bench.records.sample import MOST_SAMPLES_BYTES, Integers, Samples, read_samples
from bench.records.trial import TrialRecord

ARCHIVE = "records.zip"
MOST_BYTES = MOST_SAMPLES_BYTES
"""A larger archive is not read: those of the longest runs have a hundredth of it."""
# What reading a missing, cut off or altered archive raises.
DAMAGE = (
    *(OSError, KeyError, ValueError, EOFError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error, struct.error),
)
TRIALS, SAMPLES, CHECKS = "trials", "samples", "checks"
"""The parts of a run, each a directory."""
_COLUMNS = ".columns"
# The earliest that the format can tell: when a member was written is no part of a run.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


class Archive:
    """The archive at ``path``, opened for reading.

    Every method raises one of :data:`DAMAGE` where what it reads is not whole, or is more than
    there can be.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = open_plain(path, MOST_BYTES)
        try:
            self._archive = zipfile.ZipFile(self._file)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.close()
        self._file.close()

    def trial_ids(self) -> list[str]:
        """Return the ids of the trials that have a record."""
        names = self._archive.namelist()
        found = (re.fullmatch(rf"{TRIALS}/([0-9a-f]{{12}})\.json", name) for name in names)
        return [match[1] for match in found if match]

    def record(self, trial_id: str) -> bytes:
        """Return the JSON of a trial's record."""
        return self._member(f"{TRIALS}/{trial_id}.json", MOST_RECORD_BYTES)

    def check(self, subject: str) -> bytes | None:
        """Return the JSON of what was checked of a subject, or ``None`` if there is none."""
        name = f"{CHECKS}/{subject}.json"
        is_there = name in self._archive.namelist()
        return self._member(name, MOST_RECORD_BYTES) if is_there else None

    def samples(self, record: TrialRecord) -> Samples:
        """Return what once was ``samples/<samples_file>``."""
        return decode(self._columns(record))

    def check_samples(self, record: TrialRecord) -> None:
        """Read the samples without taking them apart: the archive knows their check sum."""
        self._columns(record)

    def _columns(self, record: TrialRecord) -> bytes:
        name = member_of(Path(SAMPLES) / str(record.samples_file))
        return self._member(name, MOST_SAMPLES_BYTES)

    def _member(self, name: str, most_bytes: int) -> bytes:
        return read_member(self._archive, name, most_bytes)


def write_archive(target: IO[bytes], files: Iterable[Path]) -> None:
    """Write ``files``, of the directories of these parts, as an archive into ``target``."""
    with zipfile.ZipFile(target, "w") as archive:
        for file in files:
            member = zipfile.ZipInfo(member_of(file), _NO_TIME)
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, _content(file), compresslevel=9)


def holds(source: Path | IO[bytes], files: Iterable[Path]) -> bool:
    """Tell whether the archive ``source`` gives back each of ``files`` as it is."""
    with (
        open_plain(source, MOST_BYTES)
        if isinstance(source, Path)
        else nullcontext(source) as stream,
        zipfile.ZipFile(stream) as archive,
    ):
        names = set(archive.namelist())
        return all(member_of(file) in names and _is_kept(archive, file) for file in files)


def member_of(file: Path) -> str:
    """Name the member that ``file``, of the directory of a part, is kept as."""
    if file.parent.name == SAMPLES:
        file = file.with_suffix(_COLUMNS)
    return f"{file.parent.name}/{file.name}"


def _content(file: Path) -> bytes:
    if file.parent.name == SAMPLES:
        return encode(read_samples(file).rows)
    return read_plain(file, MOST_RECORD_BYTES)


def _is_kept(archive: zipfile.ZipFile, file: Path) -> bool:
    name = member_of(file)
    if file.parent.name == SAMPLES:
        stored = read_member(archive, name, MOST_SAMPLES_BYTES)
        # Decoded and compared as numbers: that coding is undone exactly is what is checked.
        return np.array_equal(decode(stored).rows, read_samples(file).rows)
    return read_member(archive, name, MOST_RECORD_BYTES) == _content(file)


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
