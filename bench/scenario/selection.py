"""Which cells a rule is about: labels by axis, for whoever selects."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from bench.errors import suggestion

_Item = TypeVar("_Item")


def _label(text: str) -> str:
    if re.fullmatch(r"[a-z0-9][a-z0-9_.-]{0,40}", text):
        return text
    raise PydanticCustomError(
        "label",
        "expected a label: at most 41 of a-z, 0-9, '_', '.' and '-', with a letter or digit first",
    )


def _some(given: tuple[_Item, ...]) -> tuple[_Item, ...]:
    if given:
        return given
    raise PydanticCustomError("empty", "expected a list that is not empty")


# Lists as TOML has them. The items are checked first, and a length only if they are right.
Many = Annotated[tuple[_Item, ...], Field(strict=False)]
Some = Annotated[tuple[_Item, ...], Field(strict=False), AfterValidator(_some)]
Label = Annotated[str, AfterValidator(_label)]
Name = Annotated[str, Field(min_length=1)]

# Between a workload and the store that it runs on, and a search and its rate; in no label.
ON = "@"

# The axes by which cells are selected, and what of a cell each is about.
SELECTORS: Mapping[str, str] = {
    "sweeps": "sweep",
    "subjects": "subject",
    "workloads": "workload",
    "payloads": "payload",
    "arrivals": "arrival",
    "loops": "loop",
}


class Part(BaseModel):
    """A table that people write: nothing is converted, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Selection(Part):
    """Labels (of loops: names) by axis: a cell is meant if each list that is given has its label.

    A cell is whatever has the labels as attributes: a cell of the plan, or one of the analysis.
    """

    sweeps: Some[str] | None = None
    workloads: Some[str] | None = None
    payloads: Some[str] | None = None
    arrivals: Some[str] | None = None
    loops: Some[str] | None = None

    @property
    def labels(self) -> Mapping[str, frozenset[str]]:
        """The labels that are asked for, by the axes that are given."""
        given = {axis: frozenset(getattr(self, axis, None) or ()) for axis in SELECTORS}
        return {axis: labels for axis, labels in given.items() if labels}

    def selects(self, cell: object) -> bool:
        """Tell whether ``cell`` is meant."""
        return all(
            not wanted.isdisjoint(labels_of(cell, axis)) for axis, wanted in self.labels.items()
        )

    def problems(self, key: str, cells: Sequence[object]) -> Iterator[str]:
        """Yield a sentence for each label that selects none of ``cells``, which are all there are.

        ``key`` is the table's in its file.
        """
        unknown = [*self._without(cells)]
        for axis, label, known in unknown:
            yield f"{key}.{axis} names {label!r}, which nothing measures.{suggestion(label, known)}"
        selected = [cell for cell in cells if self.selects(cell)]
        if not unknown and not selected:
            yield f"{key} selects no cell: nothing measures these labels together"
        for axis, label, _ in [] if unknown or not selected else self._without(selected):
            yield (
                f"{key}.{axis} names {label!r}, which selects no cell: "
                "nothing measures it together with the other selectors"
            )

    def _without(self, cells: Iterable[object]) -> Iterator[tuple[str, str, set[str]]]:
        """Yield axis, label and the labels there are, of each label that no cell has."""
        for axis, wanted in self.labels.items():
            known = {label for cell in cells for label in labels_of(cell, axis)}
            for label in sorted(wanted - known):
                yield axis, label, known


def labels_of(cell: object, axis: str) -> tuple[str, ...]:
    """Return the labels by which ``axis`` selects ``cell``.

    A rate of a search has two, and a workload on a store.
    """
    label: str = getattr(cell, SELECTORS[axis])
    return (label, label.partition(ON)[0]) if axis in ("arrivals", "workloads") else (label,)
