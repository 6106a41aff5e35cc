from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from bench.payloads._canonical import canonical

CALL = {"name": "look_up", "args": {"topic": 1}, "id": "call-1"}

SAME: list[tuple[Any, Any]] = [
    ((1, "a"), [1, "a"]),
    (b"ab", bytearray(b"ab")),
    (2.0, 2),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    (HumanMessage("a", id="1"), HumanMessage("a", id="1", name=None, additional_kwargs={})),
    (AIMessage("a", tool_calls=[CALL]), AIMessage("a", tool_calls=[{**CALL, "type": "tool_call"}])),
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
    ({}, []),
    (0.1, 0.2),
    ("", []),
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
def test_equal_meanings_have_equal_bytes(one: Any, other: Any) -> None:
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_meanings_have_different_bytes(one: Any, other: Any) -> None:
    assert canonical(one) != canonical(other)


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), "\ud800", {1: "a", "1": "b"}, {1, 2}, 10**40]
)
def test_an_odd_value_is_encoded_and_never_raises(value: Any) -> None:
    assert canonical(value) == canonical(value)
    assert canonical(value) != canonical([value])
