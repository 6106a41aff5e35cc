"""What a gate answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Literal

from bench.errors import EXIT_INCONCLUSIVE, EXIT_INVALID, EXIT_PASS, EXIT_REGRESSION
from bench.gate.arms import Rule
from bench.records.run import RunRecord
from bench.scenario.metric import Metric
from bench.stats.effects import Effect

GateOutcome = Literal["pass", "regression", "inconclusive", "invalid"]
EXIT_CODES: dict[GateOutcome, int] = {
    "pass": EXIT_PASS,
    "regression": EXIT_REGRESSION,
    "inconclusive": EXIT_INCONCLUSIVE,
    "invalid": EXIT_INVALID,
}
# The gravest first; what is invalid might hide anything.
GRAVEST: tuple[GateOutcome, ...] = ("invalid", "regression", "inconclusive", "pass")


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether ``head`` is worse than ``base`` in one metric of one place.

    ``kind``: a ``time`` (any metric that is judged by interval) or a ``count``, which is exact.
    ``head`` and ``base`` are labels of subjects, ``place`` the condition and loop in words.
    ``slowdown`` is oriented: above 1 is worse whichever way the metric is better; ``None`` for
    counts and where nothing could be computed; it is that of ``block_ratios``, which hold a value
    for each block. ``head_value`` and ``base_value`` are medians over trials, of both runs where
    both were judged, ``head_values`` and ``base_values`` those of each trial. ``p_value`` is
    one-sided, for a slow-down of 1, and adjusted for all that is judged together; ``None`` where
    nothing could be judged.
    """

    kind: Literal["time", "count"]
    place: str
    base: str
    head: str
    metric: Metric
    outcome: GateOutcome
    because: str
    base_value: float | None = None
    head_value: float | None = None
    block_ratios: tuple[float, ...] = ()
    slowdown: Effect | None = None
    p_value: float | None = None
    base_values: tuple[float, ...] = ()
    head_values: tuple[float, ...] = ()

    def with_trials(self, base: Sequence[float], head: Sequence[float]) -> Judgement:
        """Return it with the values of each trial, and their medians."""
        return replace(
            self,
            base_value=median(base) if base else None,
            head_value=median(head) if head else None,
            base_values=tuple(base),
            head_values=tuple(head),
        )

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What two runs of one plan have in common."""
        return (self.place, self.base, self.head, self.metric.name)


@dataclass(frozen=True, slots=True)
class GateResult:
    """The answer of a gate, and all that led to it.

    ``judgements`` are those of the first run, with their answers after both; ``confirming`` are
    those of the second run, if there was one; ``confirmation`` says in words what it showed.
    ``minutes`` is how long all runs took, 0 where that was not recorded.
    """

    outcome: GateOutcome
    because: tuple[str, ...]
    rule: Rule
    runs: tuple[RunRecord, ...]
    judgements: tuple[Judgement, ...]
    confirming: tuple[Judgement, ...]
    confirmation: str
    minutes: float = 0.0

    @property
    def exit_code(self) -> int:
        """What the process ends with."""
        return EXIT_CODES[self.outcome]
