"""Reads a scenario file and says what is wrong with it: which key, what was expected."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from itertools import combinations
from math import prod
from pathlib import Path
from typing import Any, get_origin

from pydantic import BaseModel, ValidationError

from bench.errors import InputError, suggestion
from bench.printable import CONTROL_CHARACTER, printable
from bench.scenario.arrival import MOST_ARRIVALS, Open, Search
from bench.scenario.scenario import AXES, TABLES, Scenario
from bench.scenario.threshold_selection import threshold_problems

MOST_TRIALS = 100_000
"""A sweep with more would take days to measure, and the plan of some takes all memory."""


def load_scenario(path: Path) -> Scenario:
    """Read and check the scenario file at ``path``.

    Raises:
        InputError: the file is missing, is not TOML, has an unknown or missing key, a value of a
            wrong type, or a label that is not defined, measures a cell twice, or has a threshold
            that selects no cell; the text names the file and the key.
    """
    return parse_scenario(read_text(path, "the scenario"), str(path))


def parse_scenario(text: str, origin: str) -> Scenario:
    """Check the scenario ``text``; ``origin`` names it in errors. See :func:`load_scenario`."""
    raw = parse_toml(text, origin)
    try:
        scenario = Scenario.model_validate(raw)
    except ValidationError as error:
        raise InputError("\n".join(validation_messages(error, origin, Scenario))) from error
    problems = [*_undefined_labels(scenario), *_repetitions(scenario)]
    problems = problems or [
        *_impossible_loads(scenario),
        *_precision_problems(scenario),
        *threshold_problems(scenario),
    ]
    if problems:
        raise InputError("\n".join(f"{origin}: {problem}" for problem in problems))
    return scenario


def read_text(path: Path, what: str) -> str:
    """Return the text of a file that people write, without the mark that may stand before UTF-8.

    Raises:
        InputError: it is missing or is not UTF-8; ``what`` says what was to be read.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InputError(f"{path}: cannot read {what}: {reason}") from error


def parse_toml(text: str, origin: str) -> dict[str, Any]:
    """Return the tables that ``text`` holds; ``origin`` names it in errors.

    Raises:
        InputError: it is not TOML, or a text in it has a character that a terminal would obey.
    """
    try:
        raw = tomllib.loads(text)
        texts = list(_texts(raw, ""))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"{origin}: this is not valid TOML: {error}") from error
    for key, inside in texts:
        if found := CONTROL_CHARACTER.search(inside):
            raise InputError(
                f"{origin}: {printable(key)}: a text holds the control character "
                f"{printable(found[0])}; only line feeds and tabs are expected"
            )
    return raw


def _texts(value: Any, key: str) -> Iterator[tuple[str, str]]:
    """Yield every text in ``value``, the keys too, with the key that it stands under."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each, key)
    elif isinstance(value, dict):
        for name, each in value.items():
            place = f"{key}.{name}" if key else name
            yield place, name
            yield from _texts(each, place)


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
        for table in TABLES:
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
        lists |= {f"sweeps.{name}.{axis}": getattr(sweep, axis) for axis in AXES}
    for place, given in lists.items():
        for label in sorted({label for label in given if given.count(label) > 1}):
            yield f"{place} names {label!r} more than once"
    for (name, sweep), (other, later) in combinations(scenario.sweeps.items(), 2):
        shared = [set(getattr(sweep, axis)) & set(getattr(later, axis)) for axis in AXES]
        if all(shared):
            yield (
                f"sweeps.{name} and sweeps.{other} both measure {' × '.join(map(min, shared))}; "
                "a cell may be measured by one sweep only"
            )


def _impossible_loads(scenario: Scenario) -> Iterator[str]:
    for name, sweep in scenario.sweeps.items():
        blocks = sweep.repetitions or scenario.repetitions
        if scenario.precision:
            blocks = max(blocks, scenario.precision.most_repetitions)
        trials = blocks * prod(len(getattr(sweep, axis)) for axis in AXES)
        if trials > MOST_TRIALS:
            yield f"sweeps.{name}: it has {trials} trials, expected {MOST_TRIALS} at most"
        length_s = scenario.warmup_s + (sweep.duration_s or scenario.duration_s)
        for label in scenario.arrivals_of(sweep):
            arrival = scenario.arrival(label)
            if isinstance(arrival, Open) and arrival.highest_rate_per_s * length_s > MOST_ARRIVALS:
                yield (
                    f"sweeps.{name}: {arrival.highest_rate_per_s:g} cycles per second for "
                    f"{length_s:g} s ({label}) are more than {MOST_ARRIVALS}"
                )
        repetitions = sweep.repetitions or scenario.repetitions
        searches = [a for a in sweep.arrivals if isinstance(scenario.arrivals[a], Search)]
        if searches and repetitions < 2:
            yield (
                f"sweeps.{name}: the search {searches[0]!r} needs 2 repetitions at least: "
                "one picks the rate, another estimates"
            )


def _precision_problems(scenario: Scenario) -> Iterator[str]:
    precision = scenario.precision
    if precision and precision.most_repetitions < scenario.repetitions:
        yield (
            f"precision.most_repetitions = {precision.most_repetitions}: expected at least the "
            f"repetitions, {scenario.repetitions}"
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
