"""What is wrong with the thresholds of a scenario, and what is compared with its baseline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.scenario.arrival import Open
from bench.scenario.metric import counts_from_its_call
from bench.scenario.plan import Arm, arms_of
from bench.scenario.scenario import Scenario, Threshold


def is_compared(scenario: Scenario, subject: str, loop: str) -> bool:
    """Tell whether a relative requirement is about cells of ``subject`` on ``loop``.

    It is not about the baseline itself, nor about an A/A arm, which only repeats another subject.
    """
    if scenario.subjects[subject].same_as:
        return False
    baseline = scenario.baseline
    if baseline.loop:
        return loop != baseline.loop
    return bool(baseline.subjects) and subject not in baseline.subjects


def threshold_problems(scenario: Scenario) -> Iterator[str]:
    """Yield a sentence for each threshold that does not fit ``scenario``: key, what was expected.

    The labels of the sweeps must have been checked.
    """
    arms = arms_of(scenario) if scenario.thresholds else ()
    for at, threshold in enumerate(scenario.thresholds):
        key = f"thresholds.{at}"
        problems = [*threshold.problems(key, arms)]
        if not problems and threshold.relative_metrics:
            selected = [arm for arm in arms if threshold.selects(arm)]
            problems = [*_relative_problems(key, scenario, threshold, selected)]
        yield from problems


def _relative_problems(
    key: str, scenario: Scenario, threshold: Threshold, selected: Sequence[Arm]
) -> Iterator[str]:
    baseline = scenario.baseline
    if not baseline.subjects and not baseline.loop:
        yield f"{key}.require compares with the baseline: expected a table [baseline]"
        return
    compared = [cell for cell in selected if is_compared(scenario, cell.subject, cell.loop)]
    if not compared:
        yield f"{key}.require compares with the baseline, and selects only the baseline or A/A arms"
    for name in dict.fromkeys(cell.sweep for cell in compared):
        sweep = scenario.sweeps[name]
        if not {baseline.loop} & {*sweep.loops} and not {*baseline.subjects} & {*sweep.subjects}:
            yield f"{key}.require compares with the baseline, which sweeps.{name} does not measure"
    loads = dict.fromkeys(cell.arrival for cell in compared)
    is_open = [label for label in loads if isinstance(scenario.arrival(label), Open)]
    for metric in dict.fromkeys(threshold.relative_metrics):
        if is_open and counts_from_its_call(metric):
            yield (
                f"{key}.require compares {metric} with the baseline under the open load "
                f"{is_open[0]!r}, where it counts from calls that a stalled saver never gets; "
                "expected a time of the cycle"
            )
