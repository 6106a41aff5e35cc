"""Verdicts in plain words: figures, intervals, and on what an answer depends."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import combinations

from bench.analysis.comparison import metric_label
from bench.analysis.wording import counted, listed
from bench.claims.claim import (
    Bound,
    Count,
    FaultCheck,
    FindingCheck,
    Judgement,
    Ratio,
    RunsOn,
    Scaling,
)
from bench.claims.result import ConditionOutcome, Dependence, JudgedCondition
from bench.scenario.quantity import number, quantity, quantity_and_interval, span

_SAID: dict[ConditionOutcome, str] = {
    "holds": "holds",
    "fails": "does not hold",
    "undecided": "is not decided",
    "invalid": "is invalid",
    "not measured": "was not measured",
}
_MOST_REASONS = 2
_PLACES = {"concurrency": "concurrency {}", "payload": "payload {}", "workload": "workload {}"}
_Axis = Callable[[JudgedCondition], str]
AXES: dict[str, _Axis] = {
    "subject": lambda c: f"{c.subject} against {c.baseline}" if c.baseline else c.subject,
    "metric": lambda c: c.metric,
    "concurrency": lambda c: f"{c.concurrency} ({c.arrival})" if c.concurrency else "",
    "payload": lambda c: c.payload,
    "workload": lambda c: c.workload,
    "loop": lambda c: c.loop,
    "fault": lambda c: c.fault,
}


def claimed(judgement: Judgement, conditions: Sequence[JudgedCondition] = ()) -> str:
    """Say where the figure must lie, in the unit that it was found in."""
    units = (condition.unit for condition in conditions if condition.value is not None)
    share = f" in {number(100.0 * judgement.share)} % of the conditions"
    suffix = share if judgement.share < 1.0 else ""
    match judgement:
        case RunsOn():
            return f"{judgement.expected} on {listed(judgement.loops)}{suffix}"
        case FindingCheck():
            return f"{judgement.code} {'present' if judgement.present else 'absent'}{suffix}"
        case _:
            limits, unit = judgement.limit.range, next(units, judgement.limit.units[0])
            low, high = (quantity(end, unit) for end in (limits.low, limits.high))
            if limits.low == limits.high:
                return f"{low}{suffix}"
            if math.isinf(limits.low):
                return f"{'below' if limits.high_is_open else 'at most'} {high}{suffix}"
            if math.isinf(limits.high):
                return f"{'above' if limits.low_is_open else 'at least'} {low}{suffix}"
            return f"{low} to {high}{suffix}"


def figure_of(conditions: Sequence[JudgedCondition]) -> str:
    """Give the range of the values that were found, or how often what is asked for holds."""
    known = [condition for condition in conditions if condition.value is not None]
    if known:
        return span([condition.value for condition in known], known[0].unit)
    settled = [c for c in conditions if c.outcome in ("holds", "fails")]
    return f"{_count(settled, 'holds')} of {len(settled)}" if settled else ""


def value_of(condition: JudgedCondition) -> str:
    """Write the value of a condition with its interval; nothing where it has none."""
    if condition.value is None:
        return ""
    ends = (condition.low, condition.high)
    ends = ends if ends[0] != ends[1] else (None, None)
    return " ".join(filter(None, quantity_and_interval(condition.value, *ends, condition.unit)))


def because(
    judgement: Judgement, conditions: Sequence[JudgedCondition], dependences: Sequence[Dependence]
) -> str:
    """Say in one sentence what was found, with the extremes and their intervals."""
    told = [
        f"{_SAID[outcome]} in {_count(conditions, outcome)}"
        for outcome in _SAID
        if _count(conditions, outcome)
    ]
    total = counted(len(conditions), "condition")
    where = claimed(judgement, conditions)
    parts = [f"{_what(judgement)}, claimed {where}: of {total} it {listed(told)}"]
    known = [condition for condition in conditions if condition.value is not None]
    if known:
        # By place, not by equality: two conditions may have the same figures.
        extremes = {
            id(each): each
            for each in (of(known, key=lambda one: one.value or 0.0) for of in (min, max))
        }
        axes = _varying(conditions)
        parts.append(" to ".join(_at(each, axes) for each in extremes.values()))
    parts += [
        f"it depends on the {axis.axis} ({', '.join(': '.join(each) for each in axis.answers)})"
        for axis in dependences
    ]
    parts += _reasons(judgement, conditions)
    return "; ".join(parts)


def depends_on(conditions: Sequence[JudgedCondition]) -> tuple[Dependence, ...]:
    """Return each axis along which the answer changes while all others stay as they are.

    Where no two conditions that answer differently differ in one axis alone, nobody can tell which
    axis it is, and all that vary are returned.
    """
    settled = [c for c in conditions if c.outcome in ("holds", "fails")]
    if len({c.outcome for c in settled}) < 2:
        return ()
    differences = (
        _varying(two) for two in combinations(settled, 2) if two[0].outcome != two[1].outcome
    )
    changing = {axes[0] for axes in differences if len(axes) == 1}
    axes = [axis for axis in AXES if axis in changing] or _varying(settled)
    return tuple(Dependence(axis, _answers(settled, AXES[axis])) for axis in axes)


def _varying(conditions: Sequence[JudgedCondition]) -> list[str]:
    return [axis for axis, of in AXES.items() if len({of(each) for each in conditions}) > 1]


def _answers(conditions: Sequence[JudgedCondition], axis: _Axis) -> tuple[tuple[str, str], ...]:
    answers: dict[str, list[str]] = {}
    for condition in conditions:
        answers.setdefault(axis(condition), []).append(condition.outcome)
    return tuple(
        (value, each[0] if len({*each}) == 1 else f"holds in {each.count('holds')} of {len(each)}")
        for value, each in answers.items()
    )


def _what(judgement: Judgement) -> str:
    match judgement:
        case Ratio(limit=limit):
            text = f"{limit.of} ÷ {limit.times} of {_metrics(judgement)}"
        case Scaling(limit=limit):
            text = f"{_metrics(judgement)} at {limit.of} ÷ {limit.times}"
        case Bound(above=above):
            text = _metrics(judgement) + (f" above that of {above}" if above else "")
        case RunsOn():
            text = f"status of {listed(judgement.subjects)}"
        case FindingCheck():
            text = f"the finding about {listed(judgement.subjects)}"
        case Count(limit=limit):
            text = f"{limit.metric} for each {limit.per}"
        case FaultCheck():
            text = f"{_metrics(judgement)} under {listed(judgement.faults)}"
    return text


def _metrics(judgement: Ratio | Scaling | Bound | FaultCheck) -> str:
    return listed(metric_label(limit.metric, limit.per) for limit in judgement.require)


def _at(condition: JudgedCondition, axes: Sequence[str]) -> str:
    """Give a condition's value with its interval, and where that was as far as it varies."""
    text = value_of(condition)
    place = ", ".join(_PLACES.get(axis, "{}").format(AXES[axis](condition)) for axis in axes)
    return f"{text} ({place})" if place else text


def _reasons(judgement: Judgement, conditions: Sequence[JudgedCondition]) -> list[str]:
    """Give the reasons of what could not be told, and those that go with an outcome.

    Of a condition with an outcome only a status, a bound of errors and a fault have one.
    """
    told = [
        each
        for each in conditions
        if isinstance(judgement, RunsOn | Bound | FaultCheck)
        or each.outcome not in ("holds", "fails")
    ]
    reasons = list(dict.fromkeys(f"{c.subject}, {c.loop}: {c.why}" for c in told if c.why))
    return [listed(reasons, _MOST_REASONS)] if reasons else []


def _count(conditions: Sequence[JudgedCondition], outcome: ConditionOutcome) -> int:
    return sum(1 for condition in conditions if condition.outcome == outcome)
