"""Kills the process of one subject's saver, and has looked for what it had acknowledged."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace

from bench.checks.trials import KILL, CheckTrials
from bench.handover.interpreter import OWN, Interpreter
from bench.handover.job import VOLATILE
from bench.measure.runner import TrialRun
from bench.records.check import CrashCheck
from bench.records.trial import TrialRecord, Verification
from bench.verify.verifier_process import VerifierProcess

_MOST_PROBLEMS = 3


def crash(
    trials: CheckTrials,
    label: str,
    environment: Mapping[str, str],
    verifier: VerifierProcess,
    interpreter: Interpreter = OWN,
) -> tuple[CrashCheck, str]:
    """Kill the subject's process in each of its trials, and add up what was found afterwards.

    Each time another number of writes is acknowledged, drawn from the trial's seed. Also say what
    could not be removed from a user's server, if so.
    """
    found = CrashCheck()
    left_behind = ""
    with ExitStack() as stack:
        runs = [
            TrialRun(
                trials.scenario, replace(trial, fault=KILL), environment, verifier, interpreter
            )
            for trial in trials.of(label)
        ]
        # Nothing is timed, so all of them start at once.
        for run in runs[1:]:
            stack.callback(run.discard)
            run.start_ahead()
        for run in runs:
            record, _ = run.run()
            left_behind = left_behind or record.left_behind
            why_not = _why_not(record)
            if why_not == VOLATILE:
                return CrashCheck(is_volatile=True), left_behind
            if why_not or record.verification is None:
                return replace(found, not_checked=why_not), left_behind
            found = _added(found, record.verification)
    return found, left_behind


def _why_not(record: TrialRecord) -> str:
    """Say why nothing is known; empty where the process was killed and its store read back."""
    failure, verification = record.failure, record.verification
    if failure is not None and failure.error_class == VOLATILE:
        return VOLATILE
    if verification is None:
        return f"{failure.error_class}: {failure.message}" if failure else "it was not killed"
    if verification.unread == "harness" or not verification.acknowledged:
        return verification.problems[0] if verification.problems else "nothing was acknowledged"
    return ""


def _added(found: CrashCheck, verification: Verification) -> CrashCheck:
    is_uncounted = not (verification.passed or verification.missing or verification.wrong)
    return replace(
        found,
        kills=found.kills + 1,
        acknowledged=found.acknowledged + verification.acknowledged,
        lost=found.lost + verification.missing,
        wrong=found.wrong + verification.wrong,
        unreadable=verification.problems[0] if is_uncounted else found.unreadable,
        oldest_lost_ns=max(found.oldest_lost_ns, verification.oldest_lost_ns),
        problems=(*found.problems, *verification.problems)[:_MOST_PROBLEMS],
    )
