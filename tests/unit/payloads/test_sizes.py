from __future__ import annotations

import math
import random
import statistics
from itertools import pairwise
from typing import Any

import pytest
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from pydantic import ValidationError

from bench.payloads._sizes import SizedOptions, SizedPayload, shares
from bench.payloads.binary import BinaryPayload
from bench.payloads.messages import MessagesPayload
from bench.payloads.nested import NestedPayload

ALL: list[type[SizedPayload]] = [MessagesPayload, NestedPayload, BinaryPayload]
# What a state may be off its size by, as a factor.
TOLERANCE = 1.02


def make(kind: type[SizedPayload], seed: int = 7, **options: Any) -> SizedPayload:
    return kind(SizedOptions(**options), seed)


def serialised_bytes(value: Any) -> int:
    return len(JsonPlusSerializer().dumps_typed(value)[1])


def parts(value: Any) -> Any:
    return value["records"] if isinstance(value, dict) else value


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("state_bytes", [300, 1_000, 50_000])
def test_a_state_is_as_large_as_asked_for(kind: type[SizedPayload], state_bytes: int) -> None:
    payload = make(kind, state_bytes=state_bytes)
    for thread in range(5):
        ratio = serialised_bytes(payload.state(thread, 3)) / state_bytes
        assert 1 / TOLERANCE <= ratio <= TOLERANCE


def test_the_smallest_messages_state_is_one_message() -> None:
    state = make(MessagesPayload, state_bytes=64).state(0, 0)
    assert len(state) == 1
    assert len(state[0].text) == 8


@pytest.mark.parametrize("kind", ALL)
def test_growth_by_turn_appends_increments_until_max_turns(kind: type[SizedPayload]) -> None:
    payload = make(kind, state_bytes=1_000, growth="by_turn", max_turns=4)
    states = [parts(payload.state(5, turn)) for turn in range(6)]
    lengths = [len(state) for state in states]
    assert lengths[:4] == [lengths[0] * (turn + 1) for turn in range(4)]
    assert states[4] == states[3]
    assert states[5] == states[3]
    for before, after in pairwise(states):
        assert after[: len(before)] == before
    ratio = serialised_bytes(payload.state(5, 3)) / 4_000
    assert 1 / TOLERANCE <= ratio <= TOLERANCE


def test_a_conversation_holds_no_message_twice() -> None:
    payload = make(MessagesPayload, state_bytes=1_000, growth="by_turn", max_turns=70)
    for thread in range(20):
        ids = [message.id for message in payload.state(thread, 69)]
        assert len(ids) == len(set(ids))


def test_a_constant_state_does_not_grow() -> None:
    payload = make(BinaryPayload, state_bytes=1_000)
    assert {len(payload.state(1, turn)) for turn in range(100)} == {1_000}


def test_lognormal_sizes_have_the_median_and_the_spread() -> None:
    payload = make(BinaryPayload, state_bytes=10_000, spread="lognormal", sigma=0.5)
    sizes = [len(payload.state(thread, turn)) for thread in range(200) for turn in range(20)]
    assert statistics.median(sizes) == pytest.approx(10_000, rel=0.1)
    logarithms = [math.log(size) for size in sizes]
    assert statistics.stdev(logarithms) == pytest.approx(0.5, rel=0.1)


def test_lognormal_sizes_are_cut_off() -> None:
    payload = make(BinaryPayload, state_bytes=100, spread="lognormal", sigma=3.0)
    sizes = {len(payload.state(thread, 0)) for thread in range(2_000)}
    assert (min(sizes), max(sizes)) == (64, 1_600)


def test_lognormal_increments_make_a_growing_conversation() -> None:
    payload = make(BinaryPayload, state_bytes=1_000, growth="by_turn", spread="lognormal")
    states = [payload.state(3, turn) for turn in range(10)]
    increments = {len(after) - len(before) for before, after in pairwise(states)}
    assert len(increments) > 5
    assert all(after.startswith(before) for before, after in pairwise(states))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"state_bytes": 1_000}, "binary, 1 kB"),
        ({"state_bytes": 50_000, "growth": "by_turn"}, "binary, 50 kB, growing by turn"),
        ({"spread": "lognormal", "sigma": 1.0}, "binary, 1 kB, log-normal sizes (sigma 1)"),
    ],
)
def test_a_payload_describes_itself(options: dict[str, Any], expected: str) -> None:
    assert make(BinaryPayload, **options).describe() == expected


@pytest.mark.parametrize(
    ("size", "expected"), [(64, "64 B"), (1_500, "1.5 kB"), (2_000_000, "2 MB")]
)
def test_sizes_are_written_with_a_decimal_prefix(size: int, expected: str) -> None:
    assert make(BinaryPayload, state_bytes=size).describe() == f"binary, {expected}"


@pytest.mark.parametrize(
    "options",
    [
        {"state_bytes": 63},
        {"state_bytes": "1000"},
        {"growth": "by_step"},
        {"sigma": 0.0},
        {"max_turns": 0},
        {"bytes": 1_000},
        {"state_bytes": 10_000_000, "growth": "by_turn", "max_turns": 26},
    ],
)
def test_bad_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SizedOptions(**options)


@pytest.mark.parametrize(("total", "count"), [(0, 3), (1, 3), (1_000, 7), (5, 1)])
def test_shares_add_up(total: int, count: int) -> None:
    found = shares(total, count, random.Random(1))  # noqa: S311 - no secret
    assert (sum(found), len(found), min(found) >= 0) == (total, count, True)
