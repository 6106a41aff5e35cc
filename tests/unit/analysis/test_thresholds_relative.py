"""Limits relative to the baseline: the ratio inside blocks is judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.records.trial import Verification
from bench.scenario.durability import Durability
from bench.scenario.plan import Trial
from tests.unit.analysis.limits import limited, only, put_ms, threshold
from tests.unit.analysis.synthetic import MS, Left, Load, Make, changed, only_for, unsupported

BASELINE = '[baseline]\nsubjects = ["a"]\n'
LOST = Verification(4, 40, lost=3, corrupted=0, unexpected=0, problems=("gone",))

# b takes 4, 4.1 and 4.2 ms where a takes 3 ms: the ratio is 1.37, Student's interval 1.29 to 1.45.
SLOWER = only_for("b", put_ms(3.0, 3.1, 3.2))


@pytest.mark.parametrize(
    ("require", "confidence", "outcome"),
    [
        ("cycle.response.p50 <= 1.4 x baseline", "estimate", "met"),
        ("cycle.response.p50 <= 1.4 x baseline", "interval", "not shown"),
        ("cycle.response.p50 <= 1.5 x baseline", "interval", "met"),
        ("cycle.response.p50 <= 1 x baseline", "interval", "broken"),
        ("throughput >= 0.65 x baseline", "interval", "met"),
        ("throughput >= 0.8 x baseline", "estimate", "broken"),
        # Not compared but for the threshold.
        ("cycle.service.p90 <= 1.4 x baseline", "estimate", "met"),
    ],
)
def test_a_relative_limit_is_put_to_the_ratio_inside_blocks(
    require: str, confidence: str, outcome: str, tmp_path: Path
) -> None:
    tables = BASELINE + threshold(require, confidence=f'"{confidence}"')
    found = only(limited(tmp_path, tables, SLOWER, "a b a2=a"))

    assert (found.outcome, found.baseline, found.unit) == (outcome, "a", "ratio")
    assert round(found.value or 0.0, 2) == (0.73 if "throughput" in require else 1.37)


def test_a_ratio_within_what_aa_arms_show_of_its_limit_is_not_shown_to_meet_it(
    tmp_path: Path,
) -> None:
    tables = BASELINE + threshold("cycle.response.p50 <= 1.5 x baseline", confidence='"interval"')
    # The arm measured again takes 3.5 ms where a takes 3 ms.
    make = only_for("a2", put_ms(2.5), SLOWER)
    found = only(limited(tmp_path, tables, make, "a b a2=a"))

    assert (found.outcome, round(found.high or 0.0, 2)) == ("not shown", 1.45)
    assert found.reason.startswith("with what A/A arms")


def test_a_relative_limit_is_put_to_each_baseline(tmp_path: Path) -> None:
    tables = '[baseline]\nsubjects = ["a", "c"]\n' + threshold(
        "cycle.response.p50 <= 1.1 x baseline"
    )
    make = only_for("a", put_ms(1), only_for("c", put_ms(2), put_ms(2)))
    analysis = limited(tmp_path, tables, make, "a b c c2=c")

    # A baseline that is named later is a candidate, too.
    assert [(f.cell.split()[0], f.baseline, f.outcome) for f in analysis.thresholds] == [
        ("b", "a", "broken"),
        ("b", "c", "met"),
        ("c", "a", "broken"),
    ]


def test_a_loop_can_be_the_baseline(tmp_path: Path) -> None:
    tables = '[baseline]\nloop = "selector"\n' + threshold("cycle.response.p50 <= 1.1 x baseline")

    def make(trial: Trial) -> Left:
        return Left(Load(put=(4 if trial.loop == "uvloop" else 2) * MS))

    found = only(limited(tmp_path, tables, make, loops="selector uvloop"))

    assert (found.baseline, found.outcome) == ("selector", "broken")
    assert round(found.value or 0.0, 2) == 1.67


def durable(trial: Trial) -> Left:
    return Left(changes={"durability": Durability.VOLATILE} if trial.subject == "b" else {})


def one_block_less(trial: Trial) -> Left:
    few = trial.subject == "b" and trial.repetition == 0
    return Left(Load(clients=1, cycles=2) if few else Load())


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (durable, "no baseline is of its durability class, volatile"),
        (one_block_less, "only 2 of 3 planned blocks gave a ratio"),
        (
            only_for("a", changed(**unsupported())),
            "there is no baseline: a on selector is unsupported",
        ),
        (only_for("b", changed(**unsupported())), "unsupported, NotImplementedError"),
        (only_for("a", changed(verification=LOST)), "must not be used"),
    ],
)
def test_no_ratio_is_a_failure(make: Make, reason: str, tmp_path: Path) -> None:
    tables = BASELINE + threshold("cycle.response.p50 <= 9 x baseline")
    found = only(limited(tmp_path, tables, make, "a b"))

    assert (found.outcome, found.value) == ("no data", None)
    assert reason in found.reason
