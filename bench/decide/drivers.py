"""What decides between savers: a system, its drivers, its limits. Pure data.

A drivers file is TOML. ``[system]`` says which cells of a run are like the reader's system,
``[[drivers]]`` what matters there and how much, ``[[limits]]`` and ``[requirements]`` what an
option must keep to be considered at all; docs/decisions.md explains each key.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal, Self

from pydantic import Field, PlainValidator, model_validator
from pydantic_core import PydanticCustomError

from bench.scenario.limits.limit import WRITTEN, Limit, Reader
from bench.scenario.selection import Label, Many, Name, Part, Selection


class Requirements(Part):
    """The least durability class, and the loops that an option must run on."""

    least_durability: Literal["volatile", "relaxed", "fsync"] | None = None
    must_run_on: Many[Name] = ()


class Driver(Part):
    """A metric, which may be a sum (``"a + b"``), and how much it weighs beside the others."""

    metric: Name
    weight: float = Field(ge=0.0)
    why: str = ""


class Kept(Part):
    """What no option may break in any place, and why."""

    require: Annotated[Limit, PlainValidator(Reader(sums=True)), WRITTEN]
    why: str = ""


class Drivers(Part):
    """What decides. ``options`` names the subjects that are considered; empty means all.

    Without sweeps in ``system``, those that the scenario marks as aside do not count.
    """

    schema_version: Literal[2]
    title: str = Field(min_length=1)
    context: str = Field(min_length=1)
    options: Many[Label] = ()
    system: Selection = Field(default_factory=Selection)
    requirements: Requirements = Field(default_factory=Requirements)
    drivers: Many[Driver]
    limits: Many[Kept] = ()

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
