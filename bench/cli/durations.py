"""How long measuring will take, said before it begins."""

from __future__ import annotations

from collections.abc import Iterable

from bench.checks.trials import distinct_subjects
from bench.discovery import load
from bench.scenario.plan import Plan, Trial
from bench.scenario.scenario import Scenario, Use
from bench.subjects._factory import subject_class

# What ``Server.beside_s`` is for a subject without a server, from recorded trials on two cores.
_BESIDE_WITHOUT_SERVER_S = 1.5

# What checking a subject takes: conformance and crash check, each about half. From 11 subjects.
_CHECKS_S = 4.0
_CHECKS_WITH_SERVER_S = 9.0


def expected_s(scenario: Scenario, trials: Iterable[Trial]) -> float:
    """Return about how many seconds ``trials`` take."""
    beside_s = {label: _beside_s(scenario.resolve(label)) for label in scenario.subjects}
    return sum(trial.warmup_s + trial.duration_s + beside_s[trial.subject] for trial in trials)


def _beside_s(use: Use) -> float:
    server = _server_of(use)
    return _BESIDE_WITHOUT_SERVER_S if server is None else load("server", server).beside_s


def _server_of(use: Use) -> str | None:
    return subject_class(use.use, use.options).server


def checks_s(scenario: Scenario) -> float:
    """Return about how many seconds the checks take that ``scenario`` wants before its trials."""
    servers = (_server_of(scenario.resolve(label)) for label in distinct_subjects(scenario))
    both_s = sum(_CHECKS_S if server is None else _CHECKS_WITH_SERVER_S for server in servers)
    return both_s * (scenario.conformance + scenario.crash_check) / 2


def minutes_of(scenario: Scenario, plan: Plan) -> tuple[float, float]:
    """Return about how many minutes measuring ``plan`` takes at least, and at most.

    The checks before it count, too. The certain trials are measured whatever they take.
    """
    checks = checks_s(scenario) / 60
    least = checks + expected_s(scenario, plan.expected()) / 60
    if scenario.precision is None:
        return least, least
    most = checks + expected_s(scenario, plan.trials) / 60
    return least, min(most, max(least, checks + scenario.precision.budget_s / 60))


def extent(scenario: Scenario, plan: Plan) -> str:
    """Say how many trials there are, and how long they take."""
    least, most = minutes_of(scenario, plan)
    if scenario.precision is None:
        return f"{len(plan.trials)} trials, about {least:.1f} minutes"
    certain = len(plan.expected())
    return (
        f"{certain} trials for certain and {len(plan.trials) - certain} optional, "
        f"about {least:.1f} to {most:.1f} minutes"
    )
