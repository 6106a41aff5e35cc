"""A finished run in one file, ``records.zip``: a third smaller, and one file to keep.

It is an ordinary archive, deflated, with the same content always as the same bytes:

::

    trials/<trial-id>.json       the record, byte for byte
    checks/<subject>.json        likewise
    samples/<trial-id>.columns   its samples, as ``bench.records.column_coding`` writes them
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

from bench.records.column_coding import decode, encode
from bench.records.files import MOST_RECORD_BYTES, open_plain, read_member, read_plain
from bench.records.sample import MOST_SAMPLES_BYTES, Samples, read_samples
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
