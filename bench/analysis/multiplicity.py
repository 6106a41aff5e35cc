"""Many comparisons: p-values that allow for how many are read together.

Of a hundred comparisons without any difference five have an interval that excludes 1. What is read
together is a **family**:

- One primary metric against one baseline, in the sweeps that answer the question: all candidates,
  conditions and loops. Its members answer the question as it was asked, so the probability of
  *any* false alarm among them is held at 5 % (Holm 1979). Baselines and primary metrics are
  families of their own since they are answers of their own, each with its sentence: taken together
  they would ask five blocks for differences so large that nobody had needed to measure.
- All the rest together: other metrics, and sweeps beside the question. This is explored, so the
  *share* of false alarms among what is called different is held at 5 % (Benjamini and Hochberg
  1995).

A/A arms belong to none: they show what happens without a difference if nothing is allowed for.

The p-value is that of the exact signed-rank test, or of Student's t below six blocks. With n blocks
the former cannot fall below 2 ÷ 2ⁿ, so that in a family of m nothing could be called different,
however large, where m × 2 ÷ 2ⁿ > 5 %. There Student's t on the same log-ratios stands in; which of
the two it is depends on n and m alone, never on what was measured, and the interval of the
signed-rank test has to exclude 1 besides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from bench.analysis.compared import told_sweeps
from bench.analysis.comparison_result import Adjustment, Comparison
from bench.scenario.scenario import Scenario
from bench.stats.effects import (
    FEWEST_FOR_SIGNED_RANK,
    Effect,
    benjamini_hochberg,
    holm,
)
from bench.stats.quantiles import CONFIDENCE

LEVEL = 1.0 - CONFIDENCE

_Family = tuple[str, ...]
_EXPLORED: _Family = ()


def adjust(
    scenario: Scenario, found: Sequence[tuple[Comparison, Effect]]
) -> tuple[Comparison, ...]:
    """Return the comparisons, in their order, each with its p-value and the adjusted one."""
    families: dict[_Family, list[int]] = defaultdict(list)
    for at, (comparison, effect) in enumerate(found):
        if not comparison.is_aa and effect.p_value is not None:
            families[_family(scenario, comparison)].append(at)
    adjusted = [replace(comparison, p_value=effect.p_value) for comparison, effect in found]
    for family, members in families.items():
        p_values = [p_value(found[at][1], len(members)) for at in members]
        way: Adjustment = "Benjamini–Hochberg" if family == _EXPLORED else "Holm"
        of_family = (benjamini_hochberg if family == _EXPLORED else holm)(p_values)
        for at, plain, allowed in zip(members, p_values, of_family, strict=True):
            adjusted[at] = replace(
                adjusted[at],
                p_value=plain,
                adjusted_p=allowed,
                adjustment=way,
                family_size=len(members),
            )
    return tuple(adjusted)


def p_value(effect: Effect, family_size: int) -> float:
    """Return the p-value of ``effect`` (of two blocks or more) that can be adjusted."""
    exact, student = effect.p_value, effect.student_p
    if exact is None:
        raise ValueError("a single block has no p-value")
    is_coarse = effect.blocks >= FEWEST_FOR_SIGNED_RANK and (
        family_size * 2.0 / 2.0**effect.blocks > LEVEL
    )
    return student if is_coarse and student is not None else exact


def _family(scenario: Scenario, comparison: Comparison) -> _Family:
    name = comparison.metric.name
    is_asked = comparison.condition[0] in told_sweeps(scenario)
    if not is_asked or name not in scenario.primary_metrics:
        return _EXPLORED
    return (comparison.axis, comparison.baseline, name)
