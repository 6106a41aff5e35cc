"""Tries each subject from outside once before anything is measured: open, put, get, close."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from textwrap import indent

from bench.checks.trials import check_trials, distinct_subjects
from bench.errors import InputError
from bench.measure.runner import Interpreters, TrialRun, interpreters_of
from bench.records.trial import TrialRecord
from bench.scenario.durability import Durability
from bench.scenario.metric import CLOSING
from bench.scenario.scenario import Scenario

# Opening, preparing and closing may take so long each.
LIMIT_S = 6.0
_MOMENT_S = 0.02


def check_opening(
    scenario: Scenario,
    environment: Mapping[str, str],
    interpreters: Interpreters,
    say: Callable[[str], None],
    limit_s: float = LIMIT_S,
) -> None:
    """Run a trial of a moment of every distinct subject that is named by its dotted path.

    One of which nothing succeeds cannot be measured; how much of it fails, a run tells.
    ``say`` gets a line for each, and what is worth knowing of it. One that hangs in a step longer
    than ``limit_s`` seconds is ended.

    Raises:
        InputError: some cannot be used; the text says of each of them why, and where.
    """
    labels = [
        label
        for label in distinct_subjects(scenario)
        if {".", ":"} & set(scenario.resolve(label).use)
    ]
    if not labels:
        return
    trials = check_trials(
        {label: scenario.resolve(label) for label in labels},
        scenario.seed,
        duration_s=_MOMENT_S,
        drain_s=1.0,
        verify_s=1.0,
        worker_memory_bytes=scenario.worker_memory_bytes,
    )
    chosen = interpreters_of(trials.scenario, interpreters)
    wrong: list[str] = []
    for number, label in enumerate(labels, start=1):
        say(f"trying {number} of {len(labels)}: {label} …")
        trial = trials.of(label)[0]
        run = TrialRun(
            trials.scenario, trial, environment, interpreter=chosen[label], limit_s=limit_s
        )
        record, _ = run.run()
        if record.status == "failed" and not _is_slow(record):
            wrong.append(f"subjects.{label} cannot be measured: {_reason(record)}")
        declared = str(scenario.resolve(label).options.get("durability", ""))
        for text in _worth_knowing(record, declared):
            say(f"  {label}: {text}")
    if wrong:
        raise InputError("\n".join(wrong))


def _is_slow(record: TrialRecord) -> bool:
    """Tell whether nothing failed, though nothing ended in time: in a longer window it may."""
    return record.window is not None and not record.errors


def _reason(record: TrialRecord) -> str:
    if record.failure is None:
        return "it left no result"
    return f"{record.failure.sentence}\n{indent(record.failure.details, '  ')}".rstrip()


def _worth_knowing(record: TrialRecord, declared: str) -> Iterator[str]:
    if declared in {*Durability} and record.durability.strength < Durability(declared).strength:
        yield f"durability: {record.durability.value} as its server is set, not {declared}"
    yield from (f"{name}: {text}" for name, text in record.settings.items() if name == "calls")
    for name, count in record.errors.items():
        yield f"{count} operations failed: {name}: {record.error_texts.get(name, '')}"
    if record.status == "failed" and _is_slow(record):
        yield "no cycle ended within a second: it is slow, or an operation hangs"
    for reading in record.readings:
        if reading.name == CLOSING and reading.detail:
            yield f"closing: {reading.detail}"
    if record.verification is not None and record.verification.problems:
        yield record.verification.problems[0]
