"""Makes a run compact: its trials and samples in one archive, and nothing of them lost."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError, InputError
from bench.records.archive import ARCHIVE, DAMAGE, holds, write_archive
from bench.records.store import Store

_PARTS = {"trials": ".json", "samples": ".npz"}


@dataclass(frozen=True, slots=True)
class Compacted:
    """How many bytes the trials and samples of a run took, and how many the archive takes."""

    bytes_before: int
    bytes_after: int


def compact(store: Store, run_id: str) -> Compacted:
    """Put the trials and samples of a complete run into one archive, and remove the files.

    They are removed once the archive is on the disk and gives back every one of them: each record
    byte for byte, each sample number for number. Where that was interrupted, doing it again ends
    it. A run that is compact already is left as it is.

    Raises:
        InputError: there is no such run, it is not complete or is being written, it holds what is
            no record, or the archive cannot be written.
        BenchError: the archive does not give back what was put into it; nothing has been removed.
    """
    directory = store.directory / run_id
    _check_complete(store, run_id)
    files = _files(directory)
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
    for part in _PARTS:
        if (directory / part).is_dir():
            (directory / part).rmdir()
    after = archive.stat().st_size
    return Compacted(before or after, after)


def _check_complete(store: Store, run_id: str) -> None:
    # Reading checks every record, and then that all samples that one names are there.
    run = store.read(run_id)
    if len(run.trials) < run.trials_expected:
        raise InputError(
            f"{run_id} has {len(run.trials)} of {run.trials_expected} trials: it is being written "
            "or was interrupted; complete it first, with: bench run SCENARIO --resume"
        )
    for trial in run.trials:
        if trial.samples_file:
            run.samples(trial)


def _files(directory: Path) -> list[Path]:
    """Return all trials and samples that are files of their own.

    Raises:
        InputError: something else stands among them.
    """
    files = [file for part in _PARTS for file in sorted((directory / part).glob("*"))]
    for file in files:
        if file.suffix == ".partial":
            raise InputError(f"{file} is being written, or was left when that was interrupted")
        if file.suffix != _PARTS[file.parent.name] or not file.is_file():
            raise InputError(f"{file} is no record of a trial; move it elsewhere first")
    return files


def _write(archive: Path, files: Sequence[Path]) -> None:
    partial = archive.with_suffix(".partial")
    try:
        write_archive(partial, files)
        if not _holds(partial, files):
            raise BenchError(f"{partial} does not give back what was put into it")
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        partial.replace(archive)
    except OSError as error:
        raise InputError(f"{archive}: cannot write the archive: {error.strerror}") from error
    finally:
        partial.unlink(missing_ok=True)


def _holds(archive: Path, files: Sequence[Path]) -> bool:
    try:
        return holds(archive, files)
    except DAMAGE:
        return False
