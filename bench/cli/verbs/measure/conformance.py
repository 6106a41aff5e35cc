"""``conformance``: test savers for what LangGraph asks of them; measures nothing."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bench.analysis.checks import types_in_words
from bench.analysis.wording import counted
from bench.checks.conformance import conformance
from bench.checks.trials import check_trials, distinct_subjects
from bench.cli.loading import load_checked, scenario_path
from bench.cli.measuring import interpreters_in
from bench.errors import EXIT_INVALID, EXIT_PASS, EXIT_UNAVAILABLE, InputError, suggestion
from bench.handover.parts import options_of
from bench.interpreters.of_subjects import prepare_own
from bench.measure.runner import interpreters_of
from bench.records.check import CapabilityCheck, Conformance
from bench.scenario.scenario import SubjectUse
from bench.scenario.toml_file import validation_messages
from bench.subjects._factories.factory import subject_class

_SIGNS = {"passed": "✓", "failed": "✗", "not offered": "–"}
_NAME_WIDTH = 18


EXAMPLES = ("sqlite", "their_package.module:factory", "--scenario savers redis-always")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "subjects",
        nargs="*",
        metavar="SUBJECT",
        help="a subject, also their_package.module:factory; with --scenario a label, default: all",
    )
    parser.add_argument(
        "--scenario", metavar="SCENARIO", help="take the subjects with their options from it"
    )


def run(options: argparse.Namespace) -> int:
    """Test each subject and print how it did, capability by capability.

    Raises:
        InputError: there is no such subject.
        MissingPackageError: a subject needs a package that is not installed.
    """
    names = tuple(dict.fromkeys(options.subjects))
    found = _labelled(scenario_path(options.scenario), names) if options.scenario else _named(names)
    # A dotted path is no label.
    labels = {f"subject-{number}": name for number, name in enumerate(found, start=1)}
    trials = check_trials({label: found[name] for label, name in labels.items()}, seed=0)
    chosen = interpreters_of(
        trials.scenario, interpreters_in(prepare_own(trials.scenario, partial(print, flush=True)))
    )
    results: list[Conformance] = []
    for label, name in labels.items():
        print(f"checking {name} …", flush=True)
        result, left_behind = conformance(trials, label, os.environ, chosen[label])
        results.append(result)
        for line in _lines(result):
            print(f"  {line}")
        if left_behind:
            print(f"  warning: not all could be removed: {left_behind}")
    return _exit_code(results)


def _exit_code(results: Sequence[Conformance]) -> int:
    if any(result.failed for result in results):
        return EXIT_INVALID
    return EXIT_UNAVAILABLE if any(result.not_checked for result in results) else EXIT_PASS


def _labelled(path: Path, labels: Sequence[str]) -> Mapping[str, SubjectUse]:
    scenario, _ = load_checked(path)
    for label in labels:
        if label not in scenario.subjects:
            hint = suggestion(label, scenario.subjects)
            raise InputError(f"{path} has no subject {label!r}.{hint}")
    return {label: scenario.resolve(label) for label in labels or distinct_subjects(scenario)}


def _named(names: Sequence[str]) -> Mapping[str, SubjectUse]:
    if not names:
        raise InputError(
            "name a subject, or a file with --scenario; checkpoint-bench list names the subjects"
        )
    for name in names:
        plugin: Any = subject_class(name)
        try:
            plugin.check(options_of(plugin, SubjectUse(use=name)))
        except ValidationError as error:
            messages = validation_messages(error, f"{name}: options", plugin.Options)
            raise InputError("\n".join([*messages, "give them in a --scenario"])) from error
    return {name: SubjectUse(use=name) for name in names}


def _lines(result: Conformance) -> Iterator[str]:
    if result.not_checked:
        yield f"not checked: {result.not_checked}"
    for capability in result.capabilities:
        name = f"{capability.capability:{_NAME_WIDTH}}"
        yield f"{_SIGNS[capability.status]} {name}{_told(capability)}"
        yield from (f"    {test.name}: {test.reason}" for test in capability.failed)
    yield from types_in_words(result)
    yield from (f"    {test.name}: {test.reason}" for test in result.changed_types)


def _told(capability: CapabilityCheck) -> str:
    if capability.status == "not offered":
        return "not offered"
    tests = counted(capability.tests, "test")
    return f"{len(capability.failed)} of {tests} failed" if capability.failed else tests
