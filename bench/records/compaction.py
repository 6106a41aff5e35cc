"""Makes a run compact: its trials, samples and checks in one archive, and nothing of them lost."""

from __future__ import annotations

import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bench.errors import BenchError, InputError
from bench.records.archive import (
    ARCHIVE,
    CHECKS,
    DAMAGE,
    MOST_BYTES,
    SAMPLES,
    TRIALS,
    holds,
    write_archive,
)
from bench.records.files import PARTIAL, new_file
from bench.records.store import Run, Store

# What is wrong with a file that is read, and not with the disk.
_NOT_A_RECORD = tuple(kind for kind in DAMAGE if kind is not OSError)


@dataclass(frozen=True, slots=True)
class Compacted:
    """How many bytes trials, samples and checks of a run took, and how many the archive takes."""

    bytes_before: int
    bytes_after: int


def compact(store: Store, run_id: str) -> Compacted:
    """Put trials, samples and checks of a complete run into one archive, and remove the files.

    They are removed once the archive is on the disk and gives back every one of them: each record
    byte for byte, each sample number for number. Where that was interrupted, doing it again ends
    it. A run that is compact already is left as it is.

    Raises:
        InputError: there is no such run, it is not complete and whole, another process is at work
            on it, it holds what is no record, or the archive cannot be written.
        UnavailableError: the disk is full.
        BenchError: the archive does not give back what was put into it; nothing has been removed.
    """
    with store.locked(run_id):
        return _compacted(store, run_id)


def _compacted(store: Store, run_id: str) -> Compacted:
    directory = store.directory / run_id
    files = _files(_complete(store, run_id))
    archive = directory / ARCHIVE
    before = sum(file.stat().st_size for file in files)
    if not archive.exists():
        _write(archive, files)
    elif files and not _holds(archive, files):
        raise InputError(
            f"{directory} holds trials that its {ARCHIVE} does not have, or has otherwise; "
            "nothing was changed"
        )
    for file in files:
        file.unlink()
    for part in (CHECKS, TRIALS, SAMPLES):
        if (directory / part).is_dir():
            (directory / part).rmdir()
    after = archive.stat().st_size
    return Compacted(before or after, after)


def _complete(store: Store, run_id: str) -> Run:
    run = store.read(run_id)
    if len(run.trials) < run.trials_expected or run.damaged:
        damaged = "".join(f"; {what}" for what in list(run.damaged.values())[:1])
        raise InputError(
            f"{run_id} has {len(run.trials)} of {run.trials_expected} trials{damaged}; complete it "
            "first, with: checkpoint-bench run SCENARIO --resume"
        )
    return run


def _files(run: Run) -> list[Path]:
    """Return all records and samples that are files of their own; remove what was never finished.

    Raises:
        InputError: something else stands among them.
    """
    label = "|".join(map(re.escape, run.scenario.subjects))
    names = {
        CHECKS: rf"({label})\.json",
        TRIALS: r"[0-9a-f]{12}\.json",
        SAMPLES: r"[0-9a-f]{12}\.npz",
    }
    files, unfinished = list[Path](), list[Path]()
    for part, name in names.items():
        for file in sorted((run.directory / part).glob("*")):
            is_plain = stat.S_ISREG(file.lstat().st_mode)
            if is_plain and re.fullmatch(name, file.name):
                files.append(file)
            elif is_plain and file.suffix == PARTIAL:
                unfinished.append(file)
            else:
                raise InputError(f"{file} is no record of this run; move it elsewhere first")
    for file in unfinished:
        # Nobody writes it: the run is locked.
        file.unlink()
    return files


def _write(archive: Path, files: Sequence[Path]) -> None:
    with new_file(archive) as target:
        try:
            write_archive(target, files)
        except _NOT_A_RECORD as error:
            raise InputError(f"{archive}: a file of the run is damaged: {error}") from error
        if target.tell() > MOST_BYTES:
            raise InputError(f"{archive} would be larger than what is read; nothing was changed")
        if not _holds(target, files):
            raise BenchError(f"{archive} would not give back what was put into it")


def _holds(archive: Path | IO[bytes], files: Sequence[Path]) -> bool:
    try:
        return holds(archive, files)
    except DAMAGE:
        return False
