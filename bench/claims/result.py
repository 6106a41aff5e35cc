"""Verdicts on published claims: everything that is told of them, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from bench.analysis.cell import Cell
from bench.analysis.faults.cells import FaultCell
from bench.claims.claim import ClaimKind
from bench.scenario.metric import Unit

VerdictOutcome = Literal["supported", "refuted", "inconclusive", "not measured", "invalid"]
ConditionOutcome = Literal["holds", "fails", "undecided", "invalid", "not measured"]
# Of a condition that is in no cell: it stands for all of them.
_ALL = "all"


@dataclass(frozen=True, slots=True)
class JudgedCondition:
    """What a judgement found in one place: for one subject or pair, metric and condition.

    ``value``, ``low`` and ``high`` are in ``unit`` and ``None`` where there is no such figure; what
    has no interval for it is no sample (a status, a count) has both equal to ``value``.
    ``noise_factor`` (≥ 1) is how far the run's A/A arms depart from each other in this metric: the
    outcome allows for it. ``detectable_factor`` (> 1) is the smallest factor that so many blocks,
    or trials, of such spread would show in 80 of 100 runs, ``None`` for what is no sample.
    ``blocks`` counts the pairs of trials behind a ratio, or the trials behind a bound, of
    ``blocks_planned``. ``outside_p`` are p-values against the limit that the figure is beyond, by
    the interval's own test and by Student's t, 1 inside; ``None`` for what is no sample. ``why``
    explains an outcome that the figures do not. ``cells`` and ``trials`` lead to the evidence;
    ``doubts`` are the codes of warnings about it. ``fault`` is what its
    trials were broken by, if they were.
    """

    outcome: ConditionOutcome
    subject: str
    baseline: str = ""
    metric: str = ""
    workload: str = _ALL
    payload: str = _ALL
    arrival: str = _ALL
    concurrency: int = 0
    loop: str = _ALL
    durability: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: Unit = "ratio"
    noise_factor: float = 1.0
    detectable_factor: float | None = None
    blocks: int = 0
    blocks_planned: int = 0
    method: str = ""
    why: str = ""
    outside_p: tuple[float, float] | None = None
    cells: tuple[str, ...] = ()
    trials: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    fault: str = ""

    def but(self, outcome: ConditionOutcome, why: str) -> JudgedCondition:
        """Return it with another outcome, and why that is."""
        return replace(self, outcome=outcome, why=why)


def condition_of(cell: Cell | FaultCell, **known: Any) -> JudgedCondition:
    """Return the condition of a cell of which nothing is judged yet, but what is ``known``."""
    axes = ("subject", "workload", "payload", "arrival", "loop", "concurrency")
    labels = {axis: getattr(cell, axis) for axis in axes}
    return JudgedCondition(**{**labels, "durability": str(cell.durability), **known})


@dataclass(frozen=True, slots=True)
class Dependence:
    """An axis on which the answer depends, with what it is for each of its values, in words."""

    axis: str
    answers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class JudgementVerdict:
    """What one judgement of a claim says. ``run_id`` is empty where no run was there to judge.

    ``figure`` is short, ``claimed`` says where it must lie, ``because`` is a sentence with both. A
    ``control`` is ``supported`` where the figure shows what is known to be so.
    """

    label: str
    scenario: str
    run_id: str
    outcome: VerdictOutcome
    figure: str
    claimed: str
    because: str
    conditions: tuple[JudgedCondition, ...]
    depends_on: tuple[Dependence, ...]
    control: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be thought of a claim: the gravest of what its judgements say.

    Where a control is not supported, the judgements on its scenario say nothing: they count as
    inconclusive.
    """

    claim: str
    documents: tuple[str, ...]
    kind: ClaimKind
    statement: str
    why: str
    outcome: VerdictOutcome
    figure: str
    because: str
    depends_on: tuple[Dependence, ...]
    judgements: tuple[JudgementVerdict, ...]


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The verdict on every claim that was asked for, and what the process should end with."""

    verdicts: tuple[Verdict, ...]
    exit_code: int
