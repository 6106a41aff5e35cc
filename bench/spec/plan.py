"""The expanded scenario: every trial, in the order in which it is run.

Trials form randomised complete blocks (Abedi and Brecht, "Conducting repeatable experiments in
highly variable cloud computing environments", ICPE 2017): a block holds each arm of a sweep once,
under one condition, close together in time and in shuffled order, so that what drifts on the
machine hits every arm alike and comparisons are made inside blocks.
"""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import asdict, dataclass, replace
from itertools import product

from bench.spec.scenario import Scenario, Sweep


@dataclass(frozen=True, slots=True)
class Trial:
    """One measurement in one fresh process. Labels refer to the scenario's tables.

    ``block`` names sweep, condition and repetition; ``position`` counts through the whole plan;
    ``seed`` is the same for every arm of a block, so that all arms see the same keys and payloads.
    """

    sweep: str
    subject: str
    workload: str
    payload: str
    arrival: str
    loop: str
    repetition: int
    block: str
    position: int
    seed: int
    warmup_s: float
    duration_s: float
    scenario_digest: str

    @property
    def id(self) -> str:
        """A hash of the content: the same trial has the same id in every run of the scenario."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def cell(self) -> tuple[str, str, str, str, str]:
        """What is measured, without which repetition: subject, workload, payload, arrival, loop."""
        return (self.subject, self.workload, self.payload, self.arrival, self.loop)


@dataclass(frozen=True, slots=True)
class Plan:
    """Trials in the order in which they run, and a digest that is stored with every result."""

    scenario_digest: str
    trials: tuple[Trial, ...]

    @property
    def digest(self) -> str:
        """A hash of the trials and their order."""
        text = ",".join(trial.id for trial in self.trials)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def expand(scenario: Scenario) -> Plan:
    """Turn ``scenario`` into its plan. The same scenario always gives the same plan.

    Repetitions run one after the other; inside a repetition the blocks of all sweeps are shuffled,
    and inside a block the arms are.
    """
    digest = scenario.digest()
    shuffle = random.Random(scenario.seed)  # noqa: S311 - an order, not a secret
    blocks: list[tuple[int, list[_Arm]]] = []
    for repetition in range(_largest_repetitions(scenario)):
        of_repetition = [
            (repetition, arms)
            for name, sweep in scenario.sweeps.items()
            if repetition < (sweep.repetitions or scenario.repetitions)
            for arms in _blocks(name, sweep, scenario.arrivals_of(sweep))
        ]
        shuffle.shuffle(of_repetition)
        for _, arms in of_repetition:
            shuffle.shuffle(arms)
        blocks += of_repetition
    trials = [
        _trial(scenario, digest, arm, repetition) for repetition, arms in blocks for arm in arms
    ]
    placed = tuple(replace(trial, position=position) for position, trial in enumerate(trials))
    return Plan(scenario_digest=digest, trials=placed)


@dataclass(frozen=True, slots=True)
class _Arm:
    sweep: str
    subject: str
    workload: str
    payload: str
    arrival: str
    loop: str


def _blocks(name: str, sweep: Sweep, arrivals: tuple[str, ...]) -> list[list[_Arm]]:
    conditions = product(sweep.workloads, sweep.payloads, arrivals)
    return [
        [
            _Arm(name, subject, workload, payload, arrival, loop)
            for subject, loop in product(sweep.subjects, sweep.loops)
        ]
        for workload, payload, arrival in conditions
    ]


def _trial(scenario: Scenario, digest: str, arm: _Arm, repetition: int) -> Trial:
    sweep = scenario.sweeps[arm.sweep]
    condition = (arm.sweep, arm.workload, arm.payload, arm.arrival)
    block = "/".join((*condition, str(repetition)))
    seed = int.from_bytes(hashlib.sha256(f"{scenario.seed}/{block}".encode()).digest()[:6])
    return Trial(
        **asdict(arm),
        repetition=repetition,
        block=block,
        position=0,
        seed=seed,
        warmup_s=scenario.warmup_s,
        duration_s=sweep.duration_s or scenario.duration_s,
        scenario_digest=digest,
    )


def _largest_repetitions(scenario: Scenario) -> int:
    return max(sweep.repetitions or scenario.repetitions for sweep in scenario.sweeps.values())
