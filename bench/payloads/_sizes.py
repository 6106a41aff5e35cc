"""How large a state is, how it grows, and the pool of states from which it is taken.

What costs time is made in the constructor. It prepares **increments**, each the content of one turn
in serialised form of a wanted size; :meth:`SizedPayload.state` only picks one of them
(``growth = "constant"``) or a run of them (``"by_turn"``).
"""

from __future__ import annotations

import math
import random
from abc import abstractmethod
from collections.abc import Sequence
from itertools import accumulate, pairwise
from statistics import NormalDist
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from bench.contracts import Payload, PluginOptions
from bench.scenario.quantity import quantity
from bench.values import canonical

# A pool is worth about so many bytes of states, within these numbers of increments, so that the
# constructor takes some tens of milliseconds whatever the size.
_POOL_BYTES = 1_600_000
_LEAST_INCREMENTS, _MOST_INCREMENTS = 8, 64
_SMALLEST_BYTES = 64
_LARGEST_FACTOR = 16
_LARGEST_STATE_BYTES = 256_000_000

# Multiples of these odd constants (2³² divided by the golden ratio; a prime of xxHash) fall evenly
# over 32 bits, so neighbouring threads and turns get different increments.
_THREAD_STRIDE, _TURN_STRIDE = 0x9E3779B1, 0x85EBCA77
_MASK = 0xFFFFFFFF


class SizedOptions(PluginOptions):
    """Size and growth of a state.

    ``state_bytes`` is the size that a state is built to have when LangGraph's own serialiser
    (``JsonPlusSerializer``) has encoded it: what the saver is given to store.

    ``growth``: with ``constant`` each state has that size. With ``by_turn`` the state of turn t
    (0, 1, …) is t + 1 increments of that size one after the other, the first t of which are the
    state of the turn before, as in a conversation; from turn ``max_turns`` − 1 on it stays the
    same.

    ``spread``: with ``lognormal`` the size of each increment (with constant growth: each state) is
    drawn from a log-normal distribution with the median ``state_bytes`` and the standard deviation
    ``sigma`` of the logarithm, cut off at 64 bytes and 16 times the median. The pool holds equally
    likely quantiles of it; which one a thread and turn get follows from the seed.
    """

    state_bytes: int = Field(default=1_000, ge=_SMALLEST_BYTES, le=10_000_000)
    growth: Literal["constant", "by_turn"] = "constant"
    max_turns: int = Field(default=50, ge=1, le=1_000)
    spread: Literal["fixed", "lognormal"] = "fixed"
    sigma: float = Field(default=0.5, gt=0.0, le=3.0)

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        largest = self.state_bytes * self.max_turns
        if self.growth == "by_turn" and largest > _LARGEST_STATE_BYTES:
            raise ValueError(
                f"a state would grow to {largest} bytes (state_bytes × max_turns); "
                f"expected at most {_LARGEST_STATE_BYTES}"
            )
        return self


class SizedPayload(Payload):
    """A payload whose state is a sequence of parts: messages, records or bytes."""

    Options: ClassVar[type[PluginOptions]] = SizedOptions
    options: SizedOptions
    kind: ClassVar[str]

    def __init__(self, options: PluginOptions, seed: int) -> None:
        super().__init__(options, seed)
        source = random.Random(seed)  # noqa: S311 - reproducible content, no secret
        self._salt = source.getrandbits(32)
        sizes = _increment_sizes(self.options, source)
        self._count = len(sizes)
        increments = self._increments(sizes, source)
        if self.options.growth == "constant":
            self._states = [self._assemble(parts) for parts in increments]
        else:
            # Twice over, so that a conversation may begin at any increment.
            self._line, self._bounds = _joined([*increments, *increments])

    @abstractmethod
    def _increments(self, sizes: Sequence[int], source: random.Random) -> list[Sequence[Any]]:
        """Make one run of parts for each of ``sizes`` (in bytes); lists or bytes."""

    def _assemble(self, parts: Sequence[Any]) -> Any:
        return parts

    def state(self, thread: int, turn: int) -> Any:
        if self.options.growth == "constant":
            return self._states[self._pick(thread, turn)]
        first = self._pick(thread, 0)
        last = first + min(turn + 1, self.options.max_turns)
        return self._assemble(self._line[self._bounds[first] : self._bounds[last]])

    def canonical(self, value: Any) -> bytes:
        return canonical(value, exact=False)

    def describe(self) -> str:
        words = [self.kind, quantity(self.options.state_bytes, "bytes")]
        if self.options.spread == "lognormal":
            words.append(f"log-normal sizes (sigma {self.options.sigma:g})")
        if self.options.growth == "by_turn":
            words.append("growing by turn")
        return ", ".join(words)

    def _pick(self, thread: int, turn: int) -> int:
        fraction = (thread * _THREAD_STRIDE + turn * _TURN_STRIDE + self._salt) & _MASK
        return (fraction * self._count) >> 32


def shares(total: int, parts: int, source: random.Random) -> list[int]:
    """Split ``total`` ≥ 0 into ``parts`` unequal integers (± 30 %) that add up to it."""
    weights = [source.uniform(0.7, 1.3) for _ in range(parts)]
    scale = total / math.fsum(weights)
    cuts = [0, *map(round, accumulate(weight * scale for weight in weights))]
    cuts[-1] = total
    return [after - before for before, after in pairwise(cuts)]


def _increment_sizes(options: SizedOptions, source: random.Random) -> list[int]:
    fitting = _POOL_BYTES // options.state_bytes
    count = max(_LEAST_INCREMENTS, min(_MOST_INCREMENTS, fitting))
    if options.growth == "by_turn":
        # As many as the longest state has, so that none occurs in it twice.
        count = max(count, options.max_turns)
    if options.spread == "fixed":
        return [options.state_bytes] * count
    normal = NormalDist(math.log(options.state_bytes), options.sigma)
    largest = options.state_bytes * _LARGEST_FACTOR
    drawn = (math.exp(normal.inv_cdf((index + 0.5) / count)) for index in range(count))
    sizes = [round(min(max(size, _SMALLEST_BYTES), largest)) for size in drawn]
    source.shuffle(sizes)
    return sizes


def _joined(increments: Sequence[Sequence[Any]]) -> tuple[Sequence[Any], list[int]]:
    bounds = [0, *accumulate(map(len, increments))]
    if isinstance(increments[0], bytes):
        return b"".join(bytes(parts) for parts in increments), bounds
    return [part for parts in increments for part in parts], bounds
