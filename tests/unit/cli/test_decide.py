"""The verb ``decide``: from records to a decision record, without a database or a driver."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.cli import main
from bench.records.trial import Verification
from bench.scenario.plan import Trial
from tests.unit.analysis.synthetic import (
    MS,
    Left,
    Load,
    Make,
    changed,
    make_run,
    only_for,
    scenario_text,
    unsupported,
)

RUN = "20260101T000000Z-made-up"
DRIVERS = """
schema_version = 2
title = "Store"
context = "We store."

[system]
loops = ["selector"]

[requirements]
must_run_on = ["proactor"]

[[drivers]]
metric = "put.response.p50"
weight = 2

[[drivers]]
metric = "throughput"
weight = 1

[[limits]]
require = "get_tuple.response.p50 <= 20 ms"
"""
LOST = Verification(4, 40, lost=3, corrupted=0, unexpected=0, problems=("gone",))


def put_times(**times_ms: float) -> Make:
    """Give each subject its put time; repetitions differ by a little."""

    def make(trial: Trial) -> Left | None:
        if trial.subject == "refused" and trial.loop == "proactor":
            return Left(changes=unsupported())
        factor = 1.0 + 0.01 * trial.repetition * (trial.subject == "fast")
        return Left(Load(put=round(times_ms.get(trial.subject, 1.0) * factor * MS)))

    return make


@pytest.fixture
def places(tmp_path: Path) -> list[str]:
    """Return the flags that name drivers, results and reports."""
    (tmp_path / "drivers.toml").write_text(DRIVERS, encoding="utf-8")
    flags = {"drivers": "drivers.toml", "results": "results", "reports": "reports"}
    return [word for flag, name in flags.items() for word in (f"--{flag}", str(tmp_path / name))]


def record(directory: Path, make: Make, subjects: str = "fast slow refused") -> None:
    make_run(directory / "results", make, scenario_text(subjects, loops="selector proactor"))


def test_a_record_is_written(
    places: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record(tmp_path, put_times(fast=2, slow=6))

    assert main(["decide", RUN, *places]) == 0

    page = (tmp_path / "reports" / RUN / "decision.md").read_text(encoding="utf-8")
    assert "Chosen option: `fast`. Of the 2 options that keep every must" in page
    assert "date: 2026-01-01" in page
    assert "- `refused`: excluded, does not run on proactor: NotImplementedError: no" in page
    told = capsys.readouterr().out
    assert told.startswith("Store: use fast\n")
    assert "refused: excluded, does not run on proactor" in told


def test_the_newest_run_is_the_default_and_a_date_may_be_given(
    places: list[str], tmp_path: Path
) -> None:
    record(tmp_path, put_times(fast=2, slow=6))

    assert main(["decide", *places, "--date", "2026-03-04"]) == 0
    page = (tmp_path / "reports" / RUN / "decision.md").read_text(encoding="utf-8")
    assert "date: 2026-03-04" in page


def test_what_is_not_decided_ends_with_3(places: list[str], tmp_path: Path) -> None:
    record(tmp_path, put_times(fast=2, slow=2))

    assert main(["decide", RUN, *places]) == 3
    page = (tmp_path / "reports" / RUN / "decision.md").read_text(encoding="utf-8")
    assert "No option is chosen" in page


def test_no_option_that_remains_ends_with_3(places: list[str], tmp_path: Path) -> None:
    text = DRIVERS.replace("<= 20 ms", "<= 0.5 ms")
    (tmp_path / "drivers.toml").write_text(text, encoding="utf-8")
    record(tmp_path, put_times(fast=2, slow=6))

    assert main(["decide", RUN, *places]) == 3


def test_a_lost_write_ends_with_4(places: list[str], tmp_path: Path) -> None:
    record(tmp_path, only_for("fast", changed(verification=LOST), put_times(slow=6)), "fast slow")

    assert main(["decide", RUN, *places]) == 4


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('loops = ["selector"]', 'loops = ["selecter"]', "Did you mean 'selector'?"),
        ('metric = "throughput"', 'metric = "thruput"', "Did you mean 'throughput'?"),
        ("weight = 1", "wieght = 1", "Did you mean 'weight'?"),
    ],
)
def test_what_is_wrong_in_the_file_ends_with_2(
    places: list[str],
    tmp_path: Path,
    old: str,
    new: str,
    expected: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "drivers.toml").write_text(DRIVERS.replace(old, new), encoding="utf-8")
    record(tmp_path, put_times(fast=2, slow=6))

    assert main(["decide", RUN, *places]) == 2
    told = capsys.readouterr().err
    assert expected in told
    assert f"{tmp_path / 'drivers.toml'}: " in told


def test_a_date_that_is_none_ends_with_2(
    places: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["decide", *places, "--date", "tomorrow"]) == 2
    assert "expected a date, YYYY-MM-DD" in capsys.readouterr().err
