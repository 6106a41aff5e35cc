"""What is wrong with what a scenario asks and requires."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from bench.errors import suggestion
from bench.scenario.arrival import Open
from bench.scenario.family import baselines_of
from bench.scenario.metric import counts_from_its_call
from bench.scenario.plan import Arm, arms_of
from bench.scenario.scenario import Scenario, Threshold


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


def ask_problems(scenario: Scenario) -> Iterator[str]:
    """Yield a sentence for each label of ``ask`` that does not fit ``scenario``."""
    if scenario.ask is None:
        return
    arms = arms_of(scenario)
    yield from scenario.ask.problems("ask", arms)
    measured = {arm.subject for arm in arms}
    for at, pair in enumerate(scenario.ask.pairs):
        for side, label in (("candidate", pair.candidate), ("baseline", pair.baseline)):
            if label not in measured:
                yield f"ask.pairs.{at}.{side} names {label!r}.{suggestion(label, measured)}"


def _relative_problems(
    key: str, scenario: Scenario, threshold: Threshold, selected: Sequence[Arm]
) -> Iterator[str]:
    if not scenario.families and not scenario.baseline.subjects and not scenario.baseline.loop:
        yield f"{key}.require compares with the baseline: expected a table [baseline] or [families]"
        return
    compared = {
        cell: baselines
        for cell in selected
        if not scenario.subjects[cell.subject].same_as
        and (baselines := baselines_of(scenario, cell.subject, cell.loop))
    }
    if not compared:
        yield f"{key}.require compares with the baseline, and selects only the baseline or A/A arms"
    without: dict[str, None] = {}
    for cell, baselines in compared.items():
        sweep = scenario.sweeps[cell.sweep]
        if not {*baselines} & {*product(sweep.subjects, sweep.loops)}:
            without[cell.sweep] = None
    for name in without:
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
