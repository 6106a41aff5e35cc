"""What a gate measures: a scenario whose blocks hold the two arms, and by which rule it is judged.

The arms of a gate are subjects of an ordinary scenario that is derived from the one given: so they
are interleaved in its blocks, and its run is read, analysed and reported as any other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.errors import InputError, suggestion
from bench.scenario.derived_scenario import derived
from bench.scenario.scenario import MOST_REPETITIONS, Scenario, SubjectUse, Sweep

BASE, HEAD = "base", "head"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two labels of a scenario's subjects: ``head`` must not be worse than ``base``."""

    base: str
    head: str


@dataclass(frozen=True, slots=True)
class Rule:
    """By what a gate judges; stated before anything is measured.

    ``smallest_effect``: a slow-down by less than this share is of no interest. ``confidence``: in
    that it is so small, where the gate passes.

    ``regression_level``: of gates in which nothing got slower by more than the smallest effect at
    most this share calls any time a regression; of equal arms, far fewer. It is that of the blocks
    of both runs together, and of the second run, which has to show each regression by itself, too.
    Where nothing ``confirms`` there is only the first run. ``false_alarms``: as that, of failures
    and counts, for which any growth counts.

    ``second_run_factor``: the second run, of what is in question, has so many times as many blocks.
    ``fewest_blocks``: with fewer nothing is answered. ``count_tolerance``: a count per operation
    may grow by this share.
    """

    smallest_effect: float = 0.05
    confidence: float = 0.95
    regression_level: float = 0.05
    false_alarms: float = 0.01
    confirms: bool = True
    second_run_factor: float = 2.5
    fewest_blocks: int = 6
    count_tolerance: float = 0.01

    @property
    def confidence_of_a_look(self) -> float:
        """The confidence of each bound: who may look twice at one errs twice (Bonferroni)."""
        return 1.0 - (1.0 - self.confidence) / (2.0 if self.confirms else 1.0)

    def second_run_blocks(self, blocks: int) -> int:
        """Return how many blocks the second run has of what the first one had ``blocks`` of.

        As many as a scenario may ask for, at most.
        """
        return min(MOST_REPETITIONS, math.ceil(blocks * self.second_run_factor))


def check_pair(scenario: Scenario, pair: Pair) -> None:
    """Check that a sweep of ``scenario`` holds both arms.

    Raises:
        InputError: a label is not defined, both are the same, or no sweep holds both.
    """
    for label in (pair.base, pair.head):
        if label not in scenario.subjects:
            hint = suggestion(label, scenario.subjects)
            raise InputError(f"the scenario has no subject {label!r}.{hint}")
    if pair.base == pair.head:
        raise InputError(
            f"{pair.base!r} cannot be compared with itself; to measure a subject twice, give it "
            "a second label with same_as"
        )
    if not any({pair.base, pair.head} <= set(sweep.subjects) for sweep in scenario.sweeps.values()):
        raise InputError(f"no sweep of the scenario holds both {pair.base!r} and {pair.head!r}")


def two_subjects(scenario: Scenario, pair: Pair) -> Scenario:
    """Return ``scenario`` with the sweeps that hold both subjects of ``pair``, and only those.

    Raises:
        InputError: as :func:`check_pair`.
    """
    check_pair(scenario, pair)
    labels = (pair.base, pair.head)
    subjects = {
        # An A/A arm stays one where what it repeats is the other arm.
        label: kept
        if (kept := scenario.subjects[label]).same_as in labels
        else scenario.resolve(label)
        for label in labels
    }
    return _derived(scenario, subjects, _sweeps_with(scenario, (pair,)), (pair.base,))


def two_interpreters(scenario: Scenario) -> tuple[Scenario, tuple[Pair, ...]]:
    """Return ``scenario`` with each subject on both interpreters, and the pairs that this makes.

    A subject ``x`` becomes ``x.base`` and ``x.head``, in every sweep. A/A arms are left out.

    Raises:
        InputError: a subject has an interpreter already.
    """
    if own := [label for label, subject in scenario.subjects.items() if subject.interpreter]:
        raise InputError(
            f"subjects.{own[0]} has an interpreter of its own: compare two subjects with "
            "--base-subject and --head-subject"
        )
    pairs = {
        label: Pair(f"{label}.{BASE}", f"{label}.{HEAD}")
        for label, subject in scenario.subjects.items()
        if not subject.same_as
    }
    subjects = {
        arm: scenario.subjects[label].model_copy(update={"interpreter": interpreter})
        for label, pair in pairs.items()
        for arm, interpreter in ((pair.base, BASE), (pair.head, HEAD))
    }
    sweeps = {}
    for name, sweep in scenario.sweeps.items():
        of_sweep = [pairs[label] for label in sweep.subjects if label in pairs]
        arms = tuple(arm for pair in of_sweep for arm in (pair.base, pair.head))
        if arms:
            sweeps[name] = sweep.model_copy(update={"subjects": arms})
    if not sweeps:
        raise InputError("no sweep of the scenario holds a subject that is no A/A arm")
    made = _derived(scenario, subjects, sweeps, ())
    return made, tuple(pair for pair in pairs.values() if pair.base in made.subjects)


def pairs_of(scenario: Scenario) -> tuple[Pair, ...]:
    """Return the pairs of a scenario that :func:`two_interpreters` made; empty of any other."""
    bases = [label for label, one in scenario.subjects.items() if one.interpreter == BASE]
    found = [Pair(base, f"{base.removesuffix(BASE)}{HEAD}") for base in bases]
    return tuple(pair for pair in found if pair.head in scenario.subjects)


def second_run(scenario: Scenario, pairs: Sequence[Pair], rule: Rule) -> Scenario:
    """Return ``scenario`` with ``pairs`` only, in more blocks, with a seed of its own.

    The other seed makes other keys, other payloads and another order.
    """
    sweeps = {
        name: sweep.model_copy(
            update={
                "repetitions": rule.second_run_blocks(sweep.repetitions or scenario.repetitions)
            }
        )
        for name, sweep in _sweeps_with(scenario, pairs).items()
    }
    reseeded = scenario.model_copy(update={"seed": scenario.seed + 1})
    return _derived(reseeded, scenario.subjects, sweeps, scenario.baseline.subjects)


def _sweeps_with(scenario: Scenario, pairs: Sequence[Pair]) -> dict[str, Sweep]:
    """Return the sweeps that hold both arms of any of ``pairs``, with nothing but such arms."""
    found = {}
    for name, sweep in scenario.sweeps.items():
        meeting = [pair for pair in pairs if {pair.base, pair.head} <= set(sweep.subjects)]
        arms = dict.fromkeys(arm for pair in meeting for arm in (pair.base, pair.head))
        if arms:
            found[name] = sweep.model_copy(update={"subjects": tuple(arms)})
    return found


def _derived(
    scenario: Scenario,
    subjects: Mapping[str, SubjectUse],
    sweeps: Mapping[str, Sweep],
    baseline: tuple[str, ...],
) -> Scenario:
    return derived(
        scenario,
        sweeps,
        "the scenario of the gate",
        subjects=subjects,
        baseline=scenario.baseline.model_copy(update={"subjects": baseline, "loop": ""}),
        # A gate has a rule of its own for how much it measures, and pairs of its own.
        precision=None,
        families={},
    )
