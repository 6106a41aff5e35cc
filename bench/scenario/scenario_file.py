"""Reads a scenario file, says what is wrong with it (which key, what was expected); writes one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import prod
from pathlib import Path

import tomli_w

from bench.errors import InputError, suggestion
from bench.scenario.arrival import MOST_ARRIVALS, Open, Search
from bench.scenario.family import family_problems
from bench.scenario.limits.threshold import ask_problems, threshold_problems
from bench.scenario.scenario import AXES, LABELLED, Scenario
from bench.scenario.toml_file import parse_toml, read_text, validated
from bench.scenario.version_1 import renewed

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
    return checked(validated(renewed(parse_toml(text, origin)), origin, Scenario), origin)


def checked(scenario: Scenario, origin: str) -> Scenario:
    """Return ``scenario`` if its parts fit each other; ``origin`` names it in errors.

    Raises:
        InputError: they do not.
    """
    problems = [*_undefined_labels(scenario), *_repetitions(scenario)]
    problems = problems or [
        *_impossible_loads(scenario),
        *family_problems(scenario),
        *ask_problems(scenario),
        *threshold_problems(scenario),
    ]
    if problems:
        raise InputError("\n".join(f"{origin}: {problem}" for problem in problems))
    return scenario


def scenario_text(scenario: Scenario, comment: str = "") -> str:
    """Return TOML that ``parse_scenario`` reads as an equal scenario, below a line of ``comment``.

    Raises:
        InputError: an option holds what TOML has no literal for.
    """
    lines = "".join(f"# {line}\n" for line in comment.splitlines())
    try:
        return lines + tomli_w.dumps(scenario.model_dump(exclude_unset=True, exclude_none=True))
    except TypeError as error:
        raise InputError(f"a scenario cannot be written again: {error}") from error


def _undefined_labels(scenario: Scenario) -> Iterator[str]:
    for name, sweep in scenario.sweeps.items():
        for table in LABELLED:
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
    yield from _store_problems(scenario)
    yield from _baseline_problems(scenario)


def _repetitions(scenario: Scenario) -> Iterator[str]:
    """Find what would be measured twice, in trials that nothing distinguishes."""
    lists = {"probes": scenario.probes, "primary_metrics": scenario.primary_metrics}
    for name, sweep in scenario.sweeps.items():
        axes = (*AXES, "stores", "faults")
        lists |= {f"sweeps.{name}.{axis}": getattr(sweep, axis) for axis in axes}
    for place, given in lists.items():
        for label in sorted({label for label in given if given.count(label) > 1}):
            yield f"{place} names {label!r} more than once"
    for (name, sweep), (other, later) in combinations(scenario.sweeps.items(), 2):
        shared = [set(getattr(sweep, axis)) & set(getattr(later, axis)) for axis in AXES]
        beside = [
            set(getattr(sweep, axis) or ("",)) & set(getattr(later, axis) or ("",))
            for axis in ("stores", "faults")
        ]
        if all(shared) and all(beside):
            yield (
                f"sweeps.{name} and sweeps.{other} both measure {' × '.join(map(min, shared))}; "
                "a cell may be measured by one sweep only"
            )


def _impossible_loads(scenario: Scenario) -> Iterator[str]:
    most = scenario.precision.most_repetitions if scenario.precision else scenario.repetitions
    if most < scenario.repetitions:
        yield (
            f"precision.most_repetitions = {most}: expected at least the repetitions, "
            f"{scenario.repetitions}"
        )
    for name, sweep in scenario.sweeps.items():
        repetitions = sweep.repetitions or scenario.repetitions
        blocks = max(repetitions, most) if scenario.precision else repetitions
        trials = blocks * prod(len(getattr(sweep, axis)) for axis in AXES)
        trials *= max(1, len(sweep.stores)) * max(1, len(sweep.faults))
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
        searches = [a for a in sweep.arrivals if isinstance(scenario.arrivals[a], Search)]
        if searches and repetitions < 2:
            yield (
                f"sweeps.{name}: the search {searches[0]!r} needs 2 repetitions at least: "
                "one picks the rate, another estimates"
            )


def _store_problems(scenario: Scenario) -> Iterator[str]:
    for name, sweep in scenario.sweeps.items():
        if sweep.stores and sweep.faults:
            yield f"sweeps.{name}: give 'stores' or 'faults': a store that was copied is not broken"
    for label, store in scenario.stores.items():
        if store.preload.payload not in scenario.payloads:
            hint = suggestion(store.preload.payload, scenario.payloads)
            yield f"stores.{label}.preload.payload names {store.preload.payload!r}.{hint}"


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
