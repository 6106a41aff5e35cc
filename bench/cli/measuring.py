"""Measures a plan on behalf of a verb: shows how far it is, and decides about optional blocks."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType

from bench.analysis.precision import Stopping
from bench.analysis.trial_summary import summarise_trial
from bench.checks.checking import check_subjects
from bench.checks.opening import check_opening
from bench.cli.durations import Durations
from bench.cli.progress import Detail, Pace, Shown, displayed, place
from bench.interpreters.environments import HELD, PreparedEnvironment
from bench.interpreters.of_subjects import prepare_own
from bench.measure.environment import read_environment
from bench.measure.preflight import check_plugins, check_services
from bench.measure.runner import NO_OTHERS, Interpreters, IsWanted, Progress, Remaining, no_more
from bench.measure.runner import run as measure
from bench.records.run import RunRecord, new_run
from bench.records.store import Run, Store
from bench.records.trial import TrialRecord
from bench.scenario.metric import unit_of
from bench.scenario.plan import Plan, Trial, expand
from bench.scenario.quantity import quantity
from bench.scenario.scenario import OwnInterpreter, Scenario
from bench.stores.templates import prepare_stores

Environments = Mapping[str | OwnInterpreter, PreparedEnvironment]
NO_ARMS: Environments = MappingProxyType({})


class MoreBlocks:
    """Answers the runner whether an optional block is wanted, and tells why it is or is not.

    ``say`` gets a line for each block that is added, and one for each condition that gets no more
    though its intervals are still too wide.
    """

    def __init__(self, stopping: Stopping, say: Callable[[str], None]) -> None:
        self._stopping = stopping
        self._say = say
        self._told: set[tuple[str, ...]] = set()

    def add(self, record: TrialRecord) -> None:
        """Take a finished trial into account."""
        self._stopping.add(record)

    def is_wanted(self, trial: Trial) -> bool:
        """Tell whether the block of ``trial`` is to be measured."""
        wish = self._stopping.wish(trial)
        name = " · ".join(trial.condition)
        if wish.is_wanted:
            self._say(f"another block of {name}: {wish.because}")
        elif wish.because and trial.condition not in self._told:
            self._told.add(trial.condition)
            self._say(f"no more blocks of {name}: {wish.because}")
        return wish.is_wanted


def measure_run(
    scenario: Scenario,
    name: str,
    store: Store,
    text: str,
    arms: Environments = NO_ARMS,
    detail: Detail = "normal",
) -> Run:
    """Measure ``scenario``, whose file holds ``text``, as a run of this ``name``; show progress.

    ``arms`` has the environments that it names and does not describe.
    ``KeyboardInterrupt`` passes through; what was measured is kept.
    """
    check_plugins(scenario, name)
    plan = expand(scenario)
    say = saying(detail)
    environments = {**arms, **prepare_own(scenario, say)}
    record = described(scenario, plan, name, text, environments)
    interpreters = interpreters_in(environments)
    check_opening(scenario, os.environ, interpreters, say)
    store.begin(record)
    measure_shown(scenario, plan, store, record.run_id, interpreters, detail)
    return store.read(record.run_id)


def saying(detail: Detail) -> Callable[[str], None]:
    """Return what prints a line, unless that is to be quiet."""

    def say(text: str) -> None:
        if detail != "quiet":
            print(text, flush=True)

    return say


def interpreters_in(environments: Environments) -> Interpreters:
    """Return the interpreters of ``environments``."""
    return {key: found.interpreter for key, found in environments.items()}


def described(
    scenario: Scenario, plan: Plan, name: str, text: str, environments: Environments = NO_ARMS
) -> RunRecord:
    """Return the record of a run that begins now, with what ``environments`` have of their own.

    Raises:
        UnavailableError: a server does not answer, or no embedded one is installed.
    """
    services = check_services(scenario, os.environ)
    environment = read_environment(services.packages, services.servers, services.programs)
    differing = {
        f"{package} ({label})": version
        for key, found in environments.items()
        for label in ([key] if isinstance(key, str) else scenario.measured_with(key))
        for package, version in (*found.versions.items(), *_constraints(found))
    }
    environment = replace(environment, packages={**environment.packages, **differing})
    return new_run(name, text, scenario, plan, environment, datetime.now(UTC))


def _constraints(found: PreparedEnvironment) -> list[tuple[str, str]]:
    return [] if found.constraints == HELD else [("constraints", found.constraints)]


def measure_shown(
    scenario: Scenario,
    plan: Plan,
    store: Store,
    run_id: str,
    interpreters: Interpreters = NO_OTHERS,
    detail: Detail = "normal",
    durations: Durations | None = None,
) -> None:
    """Check the subjects and measure what ``run_id`` lacks, with as many blocks as are wanted.

    ``KeyboardInterrupt`` passes through; what was measured is kept.

    Raises:
        InputError: another process is at work on the run.
    """
    with store.locked(run_id), ExitStack() as stack:
        finished = store.finished(run_id)
        expected = expected_so_far(plan, store, run_id)
        coming = [trial for trial in expected if trial.id not in finished]
        done, total = len(expected) - len(coming), len(expected)
        display = stack.enter_context(displayed(total, sys.stdout, detail, done))
        lengths_s = (durations or Durations()).by_trial_s(scenario, plan)
        pace = Pace(lengths_s, _optional(plan), finished)
        shown = Shown(display, pace, partial(headline, store.read(run_id)))
        check_subjects(scenario, store, run_id, os.environ, interpreters, shown.begin)
        templates = prepare_stores(scenario, coming, os.environ, interpreters, shown.begin)
        if coming:
            shown.begin(f"measuring {place(coming[0])}")
        on_progress: Callable[[Progress], None] = shown
        is_wanted: IsWanted = no_more
        if plan.optional_blocks:
            more = MoreBlocks(Stopping(store.read(run_id)), shown.say)
            is_wanted = more.is_wanted

            def on_progress(made: Progress) -> None:
                shown(made)
                more.add(made.record)

        measure(
            scenario,
            plan,
            store,
            run_id,
            on_progress,
            os.environ,
            interpreters,
            is_wanted=is_wanted,
            templates=templates,
        )


def headline(run: Run, record: TrialRecord) -> str:
    """Say what a trial of ``run`` gave of the first primary metric that it has; else nothing.

    Of one that was broken: what was lost.
    """
    found = record.verification
    if record.trial.fault and found is not None:
        if found.unread:
            return "not read back"
        return f"lost {found.missing} of {found.acknowledged}"
    if not record.has_samples or record.trial.fault:
        return ""
    values = summarise_trial(run, record, tails=()).values
    for name in run.scenario.primary_metrics:
        unit = unit_of(name)
        if unit and name in values:
            return (
                f"{name.replace('.response', '').replace('.', ' ')} {quantity(values[name], unit)}"
            )
    return ""


def _optional(plan: Plan) -> dict[str, str]:
    return {trial.id: trial.block for trial in plan.trials if trial.block in plan.optional_blocks}


def is_complete(plan: Plan, store: Store, run_id: str) -> bool:
    """Tell whether nothing of ``run_id`` is left to measure, nor any optional block wanted."""
    is_wanted: IsWanted = no_more
    if plan.optional_blocks:
        stopping = Stopping(store.read(run_id))

        def is_wanted(trial: Trial) -> bool:
            return stopping.wish(trial).is_wanted

    remaining = Remaining(plan, store.finished(run_id), is_wanted)
    return next(iter(remaining), None) is None


def expected_so_far(plan: Plan, store: Store, run_id: str) -> tuple[Trial, ...]:
    """Return the trials that are measured in any case, and those of the blocks begun."""
    finished = store.finished(run_id)
    return plan.expected({trial.block for trial in plan.trials if trial.id in finished})
