"""Expanding a scenario: complete blocks, shuffled, the same every time."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bench.scenario.plan import expand
from bench.scenario.scenario import Scenario
from bench.scenario.scenario_file import parse_scenario


def scenario(seed: int = 1, subjects: int = 3, loops: int = 2, repetitions: int = 4) -> Scenario:
    labels = [f"s{index}" for index in range(subjects)]
    tables = "".join(f'[subjects.{label}]\nuse = "memory"\n' for label in labels)
    text = f"""
schema_version = 2
question = "?"
seed = {seed}
repetitions = {repetitions}
warmup_s = 0.1
duration_s = 0.2
{tables}
[workloads.w]
use = "append_steps"
[payloads.p]
use = "messages"
[arrivals.one]
kind = "closed"
clients = 1
[arrivals.two]
kind = "closed"
clients = 2
[sweeps.s]
subjects = {labels}
workloads = ["w"]
payloads = ["p"]
arrivals = ["one", "two"]
loops = {[f"l{index}" for index in range(loops)]}
"""
    return parse_scenario(text, "f.toml")


@given(
    seed=st.integers(0, 2**31),
    subjects=st.integers(1, 5),
    loops=st.integers(1, 3),
    repetitions=st.integers(1, 4),
)
def test_each_block_holds_each_arm_once_and_its_trials_follow_each_other(
    seed: int, subjects: int, loops: int, repetitions: int
) -> None:
    plan = expand(scenario(seed, subjects, loops, repetitions))
    blocks = defaultdict(list)
    for trial in plan.trials:
        blocks[trial.block].append(trial)

    assert len(blocks) == 2 * repetitions
    for trials in blocks.values():
        positions = [trial.position for trial in trials]
        assert positions == list(range(positions[0], positions[0] + subjects * loops))
        assert len({(trial.subject, trial.loop) for trial in trials}) == subjects * loops
        assert len({trial.seed for trial in trials}) == 1


@given(st.integers(0, 2**31))
def test_positions_and_ids_are_unique(seed: int) -> None:
    plan = expand(scenario(seed))

    assert [trial.position for trial in plan.trials] == list(range(len(plan.trials)))
    assert len({trial.id for trial in plan.trials}) == len(plan.trials)


def test_the_same_scenario_gives_the_same_plan() -> None:
    assert expand(scenario(7)) == expand(scenario(7))
    assert expand(scenario(7)).digest == expand(scenario(7)).digest


def test_another_seed_gives_another_order() -> None:
    assert expand(scenario(7)).digest != expand(scenario(8)).digest


def test_arms_change_places_between_blocks() -> None:
    trials = expand(scenario(loops=1)).trials
    first = {trials[start].subject for start in range(0, len(trials), 3)}

    assert len(first) > 1


def test_an_id_depends_on_the_content() -> None:
    trial = expand(scenario()).trials[0]

    assert trial.id != replace(trial, duration_s=9.0).id
