"""What is damaged is named and counts as missing; the rest of the run is read as before."""

from __future__ import annotations

import json
import math
import os
import sys
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.errors import InputError
from bench.records.archive import ARCHIVE
from bench.records.compaction import compact
from bench.records.outcome import COLUMNS
from bench.records.sample import read_samples
from bench.records.store import Run, Store
from bench.records.trial import TrialRecord
from tests.unit.analysis.synthetic import make_run

RUN_ID = "20260101T000000Z-made-up"
FURTHER_BYTES = 1 << 25


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run of three trials."""
    return make_run(tmp_path)


def record_of(run: Run, trial: TrialRecord) -> Path:
    return run.directory / "trials" / f"{trial.trial.id}.json"


def samples_of(run: Run, trial: TrialRecord) -> Path:
    return run.directory / "samples" / f"{trial.trial.id}.npz"


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def altered(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def older(path: Path) -> None:
    """Leave the record as an older version wrote it, without what its samples must be."""
    content = json.loads(path.read_bytes())
    del content["samples_bytes"], content["samples_sha256"]
    path.write_text(json.dumps(content))


def nested(path: Path) -> None:
    path.write_text('{"trial": ' + "[" * 100_000)


def huge(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(1 << 40)


def text_of_samples_elsewhere(path: Path) -> None:
    path.write_text(path.read_text().replace('"samples_file": "', '"samples_file": "../'))


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def with_window(start_ns: int, end_ns: int, drained_ns: int) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        content = json.loads(path.read_bytes())
        content["window"] = {"start_ns": start_ns, "end_ns": end_ns, "drained_ns": drained_ns}
        path.write_text(json.dumps(content))

    return change


def with_reading(value: float) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        content = json.loads(path.read_bytes())
        reading = {"name": "a", "unit": "ns", "better": "lower", "description": ""}
        content["readings"] = [{**reading, "value": value}]
        path.write_text(json.dumps(content))

    return change


def with_errors(count: int) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        record = json.loads(path.read_bytes())
        path.write_text(json.dumps({**record, "errors": {"OSError": count}}), encoding="utf-8")

    return damage


RECORDS: list[tuple[Callable[[Path], None], str]] = [
    (cut_off, "is damaged: Invalid JSON"),
    (nested, "is damaged: Invalid JSON: recursion limit exceeded"),
    (huge, "it has more than 16777216 bytes"),
    (with_window(5, 5, 6), "is damaged: window: Value error, expected start_ns < end_ns"),
    (with_window(5, 7, 6), "is damaged: window: Value error, expected start_ns < end_ns"),
    (with_window(5, 10**30, 10**30), "is damaged: window.end_ns: Input should be less than"),
    (with_window(5, 6, 10**18), "Value error, expected a window of at most a week"),
    (with_window(-1, 5, 6), "is damaged: window.start_ns: Input should be greater than"),
    (with_reading(math.nan), "is damaged: readings.0.value: Input should be a finite number"),
    (with_reading(math.inf), "is damaged: readings.0.value: Input should be a finite number"),
    (with_errors(10**400), "is damaged: errors.OSError: Input should be less than"),
    (with_errors(-1), "is damaged: errors.OSError: Input should be greater than"),
    (text_of_samples_elsewhere, "is damaged: samples_file: String should match pattern"),
]
SAMPLES: list[tuple[Callable[[Path], None], str]] = [
    (Path.unlink, "No such file or directory"),
    (cut_off, "bytes are there"),
    (altered, "their SHA-256 is another"),
    (huge, "it has more than 1073741824 bytes"),
]
if sys.platform != "win32":
    RECORDS.append((pipe, "it is not a plain file"))
    SAMPLES.append((pipe, "it is not a plain file"))


def damaged_alone(run: Run, tmp_path: Path) -> str:
    """Return what is said of the second trial, and check that the others are as they were."""
    broken = run.trials[1].trial.id
    store = Store(tmp_path)

    found = store.read(RUN_ID)

    assert list(found.damaged) == [broken]
    assert found.trials == (run.trials[0], run.trials[2])
    assert store.finished(RUN_ID) == {trial.trial.id for trial in found.trials}
    for trial in found.trials:
        assert len(found.samples(trial)) > 0
    assert len(found.trials) < found.trials_expected
    return found.damaged[broken]


@pytest.mark.parametrize(("damage", "expected"), RECORDS)
def test_a_damaged_record_is_a_missing_trial(
    run: Run, tmp_path: Path, damage: Callable[[Path], None], expected: str
) -> None:
    damage(record_of(run, run.trials[1]))

    said = damaged_alone(run, tmp_path)

    assert f"the record of {run.trials[1].trial.id}" in said
    assert expected in said


@pytest.mark.parametrize(("damage", "expected"), SAMPLES)
def test_a_trial_with_damaged_samples_is_a_missing_trial(
    run: Run, tmp_path: Path, damage: Callable[[Path], None], expected: str
) -> None:
    damage(samples_of(run, run.trials[1]))

    said = damaged_alone(run, tmp_path)

    assert f"cannot read the samples of {run.trials[1].trial.id}: " in said
    assert expected in said


@pytest.mark.parametrize("damage", [Path.unlink, cut_off])
def test_damage_is_seen_also_where_the_record_does_not_know_the_hash(
    run: Run, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    for trial in run.trials:
        older(record_of(run, trial))
    damage(samples_of(run, run.trials[1]))

    found = Store(tmp_path).read(RUN_ID)

    assert list(found.damaged) == [run.trials[1].trial.id]
    assert [trial.samples_sha256 for trial in found.trials] == ["", ""]


def test_a_trial_that_is_damaged_is_written_again(run: Run, tmp_path: Path) -> None:
    rows = read_samples(samples_of(run, run.trials[1])).rows
    cut_off(samples_of(run, run.trials[1]))
    store = Store(tmp_path)

    store.add(RUN_ID, run.trials[1], rows)

    found = store.read(RUN_ID)
    assert found.damaged == {}
    assert found.trials == run.trials


def test_a_run_with_a_damaged_trial_is_not_made_compact(run: Run, tmp_path: Path) -> None:
    cut_off(samples_of(run, run.trials[1]))
    before = {path: path.read_bytes() for path in run.directory.rglob("*") if path.is_file()}

    with pytest.raises(InputError, match=r"2 of 3 trials; .* bytes are there; complete it first"):
        compact(Store(tmp_path), RUN_ID)

    assert before == {p: p.read_bytes() for p in run.directory.rglob("*") if p.is_file()}


def damaged_member(path: Path, name: str) -> None:
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo(name)
    content = bytearray(path.read_bytes())
    middle = member.header_offset + 30 + len(name) + member.compress_size // 2
    content[middle] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["trials/{}.json", "samples/{}.columns"])
def test_a_damaged_member_of_an_archive_costs_its_own_trial(
    run: Run, tmp_path: Path, name: str
) -> None:
    compact(Store(tmp_path), RUN_ID)
    damaged_member(run.directory / ARCHIVE, name.format(run.trials[1].trial.id))

    assert run.trials[1].trial.id in damaged_alone(run, tmp_path)


@pytest.mark.parametrize("part", ["trials/{}.json", "samples/{}.columns"])
def test_a_member_that_declares_more_than_there_can_be_is_not_unpacked(
    run: Run, tmp_path: Path, part: str
) -> None:
    compact(Store(tmp_path), RUN_ID)
    path, name = run.directory / ARCHIVE, part.format(run.trials[1].trial.id)
    with zipfile.ZipFile(path) as archive:
        contents = {each: archive.read(each) for each in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, content in contents.items():
            archive.writestr(each, content)
        archive.getinfo(name).file_size = (1 << 30) + 1

    assert "declares 1073741825 bytes" in damaged_alone(run, tmp_path)


def hold_more_than_declared(path: Path, name: str) -> None:
    """Let a member go on after what it declares, with the check sum of what it declares."""
    with zipfile.ZipFile(path) as archive:
        contents = {each: archive.read(each) for each in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, content in contents.items():
            archive.writestr(each, content + b"\0" * FURTHER_BYTES if each == name else content)
        member = archive.getinfo(name)
        member.file_size, member.CRC = len(contents[name]), zlib.crc32(contents[name])


@pytest.mark.parametrize("part", ["trials/{}.json", "samples/{}.columns", "due.npy"])
def test_a_member_that_holds_more_than_it_declares_is_refused_and_not_unpacked(
    run: Run, tmp_path: Path, part: str
) -> None:
    path, name = run.directory / ARCHIVE, part.format(run.trials[1].trial.id)
    if part == "due.npy":
        path = samples_of(run, run.trials[1])
        without_hashes(run)
    else:
        compact(Store(tmp_path), RUN_ID)
    hold_more_than_declared(path, name)

    tracemalloc.start()
    found = Store(tmp_path).read(RUN_ID)
    _, most_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert list(found.damaged) == [run.trials[1].trial.id]
    said = found.damaged[run.trials[1].trial.id]
    assert f"{name} does not hold the " in said
    assert said.endswith("bytes that it declares")
    assert most_bytes < FURTHER_BYTES / 2


def test_an_archive_that_is_too_large_is_not_read(run: Run, tmp_path: Path) -> None:
    compact(Store(tmp_path), RUN_ID)
    huge(run.directory / ARCHIVE)

    with pytest.raises(InputError, match=r"records\.zip: .* more than 1073741824 bytes"):
        Store(tmp_path).read(RUN_ID)


def without_hashes(run: Run) -> None:
    for trial in run.trials:
        older(record_of(run, trial))


def samples_with(path: Path, name: str, member: bytes) -> None:
    with zipfile.ZipFile(path) as archive:
        contents = {each: archive.read(each) for each in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for each, content in contents.items():
            archive.writestr(each, member if each == name else content)


def array(shape: tuple[int, ...], kind: str = "<i8", content: bytes = b"\0" * 16) -> bytes:
    header = f"{{'descr': {kind!r}, 'fortran_order': False, 'shape': {shape!r}, }}"
    padded = header.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded.encode() + content


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        (array((10**15,)), "has 2 samples, it declares (1000000000000000,)"),
        (array((1, 2)), "has 2 samples, it declares (1, 2)"),
        (array((2,)), "has 2 samples, operation"),
        (array((2,), "|O"), "has object, expected int64"),
        (b"", "EOF: reading magic string"),
    ],
)
def test_samples_that_are_no_columns_of_integers_are_damaged(
    run: Run, tmp_path: Path, member: bytes, expected: str
) -> None:
    without_hashes(run)
    samples_with(samples_of(run, run.trials[1]), f"{COLUMNS[3]}.npy", member)

    assert expected in damaged_alone_without_hashes(run, tmp_path)


def damaged_alone_without_hashes(run: Run, tmp_path: Path) -> str:
    found = Store(tmp_path).read(RUN_ID)
    assert list(found.damaged) == [run.trials[1].trial.id]
    return found.damaged[run.trials[1].trial.id]


def test_samples_are_read_as_numpy_reads_them(run: Run) -> None:
    path = samples_of(run, run.trials[0])

    with np.load(path, allow_pickle=False) as archive:
        for name in COLUMNS:
            assert np.array_equal(archive[name], read_samples(path).column(name))


def test_a_run_that_says_it_is_another_is_refused(run: Run, tmp_path: Path) -> None:
    path = run.directory / "run.json"
    for other in ("../../elsewhere", "20260101T000000Z-another"):
        content = json.loads(path.read_bytes())
        path.write_text(json.dumps({**content, "run_id": other}))

        with pytest.raises(InputError, match=r"run\.json: .*run_id"):
            Store(tmp_path).read(RUN_ID)


@pytest.mark.parametrize("name", ["a\nrm -r b", "$(a)", "../a", "a;b", "`a`", ""])
def test_a_run_whose_scenario_has_no_name_of_a_file_is_refused(
    run: Run, tmp_path: Path, name: str
) -> None:
    path = run.directory / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), "scenario_name": name}))

    with pytest.raises(InputError, match=r"run\.json: this is not a run's record: scenario_name"):
        Store(tmp_path).read(RUN_ID)


@pytest.mark.parametrize(
    ("host", "expected"), [({"cores": "8"}, 8), ({}, 1), ({"cores": "x"}, 1), ({"cores": "nan"}, 1)]
)
def test_cores_that_are_no_number_are_unknown(
    run: Run, host: dict[str, str], expected: int
) -> None:
    assert replace(run.record.environment, host=host).cores == expected


def test_a_directory_that_no_run_can_be_named_after_is_none(run: Run, tmp_path: Path) -> None:
    run.directory.rename(tmp_path / "20260101T000000Z-\x1b]0;mine\x07")
    store = Store(tmp_path)

    assert store.run_ids() == []
    with pytest.raises(InputError, match="holds no run"):
        store.read("20260101T000000Z-\x1b]0;mine\x07")


def test_control_characters_in_records_are_spelt_out(run: Run, tmp_path: Path) -> None:
    path = record_of(run, run.trials[1])
    content = json.loads(path.read_bytes())
    content["errors"] = {"Bad\x1b[31m": 1}
    content["error_texts"] = {"Bad\x1b[31m": "a\x07b\r\nc\td\u202e\x9b\\u001b"}
    path.write_text(json.dumps(content))

    found = Store(tmp_path).read(RUN_ID).trials[1]

    assert found.errors == {"Bad\\x1b[31m": 1}
    assert found.error_texts == {"Bad\\x1b[31m": "a\\x07b\nc\td\\u202e\\x9b\\u001b"}
