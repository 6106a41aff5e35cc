"""Checks every distinct subject of a run that has no record of it yet."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime

from bench.checks.conformance import conformance_test
from bench.checks.crash import crash
from bench.checks.trials import CheckTrials, check_trials, distinct_subjects
from bench.handover.interpreter import Interpreter
from bench.measure.runner import Interpreters, interpreters_of
from bench.records.check import CheckRecord, Conformance, CrashCheck
from bench.records.store import Store
from bench.scenario.scenario import Scenario
from bench.verify.verifier_process import VerifierProcess


def check_subjects(
    scenario: Scenario,
    store: Store,
    run_id: str,
    environment: Mapping[str, str],
    interpreters: Interpreters,
    say: Callable[[str], None],
) -> None:
    """Check what ``scenario`` measures, as far as it wants that, and record it in ``run_id``.

    ``say`` gets a line for each subject; those that are recorded are not checked again.
    ``KeyboardInterrupt`` passes through; what was recorded is kept.

    Raises:
        InputError: a subject names an interpreter that is not among ``interpreters``.
    """
    if not (scenario.conformance or scenario.crash_check):
        return
    distinct = distinct_subjects(scenario)
    done = store.checked(run_id, distinct)
    labels = [label for label in distinct if label not in done]
    if not labels:
        return
    trials = check_trials(
        {label: scenario.resolve(label) for label in labels},
        scenario.seed,
        worker_memory_bytes=scenario.worker_memory_bytes,
    )
    chosen = interpreters_of(trials.scenario, interpreters)
    with ExitStack() as stack:
        verifiers = {
            interpreter: stack.enter_context(
                VerifierProcess(trials.scenario, environment, interpreter)
            )
            for interpreter in set(chosen.values())
        }
        for number, label in enumerate(labels, start=1):
            say(f"checking {number} of {len(labels)}: {label} …")
            verifier = verifiers[chosen[label]]
            record = _checked(scenario, trials, label, environment, chosen[label], verifier)
            store.add_check(run_id, record)


def _checked(
    scenario: Scenario,
    trials: CheckTrials,
    label: str,
    environment: Mapping[str, str],
    interpreter: Interpreter,
    verifier: VerifierProcess,
) -> CheckRecord:
    started_at = datetime.now(UTC).isoformat(timespec="milliseconds")
    began_s = time.monotonic()
    conforms, crashed = Conformance(), CrashCheck()
    left: list[str] = []
    with ExitStack() as stack:
        tested = (
            stack.enter_context(conformance_test(trials, label, environment, interpreter))
            if scenario.conformance
            else None
        )
        # Nothing is timed, so one core kills while the other tests.
        if scenario.crash_check:
            crashed, of_crash = crash(trials, label, environment, verifier, interpreter)
            left.append(of_crash)
        if tested is not None:
            conforms, of_testing = tested.result()
            left.append(of_testing)
    return CheckRecord(
        subject=label,
        conformance=conforms,
        crash=crashed,
        started_at=started_at,
        took_s=round(time.monotonic() - began_s, 3),
        left_behind="; ".join(filter(None, left)),
    )
