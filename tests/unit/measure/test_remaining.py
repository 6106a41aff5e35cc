"""What is left of a plan: certain blocks, those begun, and optional ones as wanted."""

from __future__ import annotations

from collections.abc import Callable

from bench.measure.runner import Remaining, no_more
from bench.scenario.plan import Plan, Trial, expand
from bench.scenario.scenario_file import parse_scenario
from tests.unit.analysis.synthetic import scenario_text

TABLES = """
[baseline]
subjects = ["a"]
[precision]
half_width = 0.05
most_repetitions = 5
budget_s = 60.0
"""


def plan() -> Plan:
    return expand(parse_scenario(scenario_text("a b", repetitions=3, tables=TABLES), "f.toml"))


def recorded(count: int) -> frozenset[str]:
    """The first ``count`` trials, in the order of the plan."""
    return frozenset(trial.id for trial in plan().trials[:count])


def repetitions(remaining: Remaining) -> list[int]:
    return [trial.repetition for trial in remaining]


def until(repetition: int) -> Callable[[Trial], bool]:
    return lambda trial: trial.repetition < repetition


def test_without_a_wish_the_certain_blocks_are_measured() -> None:
    remaining = Remaining(plan(), (), no_more)

    assert (remaining.done, remaining.total) == (0, 6)
    assert repetitions(remaining) == [0, 0, 1, 1, 2, 2]
    assert remaining.total == 6


def test_each_optional_block_is_asked_for_once_when_its_turn_comes() -> None:
    asked: list[tuple[int, int]] = []
    measured: list[Trial] = []

    def is_wanted(trial: Trial) -> bool:
        asked.append((trial.repetition, len(measured)))
        return trial.repetition == 3

    remaining = Remaining(plan(), (), is_wanted)
    for trial in remaining:
        measured.append(trial)  # noqa: PERF402 - the callback counts them meanwhile

    assert asked == [(3, 6), (4, 8)]
    assert [trial.repetition for trial in measured] == [0, 0, 1, 1, 2, 2, 3, 3]
    assert remaining.total == 8


def test_a_block_that_was_begun_is_completed_unasked() -> None:
    remaining = Remaining(plan(), recorded(7), no_more)

    assert (remaining.done, remaining.total) == (7, 8)
    assert repetitions(remaining) == [3]


def test_blocks_that_are_not_wanted_leave_nothing() -> None:
    remaining = Remaining(plan(), recorded(8), until(4))

    assert (remaining.done, remaining.total) == (8, 8)
    assert repetitions(remaining) == []


def test_the_total_grows_with_each_block_that_is_added() -> None:
    remaining = Remaining(plan(), recorded(6), until(9))

    assert [remaining.total for _ in remaining] == [8, 8, 10, 10]


def test_the_trial_that_follows_is_known_but_for_a_block_that_nobody_has_asked_for_yet() -> None:
    trials = plan().trials
    remaining = Remaining(plan(), (), no_more)

    following = [remaining.following(trial) for trial in trials[:7]]

    # Three certain blocks of two trials; of the optional fourth the second trial is known alone.
    assert following == [*trials[1:6], None, trials[7]]


def test_what_is_recorded_does_not_follow_and_a_block_that_was_begun_does() -> None:
    trials = plan().trials

    assert Remaining(plan(), recorded(3), no_more).following(trials[0]) == trials[3]
    assert Remaining(plan(), recorded(7), no_more).following(trials[5]) == trials[7]
