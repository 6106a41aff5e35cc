"""When operations become due.

An arrival is pure data and pure arithmetic: no clock, no loop. :func:`schedule_ns` makes the whole
schedule of an open arrival before the load starts; a block's seed gives every arm the same one.
"""

from __future__ import annotations

import math
import random
from abc import abstractmethod
from array import array
from collections.abc import Iterator
from itertools import count
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, PlainValidator, SerializationInfo, field_serializer, model_validator
from pydantic_core import PydanticCustomError

from bench.scenario.limits.limit import UNITS, Limit, Reader
from bench.scenario.recording import Recording
from bench.scenario.selection import Part

_NS_PER_S = 1_000_000_000
# A schedule is held in memory, 8 bytes each.
MOST_ARRIVALS = 10_000_000

Rate = Annotated[float, Field(gt=0.0, le=1_000_000.0)]
Rates = Annotated[tuple[Rate, ...], Field(strict=False, min_length=2, max_length=100)]
# What a search must meet goes into a digest as version 1 wrote it, so that trials keep their ids.
FOR_A_DIGEST = object()
_MOST = ("<", "<=")
# From one fraction of the window to another, the rate goes in a straight line from one to another.
Segment = tuple[float, float, float, float]


class _Arrival(Part):
    """What every arrival has.

    ``timeout_s``: a cycle is cut off so long after it was due; its time is then censored.
    ``round_trip_s``: an exchange with the server takes so much longer, half of it each way.
    ``placement``: where worker and server run, ``pinned`` on a core each.
    """

    timeout_s: float | None = Field(default=None, gt=0.0, le=3600.0)
    round_trip_s: float = Field(default=0.0, ge=0.0, le=10.0)
    placement: Literal["free", "pinned"] = "free"

    @property
    @abstractmethod
    def concurrency(self) -> int:
        """The largest number of cycles that can be under way at once."""

    @abstractmethod
    def describe(self) -> str:
        """Return the arrival in words, for tables."""

    def _rest(self) -> str:
        parts = [f", time-out {self.timeout_s:g} s"] if self.timeout_s else []
        if self.round_trip_s:
            parts.append(f", round trips {1000.0 * self.round_trip_s:g} ms longer")
        if self.placement == "pinned":
            parts.append(", worker and server on a core each")
        return "".join(parts)


class Closed(_Arrival):
    """A fixed number of clients; each starts its next cycle when the last one has ended.

    A client is due when it becomes ready (after ``think_s``), and yields to the event loop before
    it starts, so that time spent blocked behind other clients is counted as waiting. ``think``:
    each time the same, or drawn from an exponential distribution of that mean; the draws of a
    client are the same in every arm of a block.
    """

    kind: Literal["closed"]
    clients: int = Field(ge=1, le=10_000)
    think_s: float = Field(default=0.0, ge=0.0, le=60.0)
    think: Literal["fixed", "exponential"] = "fixed"

    @property
    def concurrency(self) -> int:
        """The number of clients."""
        return self.clients

    def think_times_ns(self, seed: int, client: int) -> Iterator[int]:
        """Yield the pauses of ``client`` (0, 1, …) between its cycles, in ns, without end."""
        draw = random.Random(f"{seed}/think/{client}")  # noqa: S311 - a load, not a secret
        while True:
            share = draw.expovariate(1.0) if self.think == "exponential" else 1.0
            yield round(self.think_s * share * _NS_PER_S)

    def describe(self) -> str:
        """Return the arrival in words, for tables."""
        noun = "client" if self.clients == 1 else "clients"
        mean = "mean " if self.think == "exponential" else ""
        think = f", think {mean}{self.think_s:g} s" if self.think_s else ""
        return f"closed, {self.clients} {noun}{think}{self._rest()}"


class _Bounded(_Arrival):
    """At most ``max_in_flight`` cycles are under way.

    At most ``max_backlog`` more wait, and keep their due time; what becomes due beyond that is shed
    and counted.
    """

    max_in_flight: int = Field(default=64, ge=1, le=10_000)
    max_backlog: int = Field(default=10_000, ge=0, le=MOST_ARRIVALS)

    @property
    def concurrency(self) -> int:
        """The largest number of cycles that can be under way at once."""
        return self.max_in_flight


class Open(_Bounded):
    """Cycles become due by a schedule, whether or not the earlier ones have ended.

    ``is_random``: due times are drawn (a Poisson process), not evenly spaced.
    """

    is_random: ClassVar[bool] = False

    @property
    @abstractmethod
    def segments(self) -> tuple[Segment, ...]:
        """The rate over the window: (from, to) as fractions of it, (rate, rate) per second."""

    @property
    def highest_rate_per_s(self) -> float:
        """The highest rate of the window."""
        return max(rate for _, _, first, last in self.segments for rate in (first, last))

    def describe(self) -> str:
        """Return the arrival in words, for tables."""
        return f"open, {self._rates()}, at most {self.max_in_flight} in flight{self._rest()}"

    @abstractmethod
    def _rates(self) -> str: ...


class Constant(Open):
    """Evenly spaced, at one rate."""

    kind: Literal["constant"]
    rate_per_s: Rate

    @property
    def segments(self) -> tuple[Segment, ...]:
        """One rate."""
        return ((0.0, 1.0, self.rate_per_s, self.rate_per_s),)

    def _rates(self) -> str:
        return f"{self.rate_per_s:g}/s"


class Poisson(Open):
    """Independent callers at one rate: a Poisson process, given its count.

    Due times are as many ordered uniform draws as the rate gives on average, so that every
    repetition offers the same number of operations (the conditional property of the process;
    Gatling draws its random arrivals so).
    """

    kind: Literal["poisson"]
    rate_per_s: Rate
    is_random: ClassVar[bool] = True

    @property
    def segments(self) -> tuple[Segment, ...]:
        """One rate."""
        return ((0.0, 1.0, self.rate_per_s, self.rate_per_s),)

    def _rates(self) -> str:
        return f"Poisson {self.rate_per_s:g}/s"


class Ramp(Open):
    """The rate goes in a straight line from one to another over the window."""

    kind: Literal["ramp"]
    from_rate_per_s: Rate
    to_rate_per_s: Rate

    @property
    def segments(self) -> tuple[Segment, ...]:
        """One slope."""
        return ((0.0, 1.0, self.from_rate_per_s, self.to_rate_per_s),)

    def _rates(self) -> str:
        return f"{self.from_rate_per_s:g} to {self.to_rate_per_s:g}/s"


class Steps(Open):
    """Each rate for an equal part of the window, evenly spaced."""

    kind: Literal["steps"]
    rates_per_s: Rates

    @property
    def segments(self) -> tuple[Segment, ...]:
        """One level for each rate."""
        parts = len(self.rates_per_s)
        return tuple(
            (number / parts, (number + 1) / parts, rate, rate)
            for number, rate in enumerate(self.rates_per_s)
        )

    def _rates(self) -> str:
        return f"{', '.join(f'{rate:g}' for rate in self.rates_per_s)}/s in steps"


class Recorded(Open):
    """Cycles are due as the turns of recorded conversations were, ``speed`` times as fast.

    ``file`` (none: the sample) is read where ``due_s`` is not given: when each turn began, in
    seconds since the first. After the last turn, and the mean time between two, the recording
    begins again.
    """

    kind: Literal["recorded"]
    file: str = ""
    speed: float = Field(default=1.0, gt=0.0, le=1_000_000.0)
    due_s: Annotated[tuple[float, ...], Field(strict=False, min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        is_unread = isinstance(given, dict) and "due_s" not in given
        if is_unread and isinstance(file := given.get("file", ""), str):
            return {**given, "due_s": Recording.read(file).due_s()}
        return given

    @property
    def length_s(self) -> float:
        """How long the recording lasts until it begins again; a single turn comes each second."""
        last_s = self.due_s[-1]
        return (last_s + last_s / max(1, len(self.due_s) - 1) or 1.0) / self.speed

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The mean rate."""
        rate = len(self.due_s) / self.length_s
        return ((0.0, 1.0, rate, rate),)

    def offsets_s(self, until_s: float) -> Iterator[float]:
        """Yield when cycles are due, from the start of the load and before ``until_s``."""
        for number in count():
            lap, turn = divmod(number, len(self.due_s))
            due_s = lap * self.length_s + self.due_s[turn] / self.speed
            if due_s >= until_s:
                return
            yield due_s

    def _rates(self) -> str:
        return f"as recorded, {self.speed:g} times as fast"


class _Objective(Reader):
    """Reads what a rate must meet: a time that is at most so long."""

    def __call__(self, given: object) -> Limit:
        limit = super().__call__(given)
        if limit.units != ("ns",) or any(each.relation not in _MOST for each in limit.bounds):
            text = "expected a time at most, as in 'cycle.response.p99 <= 50 ms'"
            raise PydanticCustomError("objective", text)
        return limit


class Search(_Bounded):
    """The highest of some rates at which a subject meets an objective.

    Each rate is measured as a :class:`Poisson` arrival in every block; the analysis picks the
    highest on some blocks and estimates on the others.
    """

    kind: Literal["search"]
    rates_per_s: Rates
    objective: Annotated[Limit, PlainValidator(_Objective())]

    @field_serializer("objective")
    def _written(self, objective: Limit, info: SerializationInfo) -> Any:
        if info.context is not FOR_A_DIGEST:
            return str(objective)
        bound = objective.bounds[0]
        at_most_s = bound.number / (_NS_PER_S / UNITS[bound.unit][1])
        below = {"below": True} if bound.relation == "<" else {}
        return {"metric": objective.metric, "at_most_s": at_most_s, **below}

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if list(self.rates_per_s) != sorted(set(self.rates_per_s)):
            raise ValueError("expected rates_per_s in ascending order, each once")
        return self

    def levels(self) -> dict[str, Poisson]:
        """Return an arrival for each rate, by the rate as text."""
        return {
            f"{rate:g}": Poisson(
                kind="poisson",
                rate_per_s=rate,
                **{name: getattr(self, name) for name in _Bounded.model_fields},
            )
            for rate in self.rates_per_s
        }

    def describe(self) -> str:
        """Return the arrival in words, for tables."""
        lowest, highest = self.rates_per_s[0], self.rates_per_s[-1]
        return (
            f"search of {len(self.rates_per_s)} rates from {lowest:g} to {highest:g}/s for "
            f"{self.objective}{self._rest()}"
        )


Arrival = Annotated[
    Closed | Constant | Poisson | Ramp | Steps | Recorded | Search, Field(discriminator="kind")
]


def schedule_ns(arrival: Open, seed: int, warmup_s: float, duration_s: float) -> array[int]:
    """Return when each cycle is due, in ns from the start of the load, in ascending order.

    The window begins exactly ``warmup_s`` after the start; the warm-up has its first rate. The
    window's count is the integral of its rate, rounded, whatever the seed. Due times solve
    Λ(t) = count, where Λ is that integral: no error adds up from one to the next. A recording
    begins with the load.
    """
    if isinstance(arrival, Recorded):
        offsets_s = arrival.offsets_s(warmup_s + duration_s)
        return array("q", (round(due_s * _NS_PER_S) for due_s in offsets_s))
    first_rate = arrival.segments[0][2]
    draw = random.Random(f"{seed}/schedule")  # noqa: S311 - a load, not a secret
    warm_ns = _part(((0.0, 1.0, first_rate, first_rate),), warmup_s, arrival.is_random, draw)
    window_ns = _part(arrival.segments, duration_s, arrival.is_random, draw)
    warmup_ns = round(warmup_s * _NS_PER_S)
    due_ns = array("q", (offset for offset in warm_ns if offset < warmup_ns))
    due_ns.extend(warmup_ns + offset for offset in window_ns)
    return due_ns


def _part(
    segments: tuple[Segment, ...], length_s: float, is_random: bool, draw: random.Random
) -> Iterator[int]:
    """Yield the due offsets of one part of the load that takes ``length_s``."""
    sizes = [(end - begin) * length_s * (a + b) / 2.0 for begin, end, a, b in segments]
    total = math.fsum(sizes)
    cycles = round(total)
    if is_random:
        wanted: Iterator[float] = iter(sorted(draw.random() * total for _ in range(cycles)))
    else:
        wanted = (float(index) for index in range(cycles))
    last_ns = round(length_s * _NS_PER_S) - 1
    position, before = 0, 0.0
    for integral in wanted:
        while position < len(segments) - 1 and integral >= before + sizes[position]:
            before += sizes[position]
            position += 1
        begin, end, first, last = segments[position]
        width_s = (end - begin) * length_s
        offset_s = begin * length_s + _inverse(integral - before, first, last, width_s)
        yield min(last_ns, round(offset_s * _NS_PER_S))


def _inverse(integral: float, first: float, last: float, width_s: float) -> float:
    """Return t where ``first`` × t + (``last`` − ``first``) × t² ÷ (2 × ``width_s``) = integral."""
    if first == last:
        return integral / first
    slope = (last - first) / width_s
    # The root's form that loses no digits where the slope is small.
    return 2.0 * integral / (first + math.sqrt(max(0.0, first * first + 2.0 * slope * integral)))
