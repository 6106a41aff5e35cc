"""Checks a scenario against what is installed and running, before anything is measured."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from typing import Any

from pydantic import ValidationError

from bench.contracts import Loop, Server, Subject
from bench.discovery import load
from bench.errors import InputError
from bench.handover.parts import options_of
from bench.records.redaction import secrets_within
from bench.scenario.scenario import FaultUse, OwnInterpreter, Scenario, SubjectUse, Use
from bench.scenario.toml_file import validation_messages
from bench.subjects._factories.factory import subject_of

# Another version of it may ask for more.
_SUITE = "langgraph-checkpoint-conformance"


@dataclass(frozen=True, slots=True)
class Services:
    """What a scenario needs and has: servers, in words, and the packages of its subjects.

    ``programs`` are those of embedded servers: version and SHA-256 by file name.
    """

    servers: Mapping[str, str]
    programs: Mapping[str, str]
    packages: tuple[str, ...]


def check_plugins(scenario: Scenario, origin: str) -> None:
    """Check every plug-in and option that ``scenario`` names; ``origin`` is its file.

    Raises:
        InputError: a name or an option is wrong; all such problems are told at once.
        MissingPackageError: a plug-in needs a package that is not installed.
    """
    problems = list(_problems(scenario, origin))
    if problems:
        raise InputError("\n".join(problems))


def check_services(scenario: Scenario, environment: Mapping[str, str]) -> Services:
    """Find the servers that ``scenario`` needs; ``environment`` may name external ones.

    Raises:
        UnavailableError: a server does not answer, or no embedded one is installed.
    """
    used = [(subject_of(use), use) for use in _used_subjects(scenario)]
    servers, programs = dict[str, str](), dict[str, str]()
    for name in sorted({subject.server for subject, _ in used if subject.server}):
        server = load("server", name)(environment)
        servers[name] = server.check(
            [
                subject.required_settings(options_of(subject, use))
                for subject, use in used
                if subject.server == name
            ]
        )
        programs |= server.programs()
    return Services(servers, programs, packages_of(scenario))


def packages_of(scenario: Scenario) -> tuple[str, ...]:
    """Return the distributions that the plug-ins of ``scenario`` declare, sorted."""
    subjects = [subject_of(use) for use in _used_subjects(scenario)]
    plugins: list[type[Subject | Server | Loop]] = [
        *subjects,
        *(load("server", subject.server) for subject in subjects if subject.server),
        *(load("loop", loop) for sweep in scenario.sweeps.values() for loop in sweep.loops),
    ]
    declared = {package for plugin in plugins for package in plugin.packages}
    return tuple(sorted(declared | ({_SUITE} if scenario.conformance else set())))


def _used_subjects(scenario: Scenario) -> list[SubjectUse]:
    return [scenario.resolve(label) for label in scenario.measured_subjects]


def _problems(scenario: Scenario, origin: str) -> Iterator[str]:
    for label, subject in scenario.subjects.items():
        if isinstance(subject.interpreter, OwnInterpreter):
            yield from _secret_problems(subject.interpreter, f"{origin}: subjects.{label}")
        if subject.use:
            yield from _plugin_problems("subject", f"subjects.{label}", subject, origin)
    tables: dict[str, Mapping[str, Use]] = {
        "workload": scenario.workloads,
        "payload": scenario.payloads,
        "fault": scenario.faults,
    }
    for kind, table in tables.items():
        for label, use in table.items():
            yield from _plugin_problems(kind, f"{kind}s.{label}", use, origin)
    yield from _interface_problems(scenario, origin)
    loops = {loop for sweep in scenario.sweeps.values() for loop in sweep.loops}
    for kind, used in (("loop", sorted(loops)), ("probe", sorted(scenario.probes))):
        for name in used:
            try:
                load(kind, name)
            except InputError as error:
                yield f"{origin}: {error}"


def _interface_problems(scenario: Scenario, origin: str) -> Iterator[str]:
    """Refuse a workload that calls what a subject does not have; what cannot be loaded is told."""
    for label, sweep in scenario.sweeps.items():
        for pair in product(sweep.subjects, sweep.workloads):
            with suppress(InputError):
                workload = load("workload", scenario.workloads[pair[1]].use)
                if unfit := workload.unfit(subject_of(scenario.resolve(pair[0])), pair[1]):
                    yield f"{origin}: sweeps.{label}: {pair[0]} {unfit}"


def _secret_problems(interpreter: OwnInterpreter, place: str) -> Iterator[str]:
    """Refuse what would be kept with each run, and shown in its report."""
    for at, requirement in enumerate(interpreter.requirements):
        # A port is no password, though an @ may come later.
        if secrets_within(re.sub(r":\d+/", "/", requirement)):
            yield (
                f"{place}.interpreter.requirements.{at} holds a user, password or token, which a "
                "run would keep: leave it out, and give it to git or the installer "
                "(a credential helper, netrc)"
            )


def _plugin_problems(kind: str, key: str, use: Use, origin: str) -> Iterator[str]:
    try:
        plugin: Any = subject_of(use) if isinstance(use, SubjectUse) else load(kind, use.use)
    except InputError as error:
        yield f"{origin}: {key}.use: {error}"
        return
    try:
        options = options_of(plugin, use)
        if isinstance(use, FaultUse) and plugin.from_start:
            for name in ("at", "times"):
                if getattr(use, name) != FaultUse.model_fields[name].default:
                    yield f"{origin}: {key}.{name}: {use.use} acts from the start, expected nothing"
        if kind in {"workload", "subject"}:
            plugin.check(options)
    except ValidationError as error:
        yield from validation_messages(error, f"{origin}: {key}.options", plugin.Options)
    except InputError as error:
        yield f"{origin}: {key}.options: {error}"
