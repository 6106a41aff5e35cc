"""When two values are the same, and how a difference is said."""

from __future__ import annotations

import datetime as dt
import enum
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph.types import Send
from pydantic import BaseModel, ConfigDict

from bench.values import canonical, difference

CALL = {"name": "look_up", "args": {"topic": 1}, "id": "call-1"}


class Model(BaseModel):
    model_config = ConfigDict(extra="allow")
    name: str
    parts: list[Any] = []


class OtherModel(BaseModel):
    name: str
    parts: list[Any] = []


@dataclass
class Record:
    name: str
    size: int = field(default=0, init=False)


class Colour(enum.Enum):
    RED = 1
    GREEN = 2


class Block(BaseModel):
    """Has what a message has, and is none."""

    type: str
    content: str
    score: float


class Number(int):
    pass


class Plain:
    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


class Summary(Plain):
    """Shows less than it holds."""

    def __repr__(self) -> str:
        return "<Summary>"


class Unshowable:
    def __repr__(self) -> str:
        raise ValueError("no")


NAN = float("nan")
# Equal whether or not types count.
SAME: list[tuple[Any, Any]] = [
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ({1, 2, 3}, {3, 2, 1}),
    (NAN, float("-nan")),
    ([NAN], [float("nan")]),
    (Model(name="a"), Model(name="a", parts=[])),
    (Record("a"), Record("a")),
    (Plain(a=1), Plain(a=1)),
    (Unshowable(), Unshowable()),
    (Summary(a=1), Summary(a=1)),
    ({Unshowable(): 1}, {Unshowable(): 1}),
    (np.arange(5000), np.arange(5000)),
    (HumanMessage("a", id="1"), HumanMessage("a", id="1", name=None, additional_kwargs={})),
    (AIMessage("a", tool_calls=[CALL]), AIMessage("a", tool_calls=[{**CALL, "type": "tool_call"}])),
]
# Equal where a state is plain data, and different where types count.
SAME_AS_DATA: list[tuple[Any, Any]] = [
    ((1, "a"), [1, "a"]),
    ({"a": (1, (2, 3))}, {"a": [1, [2, 3]]}),
    (b"ab", bytearray(b"ab")),
    (2.0, 2),
    (Number(2), 2),
    ({1}, frozenset({1})),
    (defaultdict(list, {"a": [1]}), {"a": [1]}),
    (Counter("aab"), {"a": 2, "b": 1}),
]
DIFFERENT: list[tuple[Any, Any]] = [
    (True, 1),
    (False, 0),
    (None, ""),
    (None, False),
    ("1", 1),
    ("ab", b"ab"),
    (["a", "b"], ["ab"]),
    (["a", ["b"]], ["a", "b"]),
    ({"a": 1}, {"a": 2}),
    ({"a": 1}, {"b": 1}),
    ({1: "a"}, {"1": "a"}),
    ({}, []),
    (0.1, 0.2),
    (0.1 + 0.2, 0.3),
    (2**64 - 1, 2**64),
    (float("inf"), float("-inf")),
    (NAN, None),
    ("", []),
    ({1, 2}, [1, 2]),
    (Decimal("1.10"), Decimal("1.1")),
    (Decimal("1.10"), 1.1),
    (dt.date(2026, 1, 1), "2026-01-01"),
    (dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.datetime(2026, 1, 1)),  # noqa: DTZ001 - a naive one is the other
    (Colour.RED, Colour.GREEN),
    (Colour.RED, 1),
    (Model(name="a"), Model(name="b")),
    (Model(name="a"), OtherModel(name="a")),
    (Model(name="a"), {"name": "a", "parts": []}),
    (Model.model_validate({"name": "a", "more": 1}), Model(name="a")),
    (Record("a"), {"name": "a", "size": 0}),
    (Block(type="a", content="b", score=1.0), Block(type="a", content="b", score=2.0)),
    (Plain(a=1), Plain(a=2)),
    (Summary(a=1), Summary(a=2)),
    (Path("a at 0x1"), Path("b at 0x1")),
    (np.arange(5000), np.where(np.arange(5000) == 2500, 0, np.arange(5000))),
    (np.arange(4), np.arange(4).astype("int32")),
    (np.arange(4), np.arange(4).reshape(2, 2)),
    (Send("a", {"b": 1}), Send("a", {"b": 2})),
    (HumanMessage("a", id="1"), HumanMessage("b", id="1")),
    (HumanMessage("a", id="1"), HumanMessage("a", id="2")),
    (HumanMessage("a", id="1"), AIMessage("a", id="1")),
    (HumanMessage("a", id="1"), {"type": "human", "content": "a", "id": "1"}),
    (HumanMessage("a"), HumanMessage("a", name="b")),
    (HumanMessage("a"), HumanMessage("a", additional_kwargs={"b": 1})),
    (AIMessage("a", tool_calls=[CALL]), AIMessage("a")),
    (AIMessage("a", tool_calls=[CALL]), AIMessage("a", tool_calls=[{**CALL, "args": {}}])),
    (ToolMessage("a", tool_call_id="1"), ToolMessage("a", tool_call_id="2")),
    (ToolMessage("a", tool_call_id="1"), ToolMessage("a", tool_call_id="1", status="error")),
    (object(), None),
]


@pytest.mark.parametrize(("one", "other"), SAME)
@pytest.mark.parametrize("exact", [True, False])
def test_equal_meanings_have_equal_bytes(one: Any, other: Any, exact: bool) -> None:
    assert canonical(one, exact=exact) == canonical(other, exact=exact)
    assert difference(one, other, exact=exact) == ""


@pytest.mark.parametrize(("one", "other"), SAME_AS_DATA)
def test_a_type_counts_only_where_it_carries_meaning(one: Any, other: Any) -> None:
    assert canonical(one, exact=False) == canonical(other, exact=False)
    assert canonical(one) != canonical(other)
    assert difference(one, other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
@pytest.mark.parametrize("exact", [True, False])
def test_different_meanings_have_different_bytes(one: Any, other: Any, exact: bool) -> None:
    assert canonical(one, exact=exact) != canonical(other, exact=exact)
    said, back = difference(one, other, exact=exact), difference(other, one, exact=exact)
    assert "expected " in said
    # Both sides are shown, and not as the same.
    assert said != back


@pytest.mark.parametrize(
    "value", [NAN, float("inf"), "\ud800", {1: "a", "1": "b"}, {1, 2}, 10**40, Unshowable(), Model]
)
def test_an_odd_value_is_encoded_and_never_raises(value: Any) -> None:
    assert canonical(value) == canonical(value) != canonical([value])


@pytest.mark.parametrize(
    ("expected", "found", "said"),
    [
        (1, 2, "expected 1, found 2"),
        ({"a": 1}, {}, "['a']: expected 1, found nothing"),
        ({}, {"a": 1}, "['a']: expected nothing, found 1"),
        ([1, 2], [1], "[1]: expected 2, found nothing"),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, "['a'][0]['b']: expected 1, found 2"),
        ((1, 2), [1, 2], "expected (1, 2), found [1, 2]"),
        ({1: "a"}, {"1": "a"}, "[1]: expected 'a', found nothing; also different: ['1']"),
        (
            {"at": [Model(name="a", parts=[Decimal("1.10")])]},
            {"at": [Model(name="a", parts=["1.10"])]},
            "['at'][0].parts[0]: expected Decimal('1.10'), found '1.10'",
        ),
        (
            {"a": 1, "b": {"c": 1, "d": 1}, "e": 1},
            {"a": 1, "b": {"c": 2, "d": 2}, "e": 2},
            "['b']['c']: expected 1, found 2; also different: ['e']",
        ),
        (
            {"a": list(range(20))},
            {"a": [n + 1 for n in range(20)]},
            "['a'][0]: expected 0, found 1; also different: "
            + ", ".join(f"['a'][{n}]" for n in range(1, 17))
            + " and 3 more",
        ),
        (Summary(a=[1]), Summary(a=[2]), ".a[0]: expected 1, found 2"),
        (Record("a"), Record("b"), ".name: expected 'a', found 'b'"),
        (HumanMessage("a", id="1"), HumanMessage("b", id="1"), ".content: expected 'a', found 'b'"),
        (
            "x" * 50 + "a" + "y" * 100,
            "x" * 50 + "b" + "y" * 100,
            f"expected …{'x' * 15}a{'y' * 44}…, found …{'x' * 15}b{'y' * 44}…",
        ),
        (
            Number(2),
            2,
            f"expected 2 ({__name__}.Number), found 2 (builtins.int)",
        ),
    ],
)
def test_a_difference_names_its_place_and_shows_both(expected: Any, found: Any, said: str) -> None:
    assert difference(expected, found) == said
