"""The rule for times, fed with one ratio per block."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from bench.gate.arms import Rule
from bench.gate.result import Judgement
from bench.gate.rule import answered, answered_again, answered_together, is_in_question, slowdown
from bench.scenario.metric import Metric
from bench.stats.effects import SIGNED_RANK

ONCE = Rule(confirms=False)


def time(name: str, ratio: float, blocks: int = 20, noise: float = 0.01) -> Judgement:
    """A time that is ``ratio`` times as slow, in blocks that differ by ``noise``."""
    generator = np.random.default_rng(5)
    logs = noise * generator.standard_normal(blocks)
    return Judgement(
        kind="time",
        place="here",
        base="base",
        head="head",
        metric=Metric(name, "ns", "lower", "made up"),
        outcome="inconclusive",
        because="",
        block_ratios=tuple((ratio * np.exp(logs - np.median(logs))).tolist()),
    )


def after_both(
    first: list[Judgement], second: list[Judgement], rule: Rule | None = None
) -> list[str]:
    rule = rule or Rule()
    before = answered(first, rule)
    return [
        j.outcome for j in answered_together(before, answered_again(second, before, rule), rule)
    ]


@pytest.mark.parametrize(
    ("ratio", "outcome", "at_once"),
    [
        (0.9, "pass", "pass"),
        (1.0, "pass", "pass"),
        (1.03, "pass", "pass"),
        (1.05, "inconclusive", "inconclusive"),
        (1.1, "inconclusive", "regression"),
    ],
)
def test_a_first_run_passes_or_asks(ratio: float, outcome: str, at_once: str) -> None:
    assert [j.outcome for j in answered([time("put", ratio)], Rule())] == [outcome]
    assert [j.outcome for j in answered([time("put", ratio)], ONCE)] == [at_once]


@pytest.mark.parametrize(
    ("first", "second", "outcome"),
    [
        (1.1, 1.1, "regression"),
        (1.05, 1.0, "pass"),
        (1.2, 1.04, "inconclusive"),
        (1.2, 0.9, "inconclusive"),
    ],
)
def test_both_runs_decide_together_and_the_second_confirms(
    first: float, second: float, outcome: str
) -> None:
    blocks = 50 if outcome == "pass" else 20

    assert after_both([time("put", first)], [time("put", second, blocks)]) == [outcome]


def test_a_second_run_of_few_blocks_cannot_confirm() -> None:
    assert after_both([time("put", 1.1)], [time("put", 1.1, blocks=5)]) == ["inconclusive"]


def test_what_had_a_reason_keeps_it_and_counts_in_the_adjustment() -> None:
    """With 6 blocks the smallest p is 1 ÷ 64: below 5 % for three times, above it for four."""
    missing = [replace(time("get", 1.0), because="missing", block_ratios=())] * 3
    alone = answered([time("put", 1.2, blocks=6)], ONCE)
    beside = answered([time("put", 1.2, blocks=6), *missing], ONCE)

    assert alone[0].outcome == "regression"
    assert [j.because for j in beside] == [
        "too few trials: 6 blocks, an answer needs 7",
        *["missing"] * 3,
    ]
    assert not is_in_question(beside[1])


def test_what_passed_the_first_run_is_not_asked_again() -> None:
    first = [time("put", 1.0), time("get", 1.2)]
    before = answered(first, Rule())

    assert [j.metric.name for j in answered_again(first, before, Rule())] == ["get"]
    assert after_both(first, [time("put", 9.0), time("get", 1.2)]) == ["pass", "regression"]


def test_any_number_of_blocks_is_judged_by_the_same_test() -> None:
    found = slowdown(time("put", 1.1, blocks=250).block_ratios, Rule())

    assert found.method == SIGNED_RANK
    assert found.confidence == pytest.approx(0.975)


@pytest.mark.parametrize(("bias", "most"), [(1.0, 0.01), (1.02, 0.01), (1.05, 0.05)])
def test_arms_that_differ_by_less_than_the_smallest_effect_are_hardly_called_slower(
    bias: float, most: float
) -> None:
    """A bias that every block has, as of a harness that favours an arm; trials depend on others."""
    generator = np.random.default_rng(11)
    rule, gates = Rule(), 300

    def drawn(name: str, blocks: int) -> Judgement:
        logs = generator.normal(0.0, 0.1, blocks)
        for at in range(1, blocks):
            logs[at] += 0.2 * logs[at - 1]
        return replace(time(name, 1.0), block_ratios=tuple((bias * np.exp(logs)).tolist()))

    names = ("put", "get", "cycle")
    called = 0
    for _ in range(gates):
        before = answered([drawn(name, 12) for name in names], rule)
        again = answered_again([drawn(name, 30) for name in names], before, rule)
        called += any(j.outcome == "regression" for j in answered_together(before, again, rule))

    assert called <= most * gates + 3.0 * math.sqrt(most * (1.0 - most) * gates)
