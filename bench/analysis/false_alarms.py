"""How often the method sees a difference where there is none: what the A/A arms show."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from scipy.special import bdtrc

from bench.analysis.comparison_result import Comparison, FalseAlarms
from bench.stats.quantiles import CONFIDENCE


def false_alarms(comparisons: Iterable[Comparison], primary: Collection[str]) -> FalseAlarms | None:
    """Count the A/A ratios of the metrics ``primary`` whose interval excludes 1.

    Before anything is allowed for: of such intervals 5 % exclude 1 by chance. ``None`` where no
    A/A ratio has an interval.
    """
    judged = [c for c in comparisons if c.is_aa and c.low is not None and c.metric.name in primary]
    if not judged:
        return None
    different = sum(comparison.excludes_one for comparison in judged)
    by_chance = 1.0 - CONFIDENCE
    # The binomial tail; that at least none differ is certain.
    p_value = float(bdtrc(different - 1, len(judged), by_chance)) if different else 1.0
    return FalseAlarms(len(judged), different, by_chance, p_value)
