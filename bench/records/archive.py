"""A finished run in one file, ``records.zip``: a third smaller, and one file to keep.

It is an ordinary archive, deflated, with the same content always as the same bytes:

::

    trials/<trial-id>.json       the record, byte for byte
    samples/<trial-id>.columns   its samples, as ``bench.records.column_coding`` writes them
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import numpy as np

from bench.records.column_coding import decode, encode
from bench.records.sample import Samples, read_samples

ARCHIVE = "records.zip"
# What reading a missing, cut off or altered archive raises.
DAMAGE = (
    *(OSError, KeyError, ValueError, EOFError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error),
)
_TRIALS, _SAMPLES, _COLUMNS = "trials", "samples", ".columns"
# The earliest that the format can tell: when a member was written is no part of a run.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


def trial_ids_in(path: Path) -> frozenset[str]:
    """Return the ids of the trials that have a record in the archive at ``path``."""
    with zipfile.ZipFile(path) as archive:
        return frozenset(PurePosixPath(name).stem for name in _members(archive, _TRIALS))


def records_in(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the JSON of each trial's record in the archive at ``path``."""
    with zipfile.ZipFile(path) as archive:
        for name in _members(archive, _TRIALS):
            yield name, archive.read(name)


def samples_in(path: Path, samples_file: str) -> Samples:
    """Read from the archive at ``path`` what once was ``samples/<samples_file>``."""
    with zipfile.ZipFile(path) as archive:
        return decode(archive.read(member_of(Path(_SAMPLES) / samples_file)))


def write_archive(path: Path, files: Iterable[Path]) -> None:
    """Write ``files``, of ``trials`` or ``samples`` directories, into an archive at ``path``."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in files:
            member = zipfile.ZipInfo(member_of(file), _NO_TIME)
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, _content(file), compresslevel=9)


def holds(path: Path, files: Iterable[Path]) -> bool:
    """Tell whether the archive at ``path`` gives back each of ``files`` as it is."""
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        return all(
            member_of(file) in names and _is_equal(archive.read(member_of(file)), file)
            for file in files
        )


def member_of(file: Path) -> str:
    """Name the member that ``file``, of a ``trials`` or ``samples`` directory, is kept as."""
    if file.parent.name == _SAMPLES:
        file = file.with_suffix(_COLUMNS)
    return f"{file.parent.name}/{file.name}"


def _members(archive: zipfile.ZipFile, directory: str) -> list[str]:
    return [name for name in archive.namelist() if name.startswith(f"{directory}/")]


def _content(file: Path) -> bytes:
    if file.parent.name == _SAMPLES:
        return encode(read_samples(file).rows)
    return file.read_bytes()


def _is_equal(stored: bytes, file: Path) -> bool:
    if file.parent.name == _SAMPLES:
        # Decoded and compared as numbers: that coding is undone exactly is what is checked.
        return np.array_equal(decode(stored).rows, read_samples(file).rows)
    return stored == file.read_bytes()
