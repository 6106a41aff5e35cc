"""Findings about data, trials and errors: told in one run, and not in the one beside it."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from bench.analysis.summary import FAULTS
from bench.records.outcome import Outcome
from bench.records.trial import Verification
from bench.scenario.durability import Durability
from bench.scenario.plan import Trial
from tests.unit.analysis.synthetic import (
    MS,
    Left,
    Load,
    analysed,
    changed,
    failure,
    found,
    healthy,
    only_for,
    row,
    scenario_text,
    the,
    unsupported,
)


def test_verification_failed(tmp_path: Path) -> None:
    lossy = Verification(4, 40, 2, 0, 0, ("thread x: nothing found",))
    make = only_for("b", changed(verification=lossy))
    finding = the(analysed(tmp_path, make, scenario_text("a b")), "verification_failed")

    assert finding.severity == "invalid"
    assert finding.cells == ("b · selector · steps · 1k · some",)
    assert len(finding.trials) == 3
    assert "6 acknowledged checkpoints were lost in 3 of 3 trials" in finding.message


def test_every_fault_that_verification_counts_has_its_words() -> None:
    sound = Verification(0, 0, 0, 0, 0, ())
    numbers = [each.name for each in fields(Verification) if each.type in {"int", "Count"}]
    one: dict[str, Any] = dict.fromkeys(numbers, 1)
    counted = {name for name in numbers if not replace(sound, **{name: one[name]}).passed}

    assert counted == set(FAULTS)
    assert len(set(FAULTS.values())) == len(FAULTS)


def test_every_kind_of_fault_is_told_with_its_count(tmp_path: Path) -> None:
    faulty = Verification(
        *(4, 40, 1, 2, 3, ()),
        duplicated=4,
        stale=5,
        broken_parents=6,
        lost_writes=7,
        misplaced=8,
    )
    message = the(analysed(tmp_path, changed(verification=faulty)), "verification_failed").message

    for said in (
        "3 acknowledged checkpoints were lost",
        "6 checkpoints or writes came back changed",
        "15 reads were old",
        "21 pending writes were lost",
        "18 parent links were broken",
        "12 were doubled",
        "9 were never written",
        "24 belong to another thread",
    ):
        assert said in message


@pytest.mark.parametrize(
    "kind",
    [
        *("lost", "corrupted", "unexpected", "duplicated"),
        *("stale", "broken_parents", "lost_writes"),
    ],
)
def test_one_fault_of_any_kind_makes_a_verification_fail(kind: str) -> None:
    healthy = Verification(4, 40, 0, 0, 0, (), attempted=9, acknowledged=8, indeterminate=1)

    assert healthy.passed
    faults: dict[str, Any] = {kind: 1}
    assert not replace(healthy, **faults).passed


def test_stale_reads_are_found_beside_the_errors_that_they_raised(tmp_path: Path) -> None:
    stale = changed(
        verification=Verification(4, 40, 0, 0, 0, (), stale=1), errors={"StaleReadError": 1}
    )
    analysis = analysed(tmp_path, stale)

    assert the(analysis, "verification_failed").severity == "invalid"
    assert "StaleReadError" in the(analysis, "errors_in_window").message


def test_not_verified(tmp_path: Path) -> None:
    finding = the(analysed(tmp_path, changed(verification=None)), "not_verified")

    assert finding.message == "3 measured trials had no reading back"


def test_trial_failed(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left:
        return Left(changes=failure() if trial.repetition == 1 else {})

    finding = the(analysed(tmp_path, make), "trial_failed")

    assert (finding.severity, len(finding.trials)) == ("warning", 1)
    assert finding.message == "1 of 3 trials failed: OSError: gone (1×)"


def test_an_unsupported_trial_is_no_failed_one(tmp_path: Path) -> None:
    make = only_for("b", changed(**unsupported()))

    assert found(analysed(tmp_path, make, scenario_text("a b")), "trial_failed") is None


def test_incomplete_run(tmp_path: Path) -> None:
    finding = the(
        analysed(tmp_path, lambda trial: Left() if trial.repetition < 2 else None),
        "incomplete_run",
    )

    assert finding.message == "2 of 3 planned trials have a record"


def test_errors_in_window(tmp_path: Path) -> None:
    bad = tuple(row("cycle", n, MS, outcome=Outcome.FAILED) for n in range(10))
    changes = {"errors": {"KeyError": 10}, "error_texts": {"KeyError": "'x'"}}
    make = only_for("b", lambda trial: Left(Load(extra=bad), changes))
    finding = the(analysed(tmp_path, make, scenario_text("a b")), "errors_in_window")

    assert finding.cells == ("b · selector · steps · 1k · some",)
    assert finding.message == (
        "KeyError 30× ('x'); most in b · selector · steps · 1k · some, where 20 % of the cycles "
        "due in the window did not end well"
    )


def test_timed_out(tmp_path: Path) -> None:
    late = tuple(row(name, 0, 900 * MS, 0, Outcome.TIMED_OUT) for name in ["put", "cycle"] * 50)
    analysis = analysed(tmp_path, healthy(extra=late))
    finding = the(analysis, "timed_out")

    assert finding.message.startswith("150 cycles cut off, 0 never started; only lower bounds")
    bounds = sorted(analysis.cells[0].blocks.lower_bounds)
    assert "put.response.p90" in bounds
    assert bounds[0] in finding.message
    assert found(analysis, "errors_in_window") is None


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"settings": {"fsync": "off"}}, "setting fsync"),
        ({"durability": Durability.RELAXED}, "durability"),
        ({"server": "external"}, "server"),
        ({"loop_class": "other.Loop"}, "loop class"),
    ],
)
def test_settings_differ(tmp_path: Path, changes: dict[str, Any], name: str) -> None:
    def make(trial: Trial) -> Left:
        return Left(changes=changes if trial.repetition == 1 else {})

    finding = the(analysed(tmp_path, make), "settings_differ")

    assert finding.message == f"between trials of the same cell these differ: {name}"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("list.response.p50", "list.response.p50 does not occur in any cell"),
        ("put.response.p99", "put.response.p99 is not estimable in any cell (for example: 40 op"),
    ],
)
def test_primary_metric_missing(tmp_path: Path, name: str, said: str) -> None:
    text = scenario_text(top=f'primary_metrics = ["{name}", "throughput"]')
    analysis = analysed(tmp_path, healthy(), text)

    assert said in the(analysis, "primary_metric_missing").message
    assert analysis.exit_code == 3
