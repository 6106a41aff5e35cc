"""A published claim, the judgements that put it to the test, and the files that hold them.

A claims file is TOML, one for each source document, with a table ``[claims.<id>]`` for each claim.
A **judgement** says on which cells of which scenario the claim is judged, by which figure, and
which limit that figure must keep. Its table is named for the sort of figure: ``ratios``,
``scalings``, ``bounds``, ``runs``, ``findings``, ``counts`` or ``faults``; docs/claims.md explains
the keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, PlainValidator, model_validator
from pydantic_core import PydanticCustomError

from bench.errors import InputError, suggestion
from bench.scenario.limits.limit import WRITTEN, Limit, Reader
from bench.scenario.metric import Unit
from bench.scenario.scenario import SIDES, SubjectPair
from bench.scenario.selection import Label, Many, Name, Part, Selection, Some
from bench.scenario.toml_file import read_model

ClaimKind = Literal["ratio", "bound", "fact"]
_ARRIVALS = Reader(None, sides=True)


class _Judged(Selection):
    """What all judgements have: a label, and which cells.

    ``share`` is the part of the selected conditions in which the claim must hold. A ``control``
    says nothing about the claim: it shows that what the others on its scenario ask for can be told.
    """

    label: str = Field(default="as documented", min_length=1)
    scenario: Name
    share: float = Field(default=1.0, gt=0.0, le=1.0)
    control: bool = False


class _Limited(_Judged):
    """A judgement of figures: each limit is put to each selected cell; all have the same bounds."""

    require: Some[Annotated[Limit, PlainValidator(Reader()), WRITTEN]]

    @model_validator(mode="after")
    def _one_range(self) -> Self:
        first, *others = self.require
        for other in others:
            if (other.bounds, other.per, other.of) != (first.bounds, first.per, first.of):
                text = "expected limits that differ in the metric alone: others are a judgement"
                raise PydanticCustomError("require", text)
        return self

    @property
    def limit(self) -> Limit:
        """The first limit: its bounds are those of all."""
        return self.require[0]


class Ratio(_Limited):
    """A ratio of two subjects, under each condition and for each metric.

    ``put.response.p50 <= 0.5 x baseline`` is about candidate ÷ baseline, ``put.response.p50 of
    baseline >= 10 x candidate`` about baseline ÷ candidate. With ``equal_durability`` a pair whose
    classes differ is not compared. Where the metric is only a bound of what is meant, a ratio that
    lies outside may show nothing: then ``can_refute`` is false.
    """

    pairs: Some[SubjectPair]
    require: Some[Annotated[Limit, PlainValidator(SIDES), WRITTEN]]
    equal_durability: bool = False
    can_refute: bool = True


class Scaling(_Limited):
    """What a subject's metric is under one arrival, divided by what it is under another.

    ``throughput of many >= 1 x one``, where ``many`` and ``one`` are arrivals.
    """

    subjects: Some[Label]
    require: Some[Annotated[Limit, PlainValidator(_ARRIVALS), WRITTEN]]

    @model_validator(mode="after")
    def _arrivals_in_limits(self) -> Self:
        if self.arrivals:
            text = "expected the arrivals in 'require' alone, without 'arrivals'"
            raise PydanticCustomError("arrivals", text)
        return self


class Bound(_Limited):
    """Limits of a metric.

    With ``above``, a subject, they are those of the difference to its metric in the same block:
    what the workload itself costs, told by a subject that does nothing, is then not counted.
    """

    subjects: Some[Label]
    above: Label | None = None


class RunsOn(_Judged):
    """Whether subjects run on the ``loops``, are refused by them, or fail.

    ``because`` has pieces of text: a failure, or a refusal, counts only where its reason has one
    of them. Without it no failure counts, as it may have had any reason.
    """

    subjects: Some[Label]
    loops: Some[Name]
    expected: Literal["measured", "unsupported", "failed"]
    because: Many[str] = ()

    @model_validator(mode="after")
    def _with_its_reason(self) -> Self:
        if self.expected == "failed" and not self.because:
            raise PydanticCustomError("because", "expected 'because' beside 'failed'")
        if not all(self.because):
            raise PydanticCustomError("because", "expected pieces of text that are not empty")
        return self


class FindingCheck(_Judged):
    """Whether the analysis has the finding ``code`` on each of the selected cells, or on none.

    Its absence shows nothing in a cell without the metric that it ``needs``.
    """

    subjects: Some[Label]
    code: Name
    present: bool
    needs: str = ""


class Count(_Limited):
    """How often one operation occurred for each of another: ``put per cycle >= 4.75``."""

    subjects: Some[Label]
    require: Annotated[
        tuple[Annotated[Limit, PlainValidator(Reader(shares=True)), WRITTEN]], Field(strict=False)
    ]

    @model_validator(mode="after")
    def _per(self) -> Self:
        if not self.limit.per:
            text = "expected one operation by another, as in 'put per cycle >= 4.75'"
            raise PydanticCustomError("require", text)
        return self


# What is known of a cell that was broken on purpose, with its unit.
FAULT_UNITS: Mapping[str, Unit] = {
    "lost": "count",
    "served": "ratio",
    "outage": "ns",
    "response": "ns",
}


class FaultCheck(_Limited):
    """Limits of what the ``faults`` did: ``lost == 0``, ``served >= 100 %``, ``outage <= 1 s``.

    Or of how often what a workload marks occurred in cycles: ``began_again per cycle == 0``. With
    ``because`` it says something only where a failure's reason has one of these pieces of text.
    """

    subjects: Some[Label]
    faults: Some[Label]
    require: Some[Annotated[Limit, PlainValidator(Reader(shares=True)), WRITTEN]]
    because: Many[str] = ()

    @model_validator(mode="after")
    def _of_faults(self) -> Self:
        for limit in self.require:
            if not limit.per and limit.metric not in FAULT_UNITS:
                known = ", ".join(FAULT_UNITS)
                hint = suggestion(limit.metric, FAULT_UNITS)
                text = f"expected one of {known}, or what is marked per cycle.{hint}"
                raise PydanticCustomError("require", "{text}", {"text": text})
            misfit = "" if limit.per else limit.misfit(FAULT_UNITS[limit.metric], limit.metric)
            if misfit:
                raise PydanticCustomError("require", "{text}", {"text": misfit})
        return self


Judgement: TypeAlias = Ratio | Scaling | Bound | RunsOn | FindingCheck | Count | FaultCheck


class ClaimTable(Part):
    """``[claims.<id>]``: what is claimed, and how it is judged.

    ``also_in`` names further documents that claim it. ``why`` says why the judgements are what the
    words mean. Without a judgement the claim is not measured yet; controls alone are none.
    """

    kind: ClaimKind
    statement: str = Field(min_length=1)
    why: str = Field(min_length=1)
    also_in: Many[Name] = ()
    ratios: Many[Ratio] = ()
    scalings: Many[Scaling] = ()
    bounds: Many[Bound] = ()
    runs: Many[RunsOn] = ()
    findings: Many[FindingCheck] = ()
    counts: Many[Count] = ()
    faults: Many[FaultCheck] = ()

    @model_validator(mode="after")
    def _not_controls_alone(self) -> Self:
        if self.judgements and all(each.control for each in self.judgements):
            raise PydanticCustomError("control", "expected a judgement beside the controls")
        return self

    @property
    def judgements(self) -> tuple[Judgement, ...]:
        """All of them, sort by sort."""
        found: list[Judgement] = [*self.ratios, *self.scalings, *self.bounds]
        found += [*self.runs, *self.findings, *self.counts, *self.faults]
        return tuple(found)


class ClaimsFile(Part):
    """The claims of one source document: its id, its file's name, and the system it describes."""

    schema_version: Literal[2]
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


def load_claims(directory: Path) -> tuple[Claim, ...]:
    """Read every claims file in ``directory``, in the order of their documents.

    Raises:
        InputError: the directory holds none, one of them is not right (see
            :func:`read_model`), or two of them have a claim of the same id.
    """
    paths = sorted(directory.glob("*.toml"))
    if not paths:
        raise InputError(f"{directory} holds no claims file (*.toml)")
    files = [(path, read_model(path, "the claims", ClaimsFile)) for path in paths]
    files.sort(key=lambda file: file[1].document)
    first: dict[str, Path] = {}
    for path, file in files:
        if twice := [
            f"{path}: the claim {one!r} stands in {first[one]} already"
            for one in file.claims
            if one in first
        ]:
            raise InputError("\n".join(twice))
        first |= dict.fromkeys(file.claims, path)
    return tuple(claim for _, file in files for claim in claims_of(file))


def claims_of(file: ClaimsFile) -> Iterator[Claim]:
    """Yield the claims of a file, in its order."""
    for claim_id, table in file.claims.items():
        yield Claim(
            id=claim_id,
            documents=(file.document, *table.also_in),
            kind=table.kind,
            statement=table.statement,
            why=table.why,
            judgements=table.judgements,
        )


def chosen(claims: Sequence[Claim], ids: Iterable[str]) -> tuple[Claim, ...]:
    """Return the claims of ``ids`` in their own order; all of them where none is given.

    Raises:
        InputError: there is no claim of such an id; the text names the nearest.
    """
    wanted = list(ids)
    known = [claim.id for claim in claims]
    unknown = [claim_id for claim_id in wanted if claim_id not in known]
    if unknown:
        lines = [f"there is no claim {name!r}.{suggestion(name, known)}" for name in unknown]
        raise InputError("\n".join(lines))
    return tuple(claim for claim in claims if not wanted or claim.id in wanted)
