"""An agent loop: a scripted model asks for a tool ``nodes`` times, then gives its answer.

The tool answers with one of a few texts, each about as large as a state of the payload. No language
model is asked.
"""

from __future__ import annotations

import base64
from typing import Annotated, Any, TypedDict

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages

from bench.contracts import Payload
from bench.workloads._shapes.shape import Shape, Sizes, graph

_TEXTS = 32


class _State(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]


@graph("nodes")
def react_agent(sizes: Sizes, payload: Payload) -> Shape:
    """Build an agent loop of ``nodes`` rounds.

    Each run adds 2 + 2 × ``nodes`` messages to the thread's list, and leaves 3 + 2 × ``nodes``
    checkpoints in the root namespace.
    """
    texts = [_text_of(payload, number) for number in range(_TEXTS)]

    async def model(state: _State) -> dict[str, Any]:
        # The question has the number of its thread and run in its id.
        question = next(m for m in reversed(state["messages"]) if isinstance(m, HumanMessage))
        since = len(state["messages"]) - 1 - state["messages"].index(question)
        _, thread, run = str(question.id).split("-")
        return {"messages": [_reply(int(thread), int(run), since // 2, sizes.nodes)]}

    async def tools(state: _State) -> dict[str, Any]:
        (call,) = state["messages"][-1].tool_calls  # type: ignore[union-attr] # the model's own
        text = texts[call["args"]["number"]]
        identity = f"answer-{call['id']}"
        answer = ToolMessage(text, name=call["name"], tool_call_id=call["id"], id=identity)
        return {"messages": [answer]}

    def next_node(state: _State) -> str:
        last = state["messages"][-1]
        return "tools" if isinstance(last, AIMessage) and last.tool_calls else END

    builder = StateGraph(_State)
    builder.add_node("model", model)
    builder.add_node("tools", tools)
    builder.add_edge(START, "model")
    builder.add_conditional_edges("model", next_node, ["tools", END])
    builder.add_edge("tools", "model")
    return Shape(builder.compile(), _question)


def _question(thread: int, run: int) -> dict[str, Any]:
    return {"messages": [HumanMessage("What do the texts say?", id=f"question-{thread}-{run}")]}


def _reply(thread: int, run: int, index: int, rounds: int) -> AIMessage:
    identity = f"reply-{thread}-{run}-{index}"
    if index >= rounds:
        return AIMessage("That is all.", id=identity)
    number = (thread * 7 + run * 3 + index) % _TEXTS
    call = {"name": "look_up", "args": {"number": number}, "id": f"call-{thread}-{run}-{index}"}
    return AIMessage(f"I look up number {number}.", id=identity, tool_calls=[call])


def _text_of(payload: Payload, number: int) -> str:
    """Return text about as large as the payload's state: its own where that is ASCII."""
    content = payload.canonical(payload.state(number, 0))
    if content.isascii():
        return content.decode("ascii")
    return base64.b64encode(content)[: len(content)].decode("ascii")
