"""What decides between savers: a system, its drivers, its limits. Pure data.

A drivers file is TOML. ``[system]`` says which cells of a run are like the reader's system,
``[[drivers]]`` what matters there and how much, ``[[limits]]`` and ``[requirements]`` what an
option must keep to be considered at all; docs/decisions.md explains each key.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from bench.scenario.metric import Unit
from bench.scenario.scenario import Name
from bench.scenario.selection import AnyLabels, AnyNames, Range


@dataclass(frozen=True, slots=True)
class Relation:
    """A key of a limit: for metrics in one of ``units``, in multiples of ``factor``."""

    units: tuple[Unit, ...]
    factor: float
    is_most: bool


RELATIONS = {
    "at_most_ms": Relation(("ns",), 1e6, is_most=True),
    "at_most_s": Relation(("ns",), 1e9, is_most=True),
    "at_least_per_s": Relation(("per_s",), 1.0, is_most=False),
    "at_most_kb": Relation(("bytes",), 1e3, is_most=True),
    "at_most_mb": Relation(("bytes",), 1e6, is_most=True),
    "at_most_gb": Relation(("bytes",), 1e9, is_most=True),
    "at_most": Relation(("count", "ratio"), 1.0, is_most=True),
    "at_least": Relation(("count", "ratio"), 1.0, is_most=False),
}

_UNIT_NAMES = {"ms": " ms", "s": " s", "per_s": "/s", "kb": " kB", "mb": " MB", "gb": " GB"}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class System(_Part):
    """Which cells count: those with one of the labels; a list that is empty means all.

    Without ``sweeps``, those that the scenario marks as aside do not count.
    """

    sweeps: AnyLabels = ()
    workloads: AnyLabels = ()
    payloads: AnyLabels = ()
    arrivals: AnyNames = ()
    loops: AnyNames = ()


class Requirements(_Part):
    """The least durability class, and the loops that an option must run on."""

    least_durability: Literal["volatile", "relaxed", "fsync"] | None = None
    must_run_on: AnyNames = ()


class Driver(_Part):
    """A metric, which may be a sum (``"a + b"``), and how much it weighs beside the others."""

    metric: Name
    weight: float = Field(ge=0.0)
    why: str = ""


class Limit(_Part):
    """A metric and exactly one relation, with the unit in its key (:data:`RELATIONS`)."""

    metric: Name
    at_most_ms: float | None = None
    at_most_s: float | None = None
    at_least_per_s: float | None = None
    at_most_kb: float | None = None
    at_most_mb: float | None = None
    at_most_gb: float | None = None
    at_most: float | None = None
    at_least: float | None = None
    why: str = ""

    @model_validator(mode="after")
    def _one_relation(self) -> Self:
        if sum(getattr(self, key) is not None for key in RELATIONS) != 1:
            expected = ", ".join(RELATIONS)
            text = "expected exactly one of {expected}"
            raise PydanticCustomError("relation", text, {"expected": expected})
        return self

    @property
    def key(self) -> str:
        """The key of the relation that is given."""
        return next(key for key in RELATIONS if getattr(self, key) is not None)

    @property
    def bound(self) -> float:
        """The limit in the metric's own unit (times: ns)."""
        given: float = getattr(self, self.key)
        return given * RELATIONS[self.key].factor

    @property
    def text(self) -> str:
        """The limit in words, e.g. ``at most 50 ms``."""
        at, most, *unit = self.key.split("_")
        name = _UNIT_NAMES.get("_".join(unit), "")
        return f"{at} {most} {getattr(self, self.key):g}{name}"

    @property
    def range(self) -> Range:
        """Where the metric must lie, in its own unit."""
        if RELATIONS[self.key].is_most:
            return Range(float("-inf"), self.bound)
        return Range(self.bound, float("inf"))


class Drivers(_Part):
    """What decides. ``options`` names the subjects that are considered; empty means all."""

    schema_version: Literal[1]
    title: str = Field(min_length=1)
    context: str = Field(min_length=1)
    options: AnyLabels = ()
    system: System = Field(default_factory=System)
    requirements: Requirements = Field(default_factory=Requirements)
    drivers: Annotated[tuple[Driver, ...], Field(strict=False)]
    limits: Annotated[tuple[Limit, ...], Field(strict=False)] = ()

    @model_validator(mode="after")
    def _weighs(self) -> Self:
        names = [driver.metric for driver in self.drivers]
        twice = next((name for name in names if names.count(name) > 1), "")
        if twice:
            text = "'{name}' is a driver more than once"
            raise PydanticCustomError("drivers", text, {"name": twice})
        if not any(driver.weight for driver in self.drivers):
            raise PydanticCustomError("drivers", "expected a driver with a weight above 0")
        return self

    def digest(self) -> str:
        """Return a hash of the meaning of the file: layout and comments do not count."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]
