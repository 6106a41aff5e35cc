"""On what an answer depends: where conditions that differ in one thing alone answer differently."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

from bench.claims.result import Condition, Dependence

_Axis = Callable[[Condition], str]
AXES: dict[str, _Axis] = {
    "subject": lambda c: f"{c.subject} against {c.baseline}" if c.baseline else c.subject,
    "metric": lambda c: c.metric,
    "concurrency": lambda c: f"{c.concurrency} ({c.arrival})" if c.concurrency else "",
    "payload": lambda c: c.payload,
    "workload": lambda c: c.workload,
    "loop": lambda c: c.loop,
}


def depends_on(conditions: Sequence[Condition]) -> tuple[Dependence, ...]:
    """Return each axis along which the answer changes while all others stay as they are.

    Where no two conditions that answer differently differ in one axis alone, nobody can tell which
    axis it is, and all that vary are returned.
    """
    settled = [c for c in conditions if c.outcome in ("holds", "fails")]
    if len({c.outcome for c in settled}) < 2:
        return ()
    changing = dict.fromkeys(
        axis
        for one, other in combinations(settled, 2)
        if one.outcome != other.outcome
        for axis in _sole_difference(one, other)
    )
    axes = [axis for axis in AXES if axis in changing] or [
        axis for axis, of in AXES.items() if len({of(c) for c in settled}) > 1
    ]
    return tuple(Dependence(axis, _answers(settled, AXES[axis])) for axis in axes)


def _sole_difference(one: Condition, other: Condition) -> list[str]:
    differing = [axis for axis, of in AXES.items() if of(one) != of(other)]
    return differing if len(differing) == 1 else []


def _answers(conditions: Sequence[Condition], axis: _Axis) -> tuple[tuple[str, str], ...]:
    answers: dict[str, list[str]] = {}
    for condition in conditions:
        answers.setdefault(axis(condition), []).append(condition.outcome)
    return tuple((value, _summary(outcomes)) for value, outcomes in answers.items())


def _summary(outcomes: Sequence[str]) -> str:
    if len(set(outcomes)) == 1:
        return outcomes[0]
    return f"holds in {outcomes.count('holds')} of {len(outcomes)}"
