"""What speaks against a difference of two cells, and for whom it counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from bench.analysis.cell import Cell
from bench.analysis.comparison import (
    HEEDED,
    allowing_for_many,
    compare,
    heeded,
    noise_factor,
    widened,
)
from bench.analysis.result import Comparison, Reason
from bench.scenario.durability import Durability
from bench.stats.steadiness import Drift
from tests.unit.decide.deciding import GET, MEMORY, MS, PUT, SERVER, around, cell, with_blocks

PAGE = Path(__file__).parents[3] / "docs" / "comparisons.md"
DRIFT = Drift(change=0.2, trials=5, p_value=0.001, is_systematic=True)
# Twice as long, more or less: an interval of 1.2 to 3.
APART = (1.4, 2.8, 1.6, 2.4, 2.0)


def made(subject: str, factors: Sequence[float] = (1.0,) * 5, **changes: Any) -> Cell:
    whole = with_blocks(cell(subject, {PUT: [MS * factor for factor in factors]}))
    blocks = {name: changes.pop(name) for name in ("planned", "replicates") if name in changes}
    return replace(whole, blocks=replace(whole.blocks, **blocks), **changes)


def compared(candidate: Cell, baseline: Cell, **given: Any) -> Comparison:
    found = compare(candidate, baseline, PUT, **given)
    assert found is not None
    return found


def replicates(spread: float) -> dict[str, Any]:
    """Trials whose quantile, resampled, goes up and down by ``spread``, a logarithm."""
    of_trial = spread * np.linspace(-1.0, 1.0, 100)
    return {"replicates": {PUT: dict.fromkeys(range(5), of_trial)}}


@pytest.mark.parametrize(
    ("candidate", "given", "reasons"),
    [
        (made("b", APART), {}, ()),
        (made("b", APART, durability=Durability.RELAXED), {}, ("durability",)),
        (made("b", APART, planned=6), {"blocks": 6}, ("blocks",)),
        (made("b", APART, drifts={"put.response": DRIFT}), {}, ("unsteady",)),
        (made("b", (0.5, 2.0, 0.6, 1.7, 1.0)), {}, ("interval",)),
        (made("b", APART), {"noise_factor": 2.5}, ("noise",)),
        (made("b", APART, **replicates(0.1)), {}, ()),
        (made("b", APART, **replicates(2.0)), {}, ("tail",)),
        (
            made("b", (1.0,) * 5, planned=6, durability=Durability.UNKNOWN),
            {"noise_factor": 2.0, "blocks": 6},
            ("durability", "blocks", "interval", "noise"),
        ),
    ],
)
def test_every_reason_is_told_in_one_order(
    candidate: Cell, given: dict[str, Any], reasons: tuple[Reason, ...]
) -> None:
    planned = given.pop("blocks", 5)
    baseline = made("a", planned=planned, replicates=candidate.blocks.replicates)

    assert compared(candidate, baseline, **given).reasons == reasons


def test_one_of_many_comparisons_may_be_by_chance() -> None:
    one = compared(made("b", APART), made("a"), family="all")
    # Much larger variances, so that what they have in common is not what one has.
    equal = replace(compared(made("b", APART[::-1]), made("a", APART), family="all"), ratios={})
    read = allowing_for_many([one, *[equal] * 9])

    assert one.p_value is not None
    assert one.p_value < 0.05 < one.p_value * 10
    assert (read[0].adjusted_p, read[0].reasons) == (one.p_value * 10, ("many comparisons",))
    heeding = {consumer for consumer in HEEDED if heeded(read[0], consumer)}
    assert heeding == {"report", "dominance", "history"}


def test_noise_and_tail_widen_the_interval_for_those_who_heed_them() -> None:
    tails = replicates(2.0)
    found = compared(made("b", APART, **tails), made("a", **tails), noise_factor=9.0)
    low, high = found.effect.low, found.effect.high
    assert low is not None
    assert found.tail_low is not None

    assert widened(found, "gate") == (low, high)
    ends = (min(found.effect.ratio / 9.0, found.tail_low), found.effect.ratio * 9.0)
    assert widened(found, "claims") == pytest.approx(ends)
    single = compared(made("b", (2.0,)), made("a", (1.0,)))
    assert widened(single, "claims") == (0.0, float("inf"))


def test_blocks_are_paired_by_repetition_and_parts_added_and_divided() -> None:
    server = {PUT: around(2.0, (1.0, 2.0)), GET: (3.0, 4.0), SERVER: (1.0, 2.0), MEMORY: (5.0, 6.0)}
    one, store = with_blocks(cell("a", server)), with_blocks(cell("b", server, server=""))

    assert one.by_block(f"{PUT} + {GET}") == {0: 5.0, 1: 8.0}
    assert one.by_block(f"{PUT} + {GET}", MEMORY) == {0: 1.0, 1: 8.0 / 6.0}
    assert one.by_block(f"{MEMORY} + {SERVER}") == {0: 6.0, 1: 8.0}
    assert store.by_block(f"{MEMORY} + {SERVER}") == {0: 5.0, 1: 6.0}
    found = compare(one, store, f"{MEMORY} + {SERVER}", PUT)
    assert found is not None
    assert found.metric.name == f"({MEMORY} + {SERVER}) / {PUT}"
    assert found.ratios == {0: 6.0 / 5.0, 1: pytest.approx(8.0 / 6.0)}


def test_no_ratio_is_made_of_what_says_nothing() -> None:
    whole = made("b")
    bound = replace(whole, blocks=replace(whole.blocks, lower_bounds=frozenset({PUT})))
    stalled = replace(whole, blocks=replace(whole.blocks, is_open=True))
    failing = with_blocks(cell("b", {PUT: (MS,) * 5, "errors": (0.5,) * 5}))

    for candidate in (bound, stalled, failing):
        assert compare(candidate, made("a"), PUT) is None


def test_the_noise_is_the_largest_departure_of_any_arm_from_what_it_repeats() -> None:
    cells = [made("a"), made("again", (0.8,) * 5, aa_of="a"), made("b", (5.0,) * 5)]

    assert noise_factor(cells, PUT) == pytest.approx(1.25)
    assert noise_factor([replace(c, invalid_because="lost") for c in cells], PUT) == 1.0


def test_the_page_has_the_table_of_the_code() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    rows = [[part.strip() for part in line.strip("|").split("|")] for line in lines if "|" in line]
    head, _, *body = rows
    table = {
        consumer: {row[0] for row in body if row[at] == "✓"}
        for at, consumer in enumerate(head)
        if at
    }

    assert [row[0] for row in body] == list(get_args(Reason))
    assert table == {consumer: set(reasons) for consumer, reasons in HEEDED.items()}
