"""Checks every distinct subject of a run that has no record of it yet."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime

from bench.checks.conformance import Testing
from bench.checks.crash import crash
from bench.checks.trials import CheckTrials, check_trials, distinct_subjects
from bench.handover.interpreter import Interpreter
from bench.measure.runner import interpreters_of
from bench.records.check import CheckRecord, Conformance, CrashCheck
from bench.records.store import Store
from bench.scenario.scenario import Scenario
from bench.verify.verifier_process import VerifierProcess


def check_subjects(
    scenario: Scenario,
    store: Store,
    run_id: str,
    environment: Mapping[str, str],
    interpreters: Mapping[str, Interpreter],
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
    trials = check_trials({label: scenario.resolve(label) for label in labels}, scenario.seed)
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
            interpreter = chosen[label]
            checker = _Checker(trials, environment, interpreter, verifiers[interpreter])
            store.add_check(run_id, checker.check(scenario, label))


class _Checker:
    def __init__(
        self,
        trials: CheckTrials,
        environment: Mapping[str, str],
        interpreter: Interpreter,
        verifier: VerifierProcess,
    ) -> None:
        self._trials = trials
        self._environment = environment
        self._interpreter = interpreter
        self._verifier = verifier

    def check(self, scenario: Scenario, label: str) -> CheckRecord:
        """Make the checks that ``scenario`` wants of the subject with this ``label``."""
        started_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        began_s = time.monotonic()
        conforms, crashed = Conformance(), CrashCheck()
        left: list[str] = []
        with ExitStack() as stack:
            testing = (
                stack.enter_context(
                    Testing(self._trials, label, self._environment, self._interpreter)
                )
                if scenario.conformance
                else None
            )
            # Nothing is timed, so one core kills while the other tests.
            if scenario.crash_check:
                crashed, of_crash = crash(
                    self._trials, label, self._environment, self._verifier, self._interpreter
                )
                left.append(of_crash)
            if testing is not None:
                conforms, of_testing = testing.result()
                left.append(of_testing)
        return CheckRecord(
            subject=label,
            conformance=conforms,
            crash=crashed,
            started_at=started_at,
            took_s=round(time.monotonic() - began_s, 3),
            left_behind="; ".join(filter(None, left)),
        )
