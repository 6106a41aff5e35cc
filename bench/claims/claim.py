"""A published claim, and the judgements that put it to the test: pure data.

A claims file is TOML, one for each source document, with a table ``[claims.<id>]`` for each claim.
A **judgement** says on which cells of which scenario the claim is judged, by which figure, and
where that figure must lie. Its table is named for the sort of figure: ``ratios``, ``scalings``,
``bounds``, ``runs``, ``findings`` or ``counts``; docs/claims.md explains the keys.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from bench.scenario.metric import CYCLE, Unit
from bench.scenario.scenario import Label, Labels, Name, Names
from bench.scenario.selection import AnyLabels, AnyNames, Range

ClaimKind = Literal["ratio", "bound", "fact"]
Interval = Annotated[tuple[float, float], Field(strict=False)]

# The keys of a relation, by what follows them: the metric's unit, and how many of it one is.
_PLAIN = ("at_least", "at_most", "between")
_MILLISECONDS = ("at_least_ms", "at_most_ms", "between_ms")
_NS_PER_MS = 1e6


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class _Related(_Part):
    """Something with exactly one of the relations."""

    at_least: float | None = None
    at_most: float | None = None
    between: Interval | None = None

    @model_validator(mode="after")
    def _one_relation(self) -> Self:
        keys = [key for key in (*_PLAIN, *_MILLISECONDS) if key in type(self).model_fields]
        given = [key for key in keys if getattr(self, key) is not None]
        if len(given) != 1:
            expected = ", ".join(keys)
            text = "expected exactly one of {expected}"
            raise PydanticCustomError("relation", text, {"expected": expected})
        pair = getattr(self, given[0]) if given[0].startswith("between") else (0.0, 1.0)
        if not pair[0] < pair[1]:
            raise PydanticCustomError("relation", "expected the lower end of the range first")
        return self

    @property
    def range(self) -> Range:
        """Where the figure must lie, in the unit that the keys are in."""
        return _range(self.at_least, self.at_most, self.between)


def _range(
    at_least: float | None, at_most: float | None, between: tuple[float, float] | None
) -> Range:
    if between is not None:
        return Range(*between)
    return Range(
        -math.inf if at_least is None else at_least, math.inf if at_most is None else at_most
    )


class _Judged(_Part):
    """What all judgements have: a label, and which cells; a list that is empty means all.

    ``share`` is the part of the selected conditions in which the claim must hold. A ``control``
    says nothing about the claim: it shows that what the others on its scenario ask for can be told.
    """

    label: str = Field(default="as documented", min_length=1)
    scenario: Name
    workloads: AnyLabels = ()
    payloads: AnyLabels = ()
    arrivals: AnyLabels = ()
    loops: AnyNames = ()
    share: float = Field(default=1.0, gt=0.0, le=1.0)
    control: bool = False


class Pair(_Part):
    """Two subjects that are compared inside blocks."""

    candidate: Label
    baseline: Label


class Ratio(_Judged, _Related):
    """A ratio of two subjects, under each condition and for each metric.

    A metric may be a sum, ``"worker.cpu_share + server.cpu_share"``, and is divided, trial by
    trial, by the metric ``per``. With ``equal_durability`` a pair whose classes differ is not
    compared. Where the metric is only a bound of what is meant, a ratio that lies outside may show
    nothing: then ``can_refute`` is false.
    """

    pairs: Annotated[tuple[Pair, ...], Field(strict=False, min_length=1)]
    metrics: Names
    per: str = ""
    ratio: Literal["candidate / baseline", "baseline / candidate"]
    equal_durability: bool = False
    can_refute: bool = True


class Scaling(_Judged, _Related):
    """What a subject's metric is under one arrival, divided by what it is under another."""

    subjects: Labels
    metrics: Names
    from_arrival: Label
    to_arrival: Label

    @model_validator(mode="after")
    def _two_arrivals(self) -> Self:
        if self.arrivals:
            text = "expected 'from_arrival' and 'to_arrival' alone, without 'arrivals'"
            raise PydanticCustomError("arrivals", text)
        return self


class Bound(_Judged, _Related):
    """Limits of a metric: times in ``_ms``; anything else in the metric's own unit.

    With ``above``, a subject, they are those of the difference to its metric in the same block:
    what the workload itself costs, told by a subject that does nothing, is then not counted.
    """

    subjects: Labels
    metrics: Names
    above: Label | None = None
    at_least_ms: float | None = None
    at_most_ms: float | None = None
    between_ms: Interval | None = None

    @property
    def in_ms(self) -> bool:
        """Whether the limits are times."""
        return any(getattr(self, key) is not None for key in _MILLISECONDS)

    @property
    def range(self) -> Range:
        """Where the metric must lie, in its own unit (times: ns)."""
        if not self.in_ms:
            return _range(self.at_least, self.at_most, self.between)
        found = _range(self.at_least_ms, self.at_most_ms, self.between_ms)
        return Range(found.low * _NS_PER_MS, found.high * _NS_PER_MS)

    def fits(self, unit: Unit) -> bool:
        """Tell whether limits of this kind can be put to a metric in ``unit``."""
        return self.in_ms == (unit == "ns")


class RunsOn(_Judged):
    """Whether subjects run on the ``loops``, which must be given, are refused by them, or fail.

    ``because`` has pieces of text: a failure, or a refusal, counts only where its reason has one
    of them. Without it no failure counts, as it may have had any reason.
    """

    subjects: Labels
    expected: Literal["measured", "unsupported", "failed"]
    because: Annotated[tuple[str, ...], Field(strict=False)] = ()

    @model_validator(mode="after")
    def _some_loops(self) -> Self:
        if not self.loops:
            raise PydanticCustomError("loops", "expected 'loops', at least one")
        if self.expected == "failed" and not self.because:
            raise PydanticCustomError("because", "expected 'because' beside 'failed'")
        if not all(self.because):
            raise PydanticCustomError("because", "expected pieces of text that are not empty")
        return self


class FindingCheck(_Judged):
    """Whether the analysis has the finding ``code`` on each of the selected cells, or on none.

    Its absence shows nothing in a cell without the metric that it ``needs``.
    """

    subjects: Labels
    code: Name
    present: bool
    needs: str = ""


class Count(_Judged, _Related):
    """How often one operation occurred for each of another, e.g. ``put`` per ``cycle``."""

    subjects: Labels
    operation: Name
    per: Name = CYCLE


Judgement: TypeAlias = Ratio | Scaling | Bound | RunsOn | FindingCheck | Count


class ClaimTable(_Part):
    """``[claims.<id>]``: what is claimed, and how it is judged.

    ``also_in`` names further documents that claim it. ``why`` says why the judgements are what the
    words mean. Without a judgement the claim is not measured yet; controls alone are none.
    """

    kind: ClaimKind
    statement: str = Field(min_length=1)
    why: str = Field(min_length=1)
    also_in: AnyNames = ()
    ratios: Annotated[tuple[Ratio, ...], Field(strict=False)] = ()
    scalings: Annotated[tuple[Scaling, ...], Field(strict=False)] = ()
    bounds: Annotated[tuple[Bound, ...], Field(strict=False)] = ()
    runs: Annotated[tuple[RunsOn, ...], Field(strict=False)] = ()
    findings: Annotated[tuple[FindingCheck, ...], Field(strict=False)] = ()
    counts: Annotated[tuple[Count, ...], Field(strict=False)] = ()

    @model_validator(mode="after")
    def _not_controls_alone(self) -> Self:
        if self.judgements and all(each.control for each in self.judgements):
            raise PydanticCustomError("control", "expected a judgement beside the controls")
        return self

    @property
    def judgements(self) -> tuple[Judgement, ...]:
        """All of them, sort by sort."""
        found: list[Judgement] = [*self.ratios, *self.scalings, *self.bounds]
        found += [*self.runs, *self.findings, *self.counts]
        return tuple(found)


class ClaimsFile(_Part):
    """The claims of one source document: its id, its file's name, and the system it describes."""

    schema_version: Literal[1]
    document: Name
    file: Name
    system: str = Field(min_length=1)
    claims: Mapping[Label, ClaimTable] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim of one or more source documents; ``judgements`` may be empty."""

    id: str
    documents: tuple[str, ...]
    kind: ClaimKind
    statement: str
    why: str
    judgements: tuple[Judgement, ...]

    @property
    def scenarios(self) -> tuple[str, ...]:
        """The scenarios that the claim is judged on, each once."""
        return tuple(dict.fromkeys(judgement.scenario for judgement in self.judgements))
