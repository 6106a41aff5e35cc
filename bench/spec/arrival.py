"""When operations become due.

An arrival is pure data and pure arithmetic: no clock, no loop. Open arrivals give due times as
nanosecond offsets from the start of the trial, so that every arm of a block gets the same schedule.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

_NS_PER_S = 1_000_000_000


class _Arrival(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Closed(_Arrival):
    """A fixed number of clients; each starts its next cycle when the last one has ended.

    A client is due when it becomes ready (after ``think_s``), and yields to the event loop before
    it starts, so that time spent blocked behind other clients is counted as waiting.
    """

    kind: Literal["closed"]
    clients: int = Field(ge=1, le=10_000)
    think_s: float = Field(default=0.0, ge=0.0, le=60.0)

    @property
    def concurrency(self) -> int:
        """The largest number of cycles that can be under way at once."""
        return self.clients

    def describe(self) -> str:
        """Return the arrival in words, for tables."""
        noun = "client" if self.clients == 1 else "clients"
        think = f", think {self.think_s:g} s" if self.think_s else ""
        return f"closed, {self.clients} {noun}{think}"


class Constant(_Arrival):
    """Cycles become due at a constant rate, whether or not the earlier ones have ended.

    At most ``max_in_flight`` cycles are under way; those beyond wait and keep their due time.
    """

    kind: Literal["constant"]
    rate_per_s: float = Field(gt=0.0, le=1_000_000.0)
    max_in_flight: int = Field(default=64, ge=1, le=10_000)

    @property
    def concurrency(self) -> int:
        """The largest number of cycles that can be under way at once."""
        return self.max_in_flight

    def due_offset_ns(self, index: int) -> int:
        """Return when cycle ``index`` (0, 1, …) is due, in nanoseconds from the start.

        The index is multiplied out each time, so that rounding never accumulates into a wrong rate.
        """
        return round(index * _NS_PER_S / self.rate_per_s)

    def describe(self) -> str:
        """Return the arrival in words, for tables."""
        return f"open, {self.rate_per_s:g}/s, at most {self.max_in_flight} in flight"


Arrival = Annotated[Closed | Constant, Field(discriminator="kind")]
