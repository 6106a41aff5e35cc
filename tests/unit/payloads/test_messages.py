from __future__ import annotations

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from bench.payloads._sizes import SizedOptions
from bench.payloads.messages import MessagesPayload


def test_a_state_is_a_conversation_whose_tool_answers_a_call() -> None:
    state = MessagesPayload(SizedOptions(state_bytes=50_000), 7).state(1, 2)
    assert [type(message) for message in state[:4]] == [
        HumanMessage,
        AIMessage,
        ToolMessage,
        AIMessage,
    ]
    assert [call["id"] for call in state[1].tool_calls] == [state[2].tool_call_id]
    ids = [message.id for message in state]
    assert len(set(ids)) == len(ids)
    lengths = [len(message.text) for message in state]
    assert 250 < min(lengths) < max(lengths) < 560
