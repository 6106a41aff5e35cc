"""Drawn gates are decided by the gate's own rule, on blocks that stay together."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from bench.gate.arms import Rule
from bench.scenario.scenario_file import parse_scenario
from characteristics.decisions import Decision, Design, Truth, _autocorrelated, design_of, gate
from characteristics.recorded import Recorded
from tests.unit.analysis.synthetic import scenario_text
from tests.unit.characteristics.made_up import CYCLE, PUT, recording

DESIGN = Design({"a": 12, "b": 12}, (CYCLE,))


def drawn(
    recorded: Recorded, truth: Truth, count: int = 1, design: Design = DESIGN
) -> list[Decision]:
    generator = np.random.default_rng(3)
    return [gate(recorded, design, truth, generator) for _ in range(count)]


@pytest.mark.parametrize(
    ("effect", "exit_code"), [(0.0, 0), (0.04999, 0), (0.05001, 1), (0.5, 1), (-0.5, 0)]
)
def test_without_noise_the_effect_decides_exactly(effect: float, exit_code: int) -> None:
    (found,) = drawn(recording(), Truth("a", effect))

    assert found.exit_code == exit_code


def test_a_second_run_is_of_what_is_in_question_and_takes_its_time() -> None:
    """A trial of a takes 3 s, one of b 1.5 s; the second run has 2.5 times as many blocks."""
    (equal,) = drawn(recording(), Truth())
    (slower,) = drawn(recording(), Truth("b", 0.2))

    assert equal.minutes == pytest.approx(2 * 12 * (3.0 + 1.5) / 60)
    assert slower.minutes == pytest.approx(equal.minutes + 2 * 30 * 1.5 / 60)


def test_which_of_two_equal_arms_is_head_is_drawn() -> None:
    """By how much they differ in the recording is so no slow-down of either."""
    rows = tuple(
        row.model_copy(update={"values": tuple(1.1 * each for each in row.values)})
        if row.arm == "again"
        else row
        for row in recording(0.01).rows
    )
    biased = recording().model_copy(update={"rows": rows})

    codes = Counter(each.exit_code for each in drawn(biased, Truth(), 100))

    assert codes[1] <= 4


@pytest.mark.parametrize(("head", "exit_code"), [("again", 1), ("first", 0)])
def test_arms_as_they_were_recorded_keep_their_difference(head: str, exit_code: int) -> None:
    rows = tuple(
        row.model_copy(update={"values": tuple(1.1 * each for each in row.values)})
        if row.arm == "again"
        else row
        for row in recording(0.001).rows
    )
    biased = recording().model_copy(update={"rows": rows})

    (found,) = drawn(biased, Truth(arm=head))

    assert found.exit_code == exit_code


def test_a_slowed_arm_is_compared_with_the_first_one_as_it_was_recorded() -> None:
    recorded = recording(0.01, arms={"slower-10": 1.1, "slower-1": 1.01})
    design = DESIGN.of("a")

    assert drawn(recorded, Truth("a", arm="slower-10"), 1, design)[0].exit_code == 1
    assert drawn(recorded, Truth("a", arm="slower-1"), 1, design)[0].exit_code == 0


@pytest.mark.parametrize(("bias", "exit_code"), [(0.049, 0), (0.051, 1)])
def test_a_bias_slows_every_head(bias: float, exit_code: int) -> None:
    (found,) = drawn(recording(), Truth(bias=bias))

    assert found.exit_code == exit_code


def test_blocks_that_depend_on_the_last_one_are_as_spread() -> None:
    generator = np.random.default_rng(4)
    values = _autocorrelated(generator.normal(0.0, 0.1, (20_000, 1)), 0.2)[:, 0]

    assert np.std(values) == pytest.approx(0.1, rel=0.03)
    assert np.corrcoef(values[1:], values[:-1])[0, 1] == pytest.approx(0.2, abs=0.03)


def test_equal_arms_are_rarely_called_slower_however_many_metrics() -> None:
    design = Design({"a": 12, "b": 12}, (PUT, CYCLE))
    codes = Counter(each.exit_code for each in drawn(recording(0.1), Truth(), 300, design))

    # Of 300 with a share of 1 %, more than 10 come once in 1000 times.
    assert codes[1] <= 10


def test_a_gate_without_a_second_run_takes_the_time_of_one() -> None:
    design = Design({"a": 12}, (CYCLE,), Rule(confirms=False))
    (found,) = drawn(recording(0.01), Truth("a", 0.2), 1, design)

    assert found.exit_code == 1
    assert found.minutes == pytest.approx(2 * 12 * 3.0 / 60)


def test_rivals_see_the_first_run() -> None:
    (found,) = drawn(recording(), Truth("a", 0.2))

    assert found.rivals == ("pytest-benchmark mean:5%", "asv factor 1.1")


def test_the_design_is_that_of_the_scenario_without_equal_arms() -> None:
    scenario = parse_scenario(scenario_text("a b b2=b", repetitions=9), "given")

    assert design_of(scenario, Rule()).blocks == {"a": 9, "b": 9}
