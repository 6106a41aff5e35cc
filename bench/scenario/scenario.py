"""The scenario file: one question, and everything that changes a number.

A scenario is TOML. Subjects, workloads, payloads and arrivals are tables keyed by a label; a
**sweep** says which of them are crossed with which loops. What a plug-in's ``options`` may hold is
the plug-in's own business and is checked by ``bench.measure.preflight``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    PlainValidator,
    Tag,
    model_validator,
)
from pydantic_core import PydanticCustomError

from bench.scenario.arrival import FOR_A_DIGEST, Arrival, Closed, Open, Search
from bench.scenario.limits.limit import BASELINE, WRITTEN, Limit, Reader
from bench.scenario.selection import ON, Label, Many, Name, Part, Selection, Some
from bench.scenario.toml_file import LABEL_TAG, TABLE_TAG

MOST_REPETITIONS = 1000
FEWEST_MEMORY_BYTES = 100_000_000

# What a sweep crosses: labels of these tables, and names of loops.
TABLES = ("subjects", "workloads", "payloads", "arrivals")
AXES = (*TABLES, "loops")
# What a sweep may name labels of.
LABELLED = (*TABLES, "stores", "faults")
# What a scenario measures that does not say it.
_TABLES_LEFT_OUT: Mapping[str, Any] = {
    "payloads": {"1k": {"use": "messages", "options": {"state_bytes": 1000}}},
    "arrivals": {"one": {"kind": "closed", "clients": 1}},
    "sweeps": {"all": {}},
}
# Keys of an arrival that change nothing where they are not given.
_UNUSUAL = ("round_trip_s", "placement")
# Keys that judge the numbers and change none.
_JUDGES = (
    *("ask", "thresholds", "families", "smallest_effect", "conformance", "crash_check"),
    "worker_memory_bytes",
)


class Use(Part):
    """A plug-in by name with its options."""

    use: str = Field(min_length=1)
    options: Mapping[str, Any] = Field(default_factory=dict)


class OwnInterpreter(Part):
    """A Python that has what ``requirements`` name as pip takes them; ``python``: its version."""

    requirements: Some[Name]
    python: str = Field(default="", pattern=r"^(3\.\d+)?$")

    def __str__(self) -> str:
        """Say what it has."""
        version = [f"Python {self.python}"] if self.python else []
        return ", ".join([*self.requirements, *version])


def _kind_of_interpreter(given: object) -> str:
    return LABEL_TAG if isinstance(given, str) else TABLE_TAG


class SubjectUse(Use):
    """A subject; ``same_as`` marks an A/A arm: the same subject measured under a second label.

    ``interpreter`` is the Python that its workers run on; "" is the one that runs the program. Any
    other label ``checkpoint-bench gate`` gives when it measures: a scenario holds no path.
    """

    use: str = ""
    same_as: str = ""
    interpreter: Annotated[
        Annotated[str, Tag(LABEL_TAG)] | Annotated[OwnInterpreter, Tag(TABLE_TAG)],
        Discriminator(_kind_of_interpreter),
    ] = ""

    @property
    def is_elsewhere(self) -> bool:
        """Whether ``use`` names what only an interpreter of its own can import."""
        return isinstance(self.interpreter, OwnInterpreter) and bool({".", ":"} & set(self.use))


def _range(given: object) -> object:
    """Take a number for a range of which both ends are that number."""
    return given if isinstance(given, list | tuple) else (given, given)


def _rising(given: tuple[_Number, _Number]) -> tuple[_Number, _Number]:
    if given[0] <= given[1]:
        return given
    raise PydanticCustomError("range", "expected a number, or the lowest and the highest one")


_Number = TypeVar("_Number", int, float)
_Range = Annotated[
    tuple[_Number, _Number],
    BeforeValidator(_range),
    Field(strict=False),
    AfterValidator(_rising),
]


class Moment(Part):
    """When a fault acts: as so many writes of the window are acknowledged, or so many seconds in.

    Each is a number, or the lowest and the highest of which one is drawn. Writes that are slow to
    come are not waited for longer than ``latest_s``.
    """

    operation: _Range[Annotated[int, Field(ge=1)]] | None = None
    s: _Range[Annotated[float, Field(ge=0.0)]] | None = None
    latest_s: float = Field(default=4.0, gt=0.0, le=3600.0)

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.operation is None) == (self.s is None):
            raise PydanticCustomError("moment", "expected either 'operation' or 's'")
        return self


class FaultUse(Use):
    """``[faults.LABEL]``: a fault, ``at`` a moment, and again ``times`` - 1 times.

    Each further moment is drawn anew, and counts from when the one before was over.
    """

    at: Moment = Moment(operation=(150, 400))
    times: int = Field(default=1, ge=1, le=1000)


# Ids of checkpoints are those of 2023, so that all that is put later sorts behind them.
_FIRST_TICK = 0x1EE00000 << 28
_TICKS_PER_STEP = 10_000


class Preload(Part):
    """What a store holds before its trials: ``threads`` with a history each, of one channel.

    In checkpoint k of thread n lies the state of ``payload`` for thread n and turn k.
    """

    threads: int = Field(ge=1, le=1_000_000)
    checkpoints_per_thread: int = Field(ge=1, le=100_000)
    payload: Label

    def thread_id(self, namespace: str, number: int) -> str:
        """Name a thread (0, 1, …)."""
        return f"{namespace}-p{number}"

    def checkpoint_id(self, step: int) -> str:
        """Return the id of a checkpoint (0, 1, …): a UUID of version 6, ordered by step."""
        tick = _FIRST_TICK + step * _TICKS_PER_STEP
        high, middle, low = tick >> 28, tick >> 12 & 0xFFFF, tick & 0xFFF
        return f"{high:08x}-{middle:04x}-6{low:03x}-8000-000000000000"


class StoreUse(Part):
    """``[stores.LABEL]``: a store that is filled once, and copied for each trial."""

    preload: Preload


class Precision(Part):
    """When a condition gets more blocks than its ``repetitions``; docs/scenarios.md has the rule.

    ``half_width``: wanted is that the 95 % interval of each primary metric's ratio reaches from
    its estimate ÷ (1 + half_width) to its estimate × (1 + half_width) at most. No condition gets
    more than ``most_repetitions`` blocks, and none is begun once the trials of the run have taken
    ``budget_s`` seconds.
    """

    half_width: float = Field(gt=0.0, le=10.0)
    most_repetitions: int = Field(ge=1, le=100)
    budget_s: float = Field(gt=0.0, le=604_800.0)


class Baseline(Part):
    """What the others are compared with, inside each block.

    At most one of ``subjects`` (each other subject is compared with each of these, loop by loop)
    and ``loop`` (each other loop is compared with it, subject by subject).
    """

    subjects: Many[Label] = ()
    loop: str = ""
    across_durability: bool = False


class Family(Selection):
    """``[families.NAME]``: comparisons that are read together, each metric for itself.

    ``against`` has by baseline the candidates that are compared with it. ``metrics``: of the
    primary ones; all where not given. Without ``sweeps`` it is about those that answer the
    question.
    """

    against: Mapping[Label, Some[Label]] = Field(min_length=1)
    metrics: Some[str] | None = None

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Each baseline with each of its candidates."""
        return tuple(
            (base, each) for base, candidates in self.against.items() for each in candidates
        )


class Sweep(Part):
    """A cross product of labels; its subjects × loops are the arms of each block.

    ``aside``: measured beside the question. Its cells are in the tables, the answer does not quote
    them. Each workload runs on each of the ``stores``, else on an empty one. With ``faults`` each
    trial is broken by one of them, and its times are compared with none.
    """

    subjects: Some[Label]
    workloads: Some[Label]
    payloads: Some[Label]
    arrivals: Some[Label]
    loops: Some[Name]
    repetitions: int | None = Field(default=None, ge=1, le=MOST_REPETITIONS)
    duration_s: float | None = Field(default=None, gt=0.0, le=3600.0)
    aside: bool = False
    stores: Many[Label] = ()
    faults: Many[Label] = ()

    @property
    def workload_labels(self) -> tuple[str, ...]:
        """The workloads of its cells: where it has stores, ``label@store``."""
        if not self.stores:
            return self.workloads
        return tuple(f"{label}{ON}{store}" for label in self.workloads for store in self.stores)


Confidence = Literal["estimate", "interval"]
Requirement = Annotated[Limit, PlainValidator(Reader(times=(BASELINE,))), WRITTEN]


class Threshold(Selection):
    """``[[thresholds]]``: what each selected cell must meet; without a selector, all are.

    With ``confidence`` "interval" the whole interval must meet it, not the estimate alone.
    """

    subjects: Some[str] | None = None
    require: Some[Requirement]
    confidence: Confidence = "estimate"

    @property
    def relative_metrics(self) -> tuple[str, ...]:
        """Name the metrics that are compared with the baseline."""
        return tuple(limit.metric for limit in self.require if limit.times)


CANDIDATE = "candidate"
SIDES = Reader((CANDIDATE, BASELINE), sides=True, sums=True, shares=True)
_OF_ONE = Reader()


def _asked(given: object) -> Limit:
    """Read the limit of one side as a multiple of the other, or that of a metric by itself."""
    is_multiple = re.search(r"\d\s*x\s", str(given)) is not None
    return (SIDES if is_multiple else _OF_ONE)(given)


class SubjectPair(Part):
    """Two subjects that are compared inside blocks."""

    candidate: Label
    baseline: Label


class Ask(Selection):
    """The question as a claim, so that yes or no follows by rule.

    With ``pairs`` each limit is about a ratio, as ``put.response.p50 of baseline >= 10 x
    candidate``; without them it is a metric's own, of the ``subjects``, as ``errors == 0``. It is
    about the sweeps that answer the question, unless ``sweeps`` names others. Pairs that do not
    promise the same are judged ``across_durability`` alone.
    """

    pairs: Many[SubjectPair] = ()
    across_durability: bool = False
    subjects: Some[Label] | None = None
    require: Some[Annotated[Limit, PlainValidator(_asked), WRITTEN]]

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if self.pairs and self.subjects:
            text = "expected subjects in 'pairs' alone, without 'subjects'"
            raise PydanticCustomError("subjects", text)
        if any(bool(limit.times) != bool(self.pairs) for limit in self.require):
            text = "expected multiples, as in '10 x candidate', with 'pairs', and only then"
            raise PydanticCustomError("require", text)
        return self


class Scenario(Part):
    """One question put to several subjects; docs/scenarios.md explains each key."""

    schema_version: Literal[2]
    question: str = Field(min_length=1)
    seed: int = Field(default=1, ge=0)
    repetitions: int = Field(default=5, ge=1, le=MOST_REPETITIONS)
    warmup_s: float = Field(default=0.5, ge=0.0, le=600.0)
    warmup_cycles: int = Field(default=2, ge=0, le=1_000_000)
    duration_s: float = Field(default=1.0, gt=0.0, le=3600.0)
    drain_s: float = Field(default=10.0, gt=0.0, le=600.0)
    verify_s: float = Field(default=2.0, ge=0.0, le=600.0)
    primary_metrics: Some[str] = (
        "put.response.p50",
        "get_tuple.response.p50",
        "throughput",
    )
    smallest_effect: float = Field(default=0.1, gt=0.0, le=1.0)
    probes: Many[str] = (
        "loop_lag",
        "loop_holder",
        "process_usage",
        "stored_bytes",
        "garbage_collector",
        "host_pressure",
    )
    baseline: Baseline = Field(default_factory=Baseline)
    families: Mapping[Label, Family] = Field(default_factory=dict)
    subjects: Mapping[Label, SubjectUse] = Field(min_length=1)
    workloads: Mapping[Label, Use] = Field(min_length=1)
    payloads: Mapping[Label, Use] = Field(min_length=1)
    arrivals: Mapping[Label, Arrival] = Field(min_length=1)
    sweeps: Mapping[Label, Sweep] = Field(min_length=1)
    stores: Mapping[Label, StoreUse] = Field(default_factory=dict)
    faults: Mapping[Label, FaultUse] = Field(default_factory=dict)
    ask: Ask | None = None
    thresholds: Many[Threshold] = ()
    precision: Precision | None = None
    conformance: bool = True
    crash_check: bool = True
    worker_memory_bytes: int | None = Field(default=None, ge=FEWEST_MEMORY_BYTES)

    @model_validator(mode="before")
    @classmethod
    def _filled_in(cls, given: Any) -> Any:
        """Add the tables and axes that may be left out; a sweep crosses all labels then."""
        if not isinstance(given, dict):
            return given
        filled = {**_TABLES_LEFT_OUT, **given}
        # A table that is missing or wrong is told itself, and not once more as an axis.
        labels = {
            table: list(found)
            if isinstance(found := filled.get(table), dict) and found
            else [table]
            for table in TABLES
        }
        axes = {**labels, "loops": ["selector"]}
        sweeps = filled["sweeps"]
        if isinstance(sweeps, dict):
            filled["sweeps"] = {
                label: {**axes, **sweep} if isinstance(sweep, dict) else sweep
                for label, sweep in sweeps.items()
            }
        return filled

    def resolve(self, label: str) -> SubjectUse:
        """Return the subject behind ``label``, following ``same_as``."""
        subject = self.subjects[label]
        return self.subjects[subject.same_as] if subject.same_as else subject

    def workload(self, label: str) -> Use:
        """Return the workload of a trial: ``label``, or ``label@store`` for one on a store."""
        return self.workloads[label.partition(ON)[0]]

    def preload(self, label: str) -> Preload | None:
        """Return what the store of a trial holds before it, from the ``label`` of its workload."""
        store = label.partition(ON)[2]
        return self.stores[store].preload if store else None

    @property
    def measured_subjects(self) -> list[str]:
        """The labels that some sweep names, in the order of the table."""
        used = {label for sweep in self.sweeps.values() for label in sweep.subjects}
        return [label for label in self.subjects if label in used]

    def measured_with(self, interpreter: OwnInterpreter) -> list[str]:
        """Return the labels of those that are measured and have this one."""
        labels = self.measured_subjects
        return [label for label in labels if self.resolve(label).interpreter == interpreter]

    def checked_as(self, label: str) -> str:
        """Return the first label that runs the same plug-in, with options and interpreter."""
        subject = self.resolve(label)
        return next(name for name in self.subjects if self.resolve(name) == subject)

    def arrival(self, label: str) -> Closed | Open:
        """Return the arrival of a trial: ``label``, or ``label@rate`` for one rate of a search."""
        name, _, rate = label.partition("@")
        found = self.arrivals[name]
        return found.levels()[rate] if isinstance(found, Search) else found

    def search_of(self, label: str) -> str:
        """Return the label of the search that ``label@rate`` belongs to, or nothing."""
        name = label.partition("@")[0]
        return name if isinstance(self.arrivals[name], Search) else ""

    def arrivals_of(self, sweep: Sweep) -> tuple[str, ...]:
        """Name the arrivals that ``sweep`` measures, each rate of a search as ``label@rate``."""
        labels: list[str] = []
        for label in sweep.arrivals:
            found = self.arrivals[label]
            rates = found.levels() if isinstance(found, Search) else ()
            labels += [f"{label}@{rate}" for rate in rates] or [label]
        return tuple(labels)

    def digest(self) -> str:
        """Return a hash of the meaning of the scenario: layout and comments do not count.

        Nor does the version of its form: a scenario that was renewed has the trials that it had.

        The interpreter of a subject that runs on the program's own has no part in it, nor have
        thresholds, families, the smallest effect and the checks: they judge the numbers and change
        none, so the same trials stay the same. The wanted precision decides how many trials there
        are.
        """
        exclude: dict[str, Any] = {**dict.fromkeys(_JUDGES, True), "schema_version": True}
        if not self.precision:
            exclude["precision"] = True
        # As scenarios were hashed before there were such tables.
        added = ("stores", "faults")
        exclude |= {table: True for table in added if not getattr(self, table)}
        exclude["sweeps"] = {
            label: {table for table in added if not getattr(sweep, table)}
            for label, sweep in self.sweeps.items()
        }
        exclude["subjects"] = {
            label: {"interpreter"} for label, one in self.subjects.items() if not one.interpreter
        }
        exclude["arrivals"] = {
            label: {key for key in _UNUSUAL if key not in arrival.model_fields_set}
            for label, arrival in self.arrivals.items()
        }
        text = self.model_dump_json(exclude=exclude, context=FOR_A_DIGEST)
        text = text.replace("{", '{"schema_version":1,', 1)
        return hashlib.sha256(text.encode()).hexdigest()[:16]
