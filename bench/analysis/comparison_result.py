"""What a comparison says: a ratio with its interval, and what follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bench.scenario.metric import Metric

ComparisonOutcome = Literal["better", "worse", "equivalent", "unresolved"]
Cause = Literal["", "blocks", "unsteady", "interval", "noise", "many comparisons", "tail"]
Adjustment = Literal["", "Holm", "Benjamini–Hochberg"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Candidate against baseline inside blocks: a metric's ratio and its interval.

    ``ratio`` is candidate ÷ baseline; for times below 1 is faster. ``low`` and ``high`` are
    ``None`` with fewer than two blocks. ``blocks`` are those in which both sides have a value, of
    ``blocks_planned`` (0: not known). ``noise_factor`` (≥ 1) is how far the run's A/A arms depart
    from themselves in this metric, 1 where there are none. ``detectable_factor`` (> 1) is the
    smallest ratio that so many blocks of such spread would show in 80 of 100 runs.

    ``p_value`` is two-sided for a ratio of 1, ``adjusted_p`` the same allowing for the
    ``family_size`` comparisons that are read together, by ``adjustment``; A/A arms have none.
    ``tail_low`` and ``tail_high`` are the interval of a tail quantile's ratio that resamples the
    operations inside trials too (``bench.stats.resampling``), ``None`` for what is no tail.

    ``outcome`` is about the candidate: ``better`` or ``worse`` only if the whole interval lies on
    one side of 1, no planned block is lacking, the ratio departs from 1 by more than
    ``noise_factor``, ``adjusted_p`` is at most 0.05, and ``tail_low`` to ``tail_high`` lies on that
    side too. ``equivalent``: it is shown to depart from 1 by less than the share
    ``smallest_effect``, even where it is also shown to differ. ``same_durability`` is false where
    the ratio includes the price of different promises. ``reason`` says why a comparison is
    unresolved whatever its ratio, ``cause`` what keeps any from being resolved.
    """

    metric: Metric
    axis: Literal["subject", "loop"]
    baseline: str
    candidate: str
    condition: tuple[str, str, str, str]
    loop: str
    subject: str
    ratio: float
    low: float | None
    high: float | None
    confidence: float
    blocks: int
    method: str
    outcome: ComparisonOutcome
    same_durability: bool
    is_aa: bool
    blocks_planned: int = 0
    noise_factor: float = 1.0
    reason: str = ""
    cause: Cause = ""
    smallest_effect: float = 0.1
    detectable_factor: float | None = None
    p_value: float | None = None
    adjusted_p: float | None = None
    adjustment: Adjustment = ""
    family_size: int = 0
    tail_low: float | None = None
    tail_high: float | None = None

    @property
    def lacks_blocks(self) -> bool:
        """Whether some of the planned blocks gave no ratio."""
        return self.blocks < self.blocks_planned

    @property
    def excludes_one(self) -> bool:
        """Whether the whole interval lies on one side of 1."""
        return _side(self.low, self.high) != 0

    @property
    def tail_disagrees(self) -> bool:
        """Whether resampling operations answers otherwise than the interval over blocks."""
        if self.low is None or self.tail_low is None:
            return False
        return _side(self.low, self.high) != _side(self.tail_low, self.tail_high)


def _side(low: float | None, high: float | None) -> int:
    """Return on which side of 1 the whole interval lies; 0: on neither."""
    if low is None or high is None:
        return 0
    return (low > 1.0) - (high < 1.0)


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """How many A/A ratios of the primary metrics exclude 1, of all that have an interval.

    There is no difference to find, so each is a false alarm; ``by_chance`` is the share that there
    should be. ``p_value`` is the probability of so many or more, were the ratios independent.
    """

    compared: int
    different: int
    by_chance: float
    p_value: float

    @property
    def share(self) -> float:
        """The share of the ratios that exclude 1."""
        return self.different / self.compared
