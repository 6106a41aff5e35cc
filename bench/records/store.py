"""Where records live: one directory per run, one file per trial, each written once.

::

    results/<run-id>/run.json                what was asked and where, before the first trial
    results/<run-id>/trials/<trial-id>.json  one finished trial
    results/<run-id>/samples/<trial-id>.npz  its samples
    results/<run-id>/records.zip             instead of both, once the run has been made compact
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from bench.errors import InputError, suggestion
from bench.records.archive import ARCHIVE, DAMAGE, records_in, samples_in, trial_ids_in
from bench.records.run import FORMAT_VERSION, RunRecord
from bench.records.sample import Integers, Samples, read_samples, write_samples
from bench.records.trial import TrialRecord
from bench.spec.plan import expand
from bench.spec.scenario import Scenario
from bench.spec.scenario_file import parse_scenario

_RUN = TypeAdapter(RunRecord)
_TRIAL = TypeAdapter(TrialRecord)
_Record = TypeVar("_Record", RunRecord, TrialRecord)


@dataclass(frozen=True, slots=True)
class Run:
    """A run read back: its record, its scenario, and its trials in the order of the plan."""

    record: RunRecord
    scenario: Scenario
    trials: tuple[TrialRecord, ...]
    directory: Path

    @property
    def trials_expected(self) -> int:
        """How many trials the run has where it is complete: the certain ones, and of blocks begun.

        They are counted, not matched: an id depends on the program's version, its number does not.
        """
        begun = {trial.trial.block for trial in self.trials}
        return len(expand(self.scenario).expected(begun))

    def samples(self, trial: TrialRecord) -> Samples:
        """Read the samples of ``trial``.

        Raises:
            InputError: the file is missing or damaged.
        """
        archive = self.directory / ARCHIVE
        path = self.directory / "samples" / (trial.samples_file or "")
        try:
            if archive.is_file():
                return samples_in(archive, path.name)
            return read_samples(path)
        except DAMAGE as error:
            place = archive if archive.is_file() else path
            raise InputError(
                f"{place}: cannot read the samples of {trial.trial.id}: {error}"
            ) from error


class Store:
    """The directory that holds all runs."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def run_ids(self) -> list[str]:
        """List the runs, oldest first (an id begins with its UTC time)."""
        return sorted(path.parent.name for path in self.directory.glob("*/run.json"))

    def newest(self) -> str:
        """Return the newest run's id.

        Raises:
            InputError: there is none.
        """
        ids = self.run_ids()
        if not ids:
            raise InputError(f"{self.directory} holds no run; measure one with: bench run SCENARIO")
        return ids[-1]

    def begin(self, record: RunRecord) -> None:
        """Write the run's record; this makes the run exist.

        Raises:
            InputError: a run of that id exists already.
        """
        if (self.directory / record.run_id / "run.json").exists():
            raise InputError(f"the run {record.run_id} exists already in {self.directory}")
        for part in ("trials", "samples"):
            (self.directory / record.run_id / part).mkdir(parents=True, exist_ok=True)
        _write_once(self.directory / record.run_id / "run.json", _RUN.dump_json(record, indent=2))

    def add(self, run_id: str, record: TrialRecord, rows: Integers | None) -> None:
        """Write a finished trial: samples first, so that a record never names a missing file.

        Raises:
            InputError: the run has been made compact, and would not show the trial.
        """
        directory = self.directory / run_id
        if (directory / ARCHIVE).is_file():
            raise InputError(f"{directory} is compact and takes no further trials")
        if rows is not None and record.samples_file:
            write_samples(directory / "samples" / record.samples_file, rows)
        path = directory / "trials" / f"{record.trial.id}.json"
        _write_once(path, _TRIAL.dump_json(record, indent=2))

    def finished(self, run_id: str) -> frozenset[str]:
        """Return the ids of the trials that have a record.

        Raises:
            InputError: they are in an archive that is damaged.
        """
        archive = self.directory / run_id / ARCHIVE
        if archive.is_file():
            try:
                return trial_ids_in(archive)
            except DAMAGE as error:
                raise InputError(f"{archive}: the archive is damaged: {error}") from error
        return frozenset(path.stem for path in (self.directory / run_id / "trials").glob("*.json"))

    def read_record(self, run_id: str) -> RunRecord:
        """Read a run's record without its trials.

        Raises:
            InputError: there is no such run, its file is damaged, or a newer program wrote it.
        """
        path = self.directory / run_id / "run.json"
        if not path.is_file():
            hint = suggestion(run_id, self.run_ids())
            raise InputError(f"{self.directory} holds no run {run_id!r}.{hint}")
        _check_version(path)
        return _read(path, _RUN)

    def read(self, run_id: str) -> Run:
        """Read a whole run except its samples.

        Raises:
            InputError: as :meth:`read_record`, or a trial's file is damaged.
        """
        record = self.read_record(run_id)
        directory = self.directory / run_id
        trials = sorted(self._trials(directory), key=lambda trial: trial.trial.position)
        scenario = parse_scenario(record.scenario_text, str(directory / "run.json"))
        return Run(record=record, scenario=scenario, trials=tuple(trials), directory=directory)

    def _trials(self, directory: Path) -> Iterator[TrialRecord]:
        archive = directory / ARCHIVE
        if not archive.is_file():
            for path in (directory / "trials").glob("*.json"):
                yield _read(path, _TRIAL)
            return
        try:
            for name, content in records_in(archive):
                yield _parsed(content, f"{archive}: {name}", _TRIAL)
        except DAMAGE as error:
            raise InputError(f"{archive}: the archive is damaged: {error}") from error


def _check_version(path: Path) -> None:
    try:
        version = json.loads(path.read_bytes()).get("format_version")
    except (OSError, ValueError, AttributeError) as error:
        raise InputError(f"{path}: this is not a run's record: {error}") from error
    if version != FORMAT_VERSION:
        raise InputError(
            f"{path}: format_version is {version!r}, this program reads {FORMAT_VERSION}; "
            "read it with the version of checkpoint-bench that wrote it"
        )


def _read(path: Path, adapter: TypeAdapter[_Record]) -> _Record:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot read the record: {error.strerror}") from error
    return _parsed(content, str(path), adapter)


def _parsed(content: bytes, place: str, adapter: TypeAdapter[_Record]) -> _Record:
    try:
        return adapter.validate_json(content)
    except ValidationError as error:
        raise InputError(f"{place}: the record is damaged: {error}") from error


def _write_once(path: Path, content: bytes) -> None:
    """Write ``content`` so that a crash leaves the whole file or none, on stable storage."""
    temporary = path.with_suffix(".partial")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
