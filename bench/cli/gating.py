"""Measures the runs of a gate, and judges them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod

from bench.analysis.analyse import analyse
from bench.cli.measuring import Environments, measure_run
from bench.cli.progress import Detail
from bench.errors import InconclusiveError
from bench.gate.arms import Pair, Rule, check_pair, second_run
from bench.gate.judge import decide, judge, needs_second_run
from bench.gate.result import GateResult, Judgement
from bench.gate.rule import fewest_blocks
from bench.records.store import Run, Store
from bench.scenario.scenario import AXES, Scenario
from bench.scenario.scenario_file import scenario_text


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: the derived ``scenario``, the ``pairs`` in it, by which ``rule``."""

    scenario: Scenario
    pairs: tuple[Pair, ...]
    rule: Rule
    name: str
    arms: Environments = field(default_factory=dict)
    detail: Detail = "normal"


def measured(question: Question, store: Store) -> GateResult:
    """Measure, judge, and where that leaves a question measure once more with another seed.

    ``KeyboardInterrupt`` passes through; what was measured is kept.
    """
    rule = question.rule
    _warn_of_few(question)
    first = _measure(question, question.scenario, question.name, store)
    judged = judged_run(first, question.pairs, rule)
    pairs = needs_second_run(judged) if rule.confirms else ()
    if not pairs:
        return _decided(judged, None, rule, [first])
    scenario = second_run(question.scenario, pairs, rule)
    arms = ", ".join(pair.head for pair in pairs)
    print(f"a second run, of what the first one did not decide: {arms}", flush=True)
    again = _measure(question, scenario, f"{question.name}-again", store)
    confirming = judged_run(again, pairs, rule, judged)
    return _decided(judged, confirming, rule, [first, again])


def recorded(store: Store, run_ids: Sequence[str], pairs: Sequence[Pair], rule: Rule) -> GateResult:
    """Judge one recorded run, or two of which the second confirms the first.

    Raises:
        InputError: there is no such run, or it does not hold both arms.
    """
    runs = [store.read(run_id) for run_id in run_ids]
    for pair in pairs:
        check_pair(runs[0].scenario, pair)
    first = judged_run(runs[0], pairs, rule)
    if len(runs) == 1:
        return _decided(first, None, rule, runs)
    again = needs_second_run(first) or tuple(pairs)
    for pair in again:
        check_pair(runs[1].scenario, pair)
    _check_second(runs[0], runs[1], again, rule)
    return _decided(first, judged_run(runs[1], again, rule, first), rule, runs)


def _decided(
    first: Sequence[Judgement], second: Sequence[Judgement] | None, rule: Rule, runs: Sequence[Run]
) -> GateResult:
    minutes = sum(trial.took_s for run in runs for trial in run.trials) / 60.0
    return decide(first, second, rule, [run.record for run in runs], minutes)


def _warn_of_few(question: Question) -> None:
    """Say before anything is measured that no time can be judged in so few blocks."""
    scenario = question.scenario
    times = len(scenario.primary_metrics) * sum(
        prod(len(getattr(sweep, axis)) for axis in AXES if axis != "subjects")
        for sweep in scenario.sweeps.values()
        for pair in question.pairs
        if {pair.base, pair.head} <= set(sweep.subjects)
    )
    fewest = fewest_blocks(times, question.rule)
    for name, sweep in scenario.sweeps.items():
        blocks = sweep.repetitions or scenario.repetitions
        if blocks < fewest:
            print(
                f"warning: {name} has {blocks} blocks, times need {fewest} at least: "
                "only counts can be judged",
                file=sys.stderr,
            )


def _check_second(first: Run, second: Run, pairs: Sequence[Pair], rule: Rule) -> None:
    """Check that ``second`` is an independent second run of ``first``.

    Raises:
        InconclusiveError: it is not, so it confirms nothing.
    """
    names = f"{second.record.run_id} is no second run of {first.record.run_id}"
    wanted = second_run(first.scenario, pairs, rule)
    if second.scenario.digest() != wanted.digest():
        raise InconclusiveError(
            f"{names}: its scenario is not what checkpoint-bench gate derives for one, with "
            f"{', '.join(f'{pair.base} and {pair.head}' for pair in pairs)} and another seed"
        )
    here, there = (dict(run.record.environment.fingerprint()) for run in (first, second))
    # What is no longer in question may have needed a server or package that the rest does not.
    if changed := sorted(name for name, value in there.items() if here.get(name) != value):
        raise InconclusiveError(f"{names}: these differ: {', '.join(changed)}")


def judged_run(
    run: Run, pairs: Sequence[Pair], rule: Rule, first: Sequence[Judgement] | None = None
) -> tuple[Judgement, ...]:
    """Analyse ``run`` and judge ``pairs`` in it, as a second run where there was a ``first``."""
    return judge(analyse(run), pairs, rule, first)


def _measure(question: Question, scenario: Scenario, name: str, store: Store) -> Run:
    text = scenario_text(scenario, "Derived by checkpoint-bench gate.")
    return measure_run(scenario, name, store, text, question.arms, question.detail)
