"""Recorded conversations are said again, message for message; a broken line is named."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from bench.errors import InputError
from bench.payloads.nested import NestedPayload
from bench.scenario.arrival import Recorded, schedule_ns
from bench.scenario.recording import SAMPLE, Recording
from bench.workloads.replay_conversations import (
    ReplayConversationsOptions,
    ReplayConversationsWorkload,
)
from tests.clients import drive, verified
from tests.recording import sample_lines

_CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"n": 1}'}}
_TURNS: list[dict[str, Any]] = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "How many?", "timestamp": "1970-01-01T00:00:10"},
    {"role": "assistant", "content": None, "tool_calls": [_CALL]},
    {"role": "tool", "content": "7", "tool_call_id": "c1"},
    {"role": "assistant", "content": "Seven.", "model": "any"},
    {"role": "user", "content": "Thanks.", "timestamp": 14},
]


def recorded(path: Path, *conversations: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps({"messages": one}) + "\n" for one in conversations))
    return str(path)


def test_a_turn_is_a_run_and_says_what_was_recorded(tmp_path: Path) -> None:
    file = recorded(tmp_path / "chat.jsonl", _TURNS, [{"role": "user", "content": "Hello?"}])
    saver = InMemorySaver()
    options = ReplayConversationsOptions(file=file)
    payload = NestedPayload(NestedPayload.Options(), 1)
    workload = ReplayConversationsWorkload(options, payload, "trial", 1)
    asyncio.run(drive(workload, saver, 3))
    config: Any = {"configurable": {"thread_id": "trial-t0"}}
    states = [each.checkpoint["channel_values"].get("messages", []) for each in saver.list(config)]
    # Each input, and each of its supersteps; the last turn had no answer.
    assert [len(state) for state in states] == [6, 5, 5, 4, 3, 2, 0]
    said = [(message.type, message.content) for message in states[0]]
    assert said == [
        ("system", "Be brief."),
        ("human", "How many?"),
        ("ai", ""),
        ("tool", "7"),
        ("ai", "Seven."),
        ("human", "Thanks."),
    ]
    (call,) = states[0][2].tool_calls
    assert (call["name"], call["args"]) == ("look", {"n": 1})
    assert {"trial-t0", "trial-t1"} == set(workload.expected())


def test_conversations_begin_again_on_new_threads(tmp_path: Path) -> None:
    file = recorded(tmp_path / "chat.jsonl", [{"role": "user", "content": "Hello?"}])
    payload = NestedPayload(NestedPayload.Options(), 1)
    options = ReplayConversationsOptions(file=file)
    workload = ReplayConversationsWorkload(options, payload, "trial", 1)
    asyncio.run(drive(workload, InMemorySaver(), 2))
    assert set(workload.expected()) == {"trial-t0", "trial-t1"}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"messages": [', "line 3: this is not JSON: "),
        ('{"messages": []}', "line 3: messages = []: "),
        ("[]", "line 3: "),
        ('{"messages": [{"role": "bot"}]}', "line 3: messages.0.role = 'bot': Input should be"),
        ('{"messages": [{"role": "user", "content": 7}]}', "line 3: messages.0.content."),
        (
            '{"messages": [{"role": "user", "timestamp": "noon"}]}',
            "line 3: messages.0.timestamp = 'noon': expected seconds since 1970, or a time in ISO",
        ),
        (
            '{"messages": [{"role": "assistant", "tool_calls": [{"id": "c1"}]}]}',
            "line 3: messages.0.tool_calls.0 = {'id': 'c1'}: expected 'name' or 'function'",
        ),
    ],
)
def test_a_broken_line_is_named(line: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    path.write_text('{"messages": [{"role": "user"}]}\n\n' + line + "\n")
    with pytest.raises(InputError) as caught:
        ReplayConversationsWorkload.check(ReplayConversationsOptions(file=str(path)))
    assert f"{path}, {said}" in str(caught.value)


def test_turns_are_due_as_they_were_recorded(tmp_path: Path) -> None:
    later = [{"role": "user", "timestamp": 12.5}]
    first = [{**_TURNS[0], "timestamp": 10}, *_TURNS[1:]]
    file = recorded(tmp_path / "chat.jsonl", first, later)
    arrival = Recorded.model_validate({"kind": "recorded", "file": file, "speed": 2.0})
    assert arrival.due_s == (0.0, 2.5, 4.0)
    assert Recording.read(file).turns == [0, 1, 0]
    # After 4 s and the mean gap of 2 s the recording begins again.
    assert [due / 1e9 for due in schedule_ns(arrival, 1, 1.0, 3.5)] == [0, 1.25, 2, 3, 4.25]
    # What a run keeps can be read where the file is not.
    Path(file).unlink()
    assert Recorded.model_validate(arrival.model_dump()) == arrival


def test_a_turn_without_its_time_is_named(tmp_path: Path) -> None:
    file = recorded(tmp_path / "chat.jsonl", [{"role": "user"}])
    with pytest.raises(InputError, match=r"line 1: messages\.0 begins a turn and has no"):
        Recorded.model_validate({"kind": "recorded", "file": file})


def test_the_sample_is_what_its_generator_makes() -> None:
    assert SAMPLE.read_text(encoding="utf-8") == sample_lines()


def test_what_a_saver_must_hold_is_known_in_another_process() -> None:
    def made() -> ReplayConversationsWorkload:
        payload = NestedPayload(NestedPayload.Options(), 1)
        return ReplayConversationsWorkload(ReplayConversationsOptions(), payload, "trial", 2)

    found = asyncio.run(verified(made, InMemorySaver(), 4))
    assert found.passed, found
    assert found.deterministic
    assert found.steps == found.checkpoints > 0
