"""Which cells a rule is about, and where their figure must lie: pure data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from bench.scenario.scenario import Label, Name

AnyLabels = Annotated[tuple[Label, ...], Field(strict=False)]
AnyNames = Annotated[tuple[Name, ...], Field(strict=False)]


@dataclass(frozen=True, slots=True)
class Range:
    """Where a figure must lie, both ends included; infinite where there is none."""

    low: float
    high: float

    def holds(self, low: float, high: float) -> bool:
        """Tell whether the whole of ``low`` to ``high`` lies inside."""
        return self.low <= low and high <= self.high

    def fails(self, low: float, high: float) -> bool:
        """Tell whether the whole of ``low`` to ``high`` lies outside."""
        return high < self.low or low > self.high
