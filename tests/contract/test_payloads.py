"""Every payload that discovery finds."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from langchain_core.messages import BaseMessage
from langgraph.checkpoint.redis.jsonplus_redis import JsonPlusRedisSerializer
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from bench.contracts import Payload, PluginOptions
from bench.discovery import load, names

NAMES = names("payload")
SERIALIZERS = [JsonPlusSerializer, JsonPlusRedisSerializer]


def payload(name: str, seed: int = 7) -> Payload:
    found: Any = load("payload", name)
    made = found(found.Options(), seed)
    assert isinstance(made, Payload)
    return made


def changes(value: Any) -> list[Any]:
    """Return copies of ``value``, each with the smallest change in one place."""
    if isinstance(value, list):
        places = enumerate(value)
        inner = [
            [*value[:place], one, *value[place + 1 :]]
            for place, item in places
            for one in changes(item)
        ]
        return [value[:-1] if value else [None], *inner]
    if isinstance(value, dict):
        return [{**value, key: one} for key, item in value.items() for one in changes(item)]
    if isinstance(value, BaseMessage):
        return [
            value.model_copy(update={field: one})
            for field in ("content", "id")
            for one in changes(getattr(value, field))
        ]
    return [changed_scalar(value)]


def changed_scalar(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, float):
        return value + 0.001 if abs(value) < 1e9 else 0.5
    if isinstance(value, int):
        return value + 1
    if isinstance(value, bytes):
        middle = len(value) // 2
        return value[:middle] + bytes([value[middle] ^ 1]) + value[middle + 1 :]
    if isinstance(value, str):
        return value[:-1] + ("y" if value.endswith("x") else "x")
    return "something"


def test_every_payload_of_the_issue_is_found() -> None:
    assert {"messages", "nested", "binary"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_payload_has_options_and_a_description(name: str) -> None:
    found: Any = load("payload", name)
    assert issubclass(found.Options, PluginOptions)
    assert name in payload(name).describe()


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_thread_and_turn_give_the_same_state(name: str) -> None:
    one, other = payload(name), payload(name)
    for thread, turn in itertools.product(range(4), range(4)):
        expected = one.canonical(one.state(thread, turn))
        assert other.canonical(other.state(thread, turn)) == expected


@pytest.mark.parametrize("name", NAMES)
def test_another_seed_gives_other_states(name: str) -> None:
    one, other = payload(name, 7), payload(name, 8)
    states = [one.canonical(one.state(thread, 0)) for thread in range(8)]
    assert states != [other.canonical(other.state(thread, 0)) for thread in range(8)]


@pytest.mark.parametrize("name", NAMES)
def test_threads_and_turns_usually_differ(name: str) -> None:
    made = payload(name)
    for thread in range(10):
        of_thread = [made.canonical(made.state(thread, turn)) for turn in range(8)]
        assert len(set(of_thread)) >= 6
    of_turn = [made.canonical(made.state(thread, 3)) for thread in range(8)]
    assert len(set(of_turn)) >= 6


# What serialisers make of it is what ``application_state`` is there to find out.
@pytest.mark.parametrize("name", [name for name in NAMES if name != "application_state"])
@pytest.mark.parametrize("serializer", SERIALIZERS)
def test_a_round_trip_keeps_the_meaning(name: str, serializer: type[JsonPlusSerializer]) -> None:
    made, serde = payload(name), serializer()
    for thread in range(8):
        state = made.state(thread, 1)
        returned = serde.loads_typed(serde.dumps_typed(state))
        assert made.canonical(returned) == made.canonical(state)


@pytest.mark.parametrize("name", NAMES)
def test_every_small_change_shows(name: str) -> None:
    made = payload(name)
    state = made.state(1, 1)
    changed = changes(state)
    assert changed
    expected = made.canonical(state)
    assert [one for one in changed if made.canonical(one) == expected] == []
