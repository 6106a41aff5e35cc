"""The expanded scenario: every trial, in the order in which it is run.

Trials form randomised complete blocks (Abedi and Brecht, "Conducting repeatable experiments in
highly variable cloud computing environments", ICPE 2017): a block holds each arm of a sweep once,
under one condition, close together in time and in shuffled order, so that what drifts on the
machine hits every arm alike and comparisons are made inside blocks.

With a wanted precision the plan goes on beyond the repetitions. These blocks are optional: whether
one is measured is decided when its turn comes, by what was measured before.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from itertools import product
from typing import Annotated

from pydantic import Field, FiniteFloat

from bench.scenario.scenario import Scenario, Sweep

Number = Annotated[int, Field(ge=0, lt=1 << 64)]


@dataclass(frozen=True, slots=True)
class Trial:
    """One measurement in one fresh process. Labels refer to the scenario's tables.

    ``block`` names sweep, condition, fault and repetition; a ``fault`` is what it is broken by, if
    that is anything; ``position`` counts through the whole plan;
    ``seed`` is the same for every arm of a block, so that all arms see the same keys and payloads.
    """

    sweep: str
    subject: str
    workload: str
    payload: str
    arrival: str
    loop: str
    repetition: Number
    block: str
    position: Number
    seed: Number
    warmup_s: FiniteFloat
    duration_s: FiniteFloat
    scenario_digest: str
    fault: str = ""

    @property
    def id(self) -> str:
        """A hash of the content: the same trial has the same id in every run of the scenario."""
        return _id_of(self)

    @property
    def cell(self) -> tuple[str, str, str, str, str]:
        """What is measured, without which repetition: subject, workload, payload, arrival, loop."""
        return (self.subject, self.workload, self.payload, self.arrival, self.loop)

    @property
    def condition(self) -> tuple[str, str, str, str]:
        """Sweep, workload, payload and arrival: what is the same for every arm of a block."""
        return (self.sweep, self.workload, self.payload, self.arrival)


@cache
def _id_of(trial: Trial) -> str:
    content = asdict(trial)
    if not trial.fault:
        # As trials were named before there were faults.
        del content["fault"]
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def is_of(trial: Trial, scenario: Scenario) -> bool:
    """Tell whether ``scenario`` has what ``trial`` names, together in one sweep."""
    sweep = scenario.sweeps.get(trial.sweep)
    return sweep is not None and (
        trial.subject in sweep.subjects
        and trial.workload in sweep.workload_labels
        and trial.payload in sweep.payloads
        and trial.arrival in scenario.arrivals_of(sweep)
        and trial.loop in sweep.loops
        and trial.fault in (sweep.faults or ("",))
    )


@dataclass(frozen=True, slots=True)
class Arm:
    """A cell that a sweep holds, in labels."""

    sweep: str
    subject: str
    workload: str
    payload: str
    arrival: str
    loop: str
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """Trials in the order in which they run, and a digest that is stored with every result.

    ``optional_blocks`` names the blocks that are measured only if they are wanted by then.
    """

    scenario_digest: str
    trials: tuple[Trial, ...]
    optional_blocks: frozenset[str] = frozenset()

    @property
    def digest(self) -> str:
        """A hash of the trials and their order."""
        text = ",".join(trial.id for trial in self.trials)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def expected(self, begun: Collection[str] = ()) -> tuple[Trial, ...]:
        """Return the trials that must have a record for the run to be complete so far.

        They are those of the blocks that are measured in any case, and of the optional ones that
        are ``begun``, named as ``Trial.block``: what counts as planned, wherever that matters.
        """
        absent = self.optional_blocks.difference(begun)
        return tuple(trial for trial in self.trials if trial.block not in absent)


def blocks_of(scenario: Scenario, sweep: Sweep, arrival: str) -> tuple[int, int]:
    """Return how many blocks a condition of ``sweep`` has for certain, and how many at most.

    What is measured aside gets no more than the certain ones, nor does a rate of a search: half of
    its blocks choose the rate, nor what is broken on purpose.
    """
    certain = sweep.repetitions or scenario.repetitions
    precision = scenario.precision
    if precision is None or sweep.aside or sweep.faults or scenario.search_of(arrival):
        return certain, certain
    return certain, max(certain, precision.most_repetitions)


def arms_of(scenario: Scenario) -> tuple[Arm, ...]:
    """Return every cell that ``scenario`` measures, and not only breaks."""
    return tuple(
        arm
        for name, sweep in scenario.sweeps.items()
        for block in _blocks(name, sweep, scenario.arrivals_of(sweep))
        for arm in block
        if not arm.fault
    )


def expand(scenario: Scenario) -> Plan:
    """Turn ``scenario`` into its plan. The same scenario always gives the same plan.

    Repetitions run one after the other; inside a repetition the blocks of all sweeps are shuffled,
    and inside a block the arms are.
    """
    digest = scenario.digest()
    shuffle = random.Random(scenario.seed)  # noqa: S311 - an order, not a secret
    counts = {
        (name, arrival): blocks_of(scenario, sweep, arrival)
        for name, sweep in scenario.sweeps.items()
        for arrival in scenario.arrivals_of(sweep)
    }
    trials: list[Trial] = []
    for repetition in range(max(most for _, most in counts.values())):
        of_repetition = [
            arms
            for name, sweep in scenario.sweeps.items()
            for arms in _blocks(
                name,
                sweep,
                [a for a in scenario.arrivals_of(sweep) if repetition < counts[name, a][1]],
            )
        ]
        shuffle.shuffle(of_repetition)
        for arms in of_repetition:
            shuffle.shuffle(arms)
        for arm in (arm for arms in of_repetition for arm in arms):
            trials.append(_trial(scenario, digest, arm, repetition, len(trials)))
    optional = (t.block for t in trials if t.repetition >= counts[t.sweep, t.arrival][0])
    return Plan(digest, tuple(trials), frozenset(optional))


def _blocks(name: str, sweep: Sweep, arrivals: Sequence[str]) -> list[list[Arm]]:
    conditions = product(sweep.workload_labels, sweep.payloads, arrivals, sweep.faults or ("",))
    return [
        [
            Arm(name, subject, workload, payload, arrival, loop, fault)
            for subject, loop in product(sweep.subjects, sweep.loops)
        ]
        for workload, payload, arrival, fault in conditions
    ]


def _trial(scenario: Scenario, digest: str, arm: Arm, repetition: int, position: int) -> Trial:
    sweep = scenario.sweeps[arm.sweep]
    fault = (arm.fault,) if arm.fault else ()
    condition = (arm.sweep, arm.workload, arm.payload, arm.arrival, *fault)
    block = "/".join((*condition, str(repetition)))
    seed = int.from_bytes(hashlib.sha256(f"{scenario.seed}/{block}".encode()).digest()[:6])
    return Trial(
        **asdict(arm),
        repetition=repetition,
        block=block,
        position=position,
        seed=seed,
        warmup_s=scenario.warmup_s,
        duration_s=sweep.duration_s or scenario.duration_s,
        scenario_digest=digest,
    )
