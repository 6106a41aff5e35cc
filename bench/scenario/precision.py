"""How precise a scenario wants its ratios, and what that may cost: stated before it is measured."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Precision(BaseModel):
    """When a condition gets more blocks than its ``repetitions``; docs/scenarios.md has the rule.

    ``half_width``: wanted is that the 95 % interval of each primary metric's ratio reaches from
    its estimate ÷ (1 + half_width) to its estimate × (1 + half_width) at most. No condition gets
    more than ``most_repetitions`` blocks, and none is begun once the trials of the run have taken
    ``budget_s`` seconds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    half_width: float = Field(gt=0.0, le=10.0)
    most_repetitions: int = Field(ge=1, le=100)
    budget_s: float = Field(gt=0.0, le=604_800.0)
