"""Where records live: one directory per run, one file per trial, each written once.

::

    results/<run-id>/run.json                what was asked and where, before the first trial
    results/<run-id>/checks/<subject>.json   the checks of one subject, before the first trial
    results/<run-id>/trials/<trial-id>.json  one finished trial
    results/<run-id>/samples/<trial-id>.npz  its samples
    results/<run-id>/records.zip             instead of all three, once the run is compact

A directory may come from somebody else: only plain files of limited size are read, and the names
that they hold are checked before they name anything.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from bench.errors import InputError, suggestion
from bench.records.archive import ARCHIVE, CHECKS, DAMAGE, SAMPLES, TRIALS, Archive
from bench.records.check import CheckRecord, Conformance, CrashCheck
from bench.records.files import (
    MOST_RECORD_BYTES,
    make_directory,
    parsed,
    read_json,
    read_plain,
    reason_of,
    refuse_links,
    to_json,
    write_file,
)
from bench.records.lock import locked
from bench.records.run import FORMAT_VERSION, RunRecord, is_run_id
from bench.records.sample import (
    MOST_SAMPLES_BYTES,
    Integers,
    Samples,
    read_samples,
    samples_content,
)
from bench.records.trial import TrialRecord
from bench.scenario.plan import expand, is_of
from bench.scenario.scenario import Scenario
from bench.scenario.scenario_file import parse_scenario


@dataclass(frozen=True, slots=True)
class Run:
    """A run read back: its record, its scenario, and its trials in the order of the plan.

    ``damaged`` says by trial id what is wrong where a record or its samples are not whole. Such a
    trial is not among ``trials``: it counts as not measured. ``checks`` has what was checked, by
    ``CheckRecord.subject``.
    """

    record: RunRecord
    scenario: Scenario
    trials: tuple[TrialRecord, ...]
    directory: Path
    damaged: Mapping[str, str]
    checks: Mapping[str, CheckRecord]

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
        try:
            with _opened(self.directory) as source:
                return source.samples(trial)
        except DAMAGE as error:
            raise InputError(f"{self.directory}: {_unreadable(trial, error)}") from error


class _Files:
    """The parts of a run as files of their own; raises as ``Archive`` does."""

    def __init__(self, directory: Path) -> None:
        self._trials = directory / TRIALS
        self._samples = directory / SAMPLES
        self._checks = directory / CHECKS

    def trial_ids(self) -> list[str]:
        stems = (path.stem for path in self._trials.glob("*.json"))
        return [stem for stem in stems if re.fullmatch("[0-9a-f]{12}", stem)]

    def record(self, trial_id: str) -> bytes:
        return read_plain(self._trials / f"{trial_id}.json", MOST_RECORD_BYTES)

    def check(self, subject: str) -> bytes | None:
        path = self._checks / f"{subject}.json"
        return read_plain(path, MOST_RECORD_BYTES) if path.exists() else None

    def samples(self, record: TrialRecord) -> Samples:
        return read_samples(self._samples / str(record.samples_file))

    def check_samples(self, record: TrialRecord) -> None:
        if not record.samples_sha256:
            self.samples(record)
            return
        content = read_plain(self._samples / str(record.samples_file), MOST_SAMPLES_BYTES)
        if len(content) != record.samples_bytes:
            raise ValueError(f"{len(content)} of {record.samples_bytes} bytes are there")
        if hashlib.sha256(content).hexdigest() != record.samples_sha256:
            raise ValueError("they are not those that were written: their SHA-256 is another")


class Store:
    """The directory that holds all runs."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def run_ids(self) -> list[str]:
        """List the runs, oldest first (an id begins with its UTC time)."""
        names = (path.parent.name for path in self.directory.glob("*/run.json"))
        return sorted(filter(is_run_id, names))

    def newest(self) -> str:
        """Return the newest run's id.

        Raises:
            InputError: there is none.
        """
        ids = self.run_ids()
        if not ids:
            raise InputError(
                f"{self.directory} holds no run; measure one with: checkpoint-bench run SCENARIO"
            )
        return ids[-1]

    def begin(self, record: RunRecord) -> None:
        """Write the run's record; this makes the run exist.

        Raises:
            InputError: a run of that id exists already, or cannot be written.
            UnavailableError: the disk is full.
        """
        directory = self.directory / record.run_id
        make_directory(self.directory)
        try:
            # Of two processes that begin the same run, one makes its directory.
            directory.mkdir()
        except FileExistsError as error:
            raise InputError(f"{directory}: the run exists already") from error
        for part in (CHECKS, TRIALS, SAMPLES):
            make_directory(directory / part)
        write_file(directory / "run.json", to_json(record, indent=2))

    @contextmanager
    def locked(self, run_id: str) -> Iterator[None]:
        """Keep every other process from writing into the run, for as long as this is entered.

        Raises:
            InputError: another process does so already, or there is no such run.
        """
        self.read_record(run_id)
        with locked(self.directory / run_id / "run.json", f"the run {run_id}"):
            yield

    def add(self, run_id: str, record: TrialRecord, rows: Integers | None) -> None:
        """Write a finished trial: samples first, so that a record never outlives them.

        Raises:
            InputError: the run has been made compact, and would not show the trial; or it cannot be
                written.
            UnavailableError: the disk is full.
        """
        self.refuse_compact(run_id)
        directory = self.directory / run_id
        if rows is not None and record.samples_file:
            content = samples_content(rows)
            write_file(directory / SAMPLES / record.samples_file, content)
            digest = hashlib.sha256(content).hexdigest()
            record = replace(record, samples_bytes=len(content), samples_sha256=digest)
        path = directory / TRIALS / f"{record.trial.id}.json"
        write_file(path, to_json(record, indent=2))

    def refuse_compact(self, run_id: str) -> None:
        """Refuse to add anything to a run that has been made compact.

        Raises:
            InputError: it has been.
        """
        directory = self.directory / run_id
        if (directory / ARCHIVE).is_file():
            raise InputError(f"{directory} is compact and takes no further trials; start a new run")

    def add_check(self, run_id: str, record: CheckRecord) -> None:
        """Write what was checked of a subject.

        Raises:
            InputError: it cannot be written.
            UnavailableError: the disk is full.
        """
        # A run that was begun by an earlier version has no place for it.
        directory = make_directory(self.directory / run_id / CHECKS)
        write_file(directory / f"{record.subject}.json", to_json(record, indent=2))

    def checked(self, run_id: str, labels: Iterable[str]) -> frozenset[str]:
        """Return of which of the subjects ``labels`` the checks have a record that is whole."""
        whole, _ = _checks(self.directory / run_id, labels)
        return frozenset(whole)

    def finished(self, run_id: str) -> frozenset[str]:
        """Return the ids of the trials whose record and samples are whole.

        Raises:
            InputError: they are in an archive that is damaged.
        """
        whole, _ = _trials(self.directory / run_id)
        return frozenset(whole)

    def read_record(self, run_id: str) -> RunRecord:
        """Read a run's record without its trials.

        Raises:
            InputError: there is no such run, its directory or a part of it is a link, its file is
                damaged or is of another run, or a newer program wrote it.
        """
        directory = self.directory / run_id
        path = directory / "run.json"
        if not is_run_id(run_id) or not path.exists():
            hint = suggestion(run_id, self.run_ids())
            raise InputError(f"{self.directory} holds no run {run_id!r}.{hint}")
        refuse_links(directory, *(directory / part for part in (CHECKS, TRIALS, SAMPLES)))
        version = read_json(path, dict[str, object], "a run's record").get("format_version")
        if version != FORMAT_VERSION:
            raise InputError(
                f"{path}: format_version is {version!r}, this program reads {FORMAT_VERSION}; "
                "read it with the version of checkpoint-bench that wrote it"
            )
        record = read_json(path, RunRecord, "a run's record")
        if record.run_id != run_id:
            raise InputError(f"{path}: run_id is {record.run_id!r}, expected its directory's name")
        return record

    def read(self, run_id: str) -> Run:
        """Read a whole run, but of the samples only whether they are whole.

        Raises:
            InputError: as :meth:`read_record`, or an archive is damaged as a whole.
        """
        record = self.read_record(run_id)
        directory = self.directory / run_id
        scenario = parse_scenario(record.scenario_text, str(directory / "run.json"))
        whole, damaged = _trials(directory)
        for trial_id in [name for name, one in whole.items() if not is_of(one.trial, scenario)]:
            del whole[trial_id]
            damaged[trial_id] = f"the record of {trial_id} is of no trial of this scenario"
        trials = sorted(whole.values(), key=lambda trial: trial.trial.position)
        checks, damaged_checks = _checks(directory, scenario.subjects)
        return Run(record, scenario, tuple(trials), directory, damaged, checks | damaged_checks)


def _opened(directory: Path) -> AbstractContextManager[Archive | _Files]:
    archive = directory / ARCHIVE
    return Archive(archive) if archive.exists() else nullcontext(_Files(directory))


def _trials(directory: Path) -> tuple[dict[str, TrialRecord], dict[str, str]]:
    whole: dict[str, TrialRecord] = {}
    damaged: dict[str, str] = {}
    was_compact = (directory / ARCHIVE).exists()
    try:
        with _opened(directory) as source:
            for trial_id in source.trial_ids():
                try:
                    whole[trial_id] = _whole(source, trial_id)
                except InputError as error:
                    damaged[trial_id] = str(error)
    except DAMAGE as error:
        archive = directory / ARCHIVE
        raise InputError(f"{archive}: the archive is damaged: {reason_of(error)}") from error
    if damaged and not was_compact and (directory / ARCHIVE).exists():
        # Another process has made it compact meanwhile, and removed what was to be read.
        return _trials(directory)
    return whole, damaged


def _checks(
    directory: Path, labels: Iterable[str]
) -> tuple[dict[str, CheckRecord], dict[str, CheckRecord]]:
    whole: dict[str, CheckRecord] = {}
    damaged: dict[str, CheckRecord] = {}
    with _opened(directory) as source:
        for label in labels:
            try:
                content = source.check(label)
                if content is not None:
                    whole[label] = parsed(content, CheckRecord, "its record is damaged")
            except (InputError, *DAMAGE) as error:
                why = reason_of(error)
                damaged[label] = CheckRecord(
                    label, Conformance(not_checked=why), CrashCheck(not_checked=why), "", 0.0
                )
    return whole, damaged


def _whole(source: Archive | _Files, trial_id: str) -> TrialRecord:
    """Read the record of a trial, and check that its samples are as they were written.

    Raises:
        InputError: they are not, or the record is damaged.
    """
    what = f"the record of {trial_id}"
    try:
        content = source.record(trial_id)
    except DAMAGE as error:
        raise InputError(f"cannot read {what}: {reason_of(error)}") from error
    record = parsed(content, TrialRecord, f"{what} is damaged")
    if record.samples_file is not None:
        try:
            source.check_samples(record)
        except DAMAGE as error:
            raise InputError(_unreadable(record, error)) from error
    return record


def _unreadable(record: TrialRecord, error: Exception) -> str:
    return f"cannot read the samples of {record.trial.id}: {reason_of(error)}"
