"""The scenario file: one question, and everything that changes a number.

A scenario is TOML. Subjects, workloads, payloads and arrivals are tables keyed by a label; a
**sweep** says which of them are crossed with which loops. What a plug-in's ``options`` may hold is
the plug-in's own business and is checked by ``bench.measure.preflight``.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Literal, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from bench.errors import InputError, suggestion
from bench.spec.arrival import MOST_ARRIVALS, Arrival, Closed, Open, Search


def _label(text: str) -> str:
    if re.fullmatch(r"[a-z0-9][a-z0-9_.-]{0,40}", text):
        return text
    raise PydanticCustomError(
        "label",
        "expected a label: at most 41 of a-z, 0-9, '_', '.' and '-', with a letter or digit first",
    )


Label = Annotated[str, AfterValidator(_label)]
Labels = Annotated[tuple[Label, ...], Field(strict=False, min_length=1)]
Name = Annotated[str, Field(min_length=1)]
Names = Annotated[tuple[Name, ...], Field(strict=False, min_length=1)]

# What a sweep crosses: labels of these tables, and names of loops.
_TABLES = ("subjects", "workloads", "payloads", "arrivals")
_AXES = (*_TABLES, "loops")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Use(_Part):
    """A plug-in by name with its options."""

    use: str = Field(min_length=1)
    options: Mapping[str, Any] = Field(default_factory=dict)


class SubjectUse(Use):
    """A subject; ``same_as`` marks an A/A arm: the same subject measured under a second label."""

    use: str = ""
    same_as: str = ""


class Baseline(_Part):
    """What the others are compared with, inside each block.

    At most one of ``subjects`` (each other subject is compared with each of these, loop by loop)
    and ``loop`` (each other loop is compared with it, subject by subject).
    """

    subjects: Annotated[tuple[Label, ...], Field(strict=False)] = ()
    loop: str = ""
    across_durability: bool = False


class Sweep(_Part):
    """A cross product of labels; its subjects × loops are the arms of each block.

    ``aside``: measured beside the question. Its cells are in the tables, the answer does not quote
    them.
    """

    subjects: Labels
    workloads: Labels
    payloads: Labels
    arrivals: Labels
    loops: Names
    repetitions: int | None = Field(default=None, ge=1, le=1000)
    duration_s: float | None = Field(default=None, gt=0.0, le=3600.0)
    aside: bool = False


class Scenario(_Part):
    """One question put to several subjects; docs/scenarios.md explains each key."""

    schema_version: Literal[1]
    question: str = Field(min_length=1)
    seed: int = Field(ge=0)
    repetitions: int = Field(ge=1, le=1000)
    warmup_s: float = Field(ge=0.0, le=600.0)
    warmup_cycles: int = Field(default=2, ge=0, le=1_000_000)
    duration_s: float = Field(gt=0.0, le=3600.0)
    drain_s: float = Field(default=10.0, gt=0.0, le=600.0)
    verify_s: float = Field(default=2.0, ge=0.0, le=600.0)
    primary_metrics: Annotated[tuple[str, ...], Field(strict=False, min_length=1)] = (
        "put.response.p50",
        "get_tuple.response.p50",
        "throughput",
    )
    probes: Annotated[tuple[str, ...], Field(strict=False)] = (
        "loop_lag",
        "process_usage",
        "stored_bytes",
    )
    baseline: Baseline = Field(default_factory=Baseline)
    subjects: Mapping[Label, SubjectUse] = Field(min_length=1)
    workloads: Mapping[Label, Use] = Field(min_length=1)
    payloads: Mapping[Label, Use] = Field(min_length=1)
    arrivals: Mapping[Label, Arrival] = Field(min_length=1)
    sweeps: Mapping[Label, Sweep] = Field(min_length=1)

    def resolve(self, label: str) -> SubjectUse:
        """Return the subject behind ``label``, following ``same_as``."""
        subject = self.subjects[label]
        return self.subjects[subject.same_as] if subject.same_as else subject

    def arrival(self, label: str) -> Closed | Open:
        """Return the arrival of a trial: ``label``, or ``label@rate`` for one rate of a search."""
        name, _, rate = label.partition("@")
        found = self.arrivals[name]
        return found.levels()[rate] if isinstance(found, Search) else found

    def arrivals_of(self, sweep: Sweep) -> tuple[str, ...]:
        """Name the arrivals that ``sweep`` measures, each rate of a search as ``label@rate``."""
        return tuple(
            f"{label}@{rate}" if rate else label
            for label in sweep.arrivals
            for rate in _levels(self.arrivals[label])
        )

    def digest(self) -> str:
        """Return a hash of the meaning of the scenario: layout and comments do not count."""
        text = self.model_dump_json()
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def _levels(arrival: Any) -> tuple[str, ...]:
    return tuple(arrival.levels()) if isinstance(arrival, Search) else ("",)


def load_scenario(path: Path) -> Scenario:
    """Read and check the scenario file at ``path``.

    Raises:
        InputError: the file is missing, is not TOML, has an unknown or missing key, a value of a
            wrong type, or a label that is not defined, or measures a cell twice; the text names
            the file and the key.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InputError(f"{path}: cannot read the scenario: {reason}") from error
    return parse_scenario(text, str(path))


def parse_scenario(text: str, origin: str) -> Scenario:
    """Check the scenario ``text``; ``origin`` names it in errors. See :func:`load_scenario`."""
    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"{origin}: this is not valid TOML: {error}") from error
    try:
        scenario = Scenario.model_validate(raw)
    except ValidationError as error:
        raise InputError("\n".join(validation_messages(error, origin, Scenario))) from error
    problems = [*_undefined_labels(scenario), *_repetitions(scenario)]
    problems = problems or [*_too_long_schedules(scenario)]
    if problems:
        raise InputError("\n".join(f"{origin}: {problem}" for problem in problems))
    return scenario


def validation_messages(
    error: ValidationError, origin: str, model: type[BaseModel]
) -> Iterator[str]:
    """Yield one sentence for each problem: file, key, what was expected, the nearest valid name."""
    for problem in error.errors():
        location = [str(part) for part in problem["loc"]]
        key = ".".join(_without_tag(location)) or "(top level)"
        if problem["type"] == "extra_forbidden":
            valid = _keys_at(model, location[:-1])
            yield f"{origin}: unknown key {key!r}.{suggestion(location[-1], valid)}"
        elif problem["type"] == "missing":
            yield f"{origin}: the key {key!r} is missing"
        else:
            given = repr(problem["input"])
            shown = given if len(given) <= 60 else given[:57] + "…"
            # Where a table's key is wrong, its path ends with the key and this sign.
            place = f"{location[0]}, {shown}" if location[-1:] == ["[key]"] else f"{key} = {shown}"
            yield f"{origin}: {place}: {problem['msg']}"


def _without_tag(location: list[str]) -> list[str]:
    """Drop what pydantic adds to a path inside a tagged union: the tag, which is no key."""
    tagged = len(location) > 2 and location[0] == "arrivals"
    return location[:2] + location[3:] if tagged else location


def _keys_at(model: type[BaseModel], location: list[str]) -> list[str]:
    """Name the keys that a table may hold, following ``location`` through nested models."""
    models = [model]
    is_label = False
    for part in location:
        if is_label:
            # The key of a table of labels may be spelt as a field is.
            is_label = False
            continue
        found: list[type[BaseModel]] = []
        for candidate in models:
            field = candidate.model_fields.get(part)
            found += _models_in(field.annotation) if field else [candidate]
            is_label = field is not None and get_origin(field.annotation) is Mapping
        models = [m for m in found if part not in _kinds(found) or part in _kinds([m])]
    return sorted({key for candidate in models for key in candidate.model_fields})


def _kinds(models: list[type[BaseModel]]) -> set[str]:
    kinds = (m.model_fields["kind"] for m in models if "kind" in m.model_fields)
    return {name for kind in kinds for name in re.findall(r"'(\w+)'", str(kind.annotation))}


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in getattr(annotation, "__args__", ()) for model in _models_in(inner)]


def _undefined_labels(scenario: Scenario) -> Iterator[str]:
    for name, sweep in scenario.sweeps.items():
        for table in _TABLES:
            defined = getattr(scenario, table)
            for label in getattr(sweep, table):
                if label not in defined:
                    yield (
                        f"sweeps.{name}.{table} names {label!r}, which is not defined in "
                        f"[{table}].{suggestion(label, defined)}"
                    )
    for label, subject in scenario.subjects.items():
        place = f"subjects.{label}"
        if bool(subject.use) == bool(subject.same_as):
            yield f"{place}: give exactly one of 'use' and 'same_as'"
        elif subject.same_as:
            valid = [key for key, other in scenario.subjects.items() if other.use]
            if subject.same_as not in valid:
                hint = suggestion(subject.same_as, valid)
                yield f"{place}.same_as names {subject.same_as!r}.{hint}"
            elif subject.options:
                yield f"{place}: an A/A arm takes its options from {subject.same_as!r}"
    yield from _baseline_problems(scenario)


def _repetitions(scenario: Scenario) -> Iterator[str]:
    """Find what would be measured twice, in trials that could then not be told apart."""
    lists = {"probes": scenario.probes, "primary_metrics": scenario.primary_metrics}
    for name, sweep in scenario.sweeps.items():
        lists |= {f"sweeps.{name}.{axis}": getattr(sweep, axis) for axis in _AXES}
    for place, given in lists.items():
        for label in sorted({label for label in given if given.count(label) > 1}):
            yield f"{place} names {label!r} more than once"
    for (name, sweep), (other, later) in combinations(scenario.sweeps.items(), 2):
        shared = [set(getattr(sweep, axis)) & set(getattr(later, axis)) for axis in _AXES]
        if all(shared):
            yield (
                f"sweeps.{name} and sweeps.{other} both measure {' × '.join(map(min, shared))}; "
                "a cell may be measured by one sweep only"
            )


def _too_long_schedules(scenario: Scenario) -> Iterator[str]:
    for name, sweep in scenario.sweeps.items():
        length_s = scenario.warmup_s + (sweep.duration_s or scenario.duration_s)
        for label in scenario.arrivals_of(sweep):
            arrival = scenario.arrival(label)
            if isinstance(arrival, Open) and arrival.highest_rate_per_s * length_s > MOST_ARRIVALS:
                yield (
                    f"sweeps.{name}: {arrival.highest_rate_per_s:g} cycles per second for "
                    f"{length_s:g} s ({label}) are more than {MOST_ARRIVALS}"
                )


def _baseline_problems(scenario: Scenario) -> Iterator[str]:
    baseline = scenario.baseline
    if baseline.subjects and baseline.loop:
        yield "baseline: give 'subjects' or 'loop', not both"
    for label in baseline.subjects:
        if label not in scenario.subjects:
            yield f"baseline.subjects names {label!r}.{suggestion(label, scenario.subjects)}"
    loops = {loop for sweep in scenario.sweeps.values() for loop in sweep.loops}
    if baseline.loop and baseline.loop not in loops:
        yield f"baseline.loop names {baseline.loop!r}.{suggestion(baseline.loop, loops)}"
