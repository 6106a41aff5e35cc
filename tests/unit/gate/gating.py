"""Made-up runs of two arms, and what a gate answers on them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.analysis.analyse import analyse
from bench.gate.arms import Pair, Rule
from bench.gate.judge import judge
from bench.gate.result import Judgement
from bench.records.store import Run
from bench.records.trial import Reading
from bench.scenario.plan import Trial
from tests.unit.analysis.synthetic import MS, Left, Load, Make, make_run, scenario_text

PAIR = Pair("a", "b")
# Enough for three times without a second run, also where the ratios of some blocks are equal.
BLOCKS = 12
# One percent of noise that two arms of a block do not share.
NOISE = {
    "a": (1.00, 1.01, 0.99, 1.00, 1.01, 0.99, 1.01, 1.00),
    "b": (1.01, 1.00, 1.00, 0.99, 1.00, 1.01, 0.99, 1.01),
}


def arms(factor: float = 1.0, noise: float = 1.0, **changes: Any) -> Callable[[Trial], Left]:
    """Trials of a and b that differ by some percent; puts and reads of b take ``factor`` times.

    ``noise`` widens the percents, ``changes`` are of b's records.
    """

    def make(trial: Trial) -> Left:
        share = NOISE[trial.subject][trial.repetition % 8] ** noise
        slower = factor if trial.subject == "b" else 1.0
        put, read = (round(base * share * slower) for base in (2 * MS, MS))
        of_head = changes if trial.subject == "b" else {}
        return Left(Load(cycles=100, put=put, get_tuple=read), of_head)

    return make


def text(repetitions: int = BLOCKS, **more: Any) -> str:
    return scenario_text("a b", repetitions=repetitions, **more)


def count(value: float, name: str = "put.round_trips") -> tuple[Reading, ...]:
    return (Reading(name, value, "count", "lower", "made up"),)


def judged(
    run: Run, rule: Rule | None = None, first: tuple[Judgement, ...] | None = None
) -> tuple[Judgement, ...]:
    return judge(analyse(run), [PAIR], rule or Rule(), first)


def gated(
    directory: Path,
    make: Make,
    rule: Rule | None = None,
    first: tuple[Judgement, ...] | None = None,
) -> tuple[Judgement, ...]:
    """Judge a run of as many blocks as three times need without a second run."""
    return judged(make_run(directory, make, text()), rule, first)


def outcomes(judgements: tuple[Judgement, ...]) -> dict[str, str]:
    return {each.metric.name: each.outcome for each in judgements}
