"""A graph that says again what assistants and tools said in recorded conversations."""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

from langchain_core.messages import (
    AIMessage,
    AnyMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages

from bench.scenario.recording import Message, Recording
from bench.workloads._shapes.shape import Shape


class _State(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]


def replay_shape(recording: Recording) -> Shape:
    """Build the graph: a step of ``model`` a reply, one of ``tools`` for answers in a row.

    A thread's number says which conversation it replays, modulo how many there are; run k is its
    k-th turn. A message's id has the number of its thread and its place in the conversation.
    """
    conversations = [one.messages for one in recording.conversations]

    def following(state: _State) -> tuple[int, int]:
        number, place = map(int, str(state["messages"][-1].id).split("-"))
        return number, place + 1

    def role(number: int, place: int) -> str:
        messages = conversations[number % len(conversations)]
        return messages[place].role if place < len(messages) else ""

    def said(number: int, first: int, end: int) -> dict[str, Any]:
        messages = conversations[number % len(conversations)]
        return {"messages": [_said(messages[at], f"{number}-{at}") for at in range(first, end)]}

    async def model(state: _State) -> dict[str, Any]:
        number, place = following(state)
        return said(number, place, place + 1)

    async def tools(state: _State) -> dict[str, Any]:
        number, place = following(state)
        end = place
        while role(number, end) == "tool":
            end += 1
        return said(number, place, end)

    def next_node(state: _State) -> str:
        nodes = {"assistant": "model", "tool": "tools"}
        return nodes.get(role(*following(state)), END)

    def inputs(thread: int, run: int) -> dict[str, Any]:
        return said(thread, *recording.conversations[thread % len(conversations)].turns[run])

    builder = StateGraph(_State)
    builder.add_node("model", model)
    builder.add_node("tools", tools)
    for source in (START, "model", "tools"):
        builder.add_conditional_edges(source, next_node, ["model", "tools", END])
    return Shape(builder.compile(), inputs)


def _said(recorded: Message, identity: str) -> AnyMessage:
    content: Any = recorded.content or ""
    match recorded.role:
        case "system":
            return SystemMessage(content, id=identity)
        case "user":
            return HumanMessage(content, id=identity)
        case "tool":
            return ToolMessage(content, id=identity, tool_call_id=recorded.tool_call_id)
        case "assistant":
            calls: Any = [call.as_langchain() for call in recorded.tool_calls or ()]
            return AIMessage(content, id=identity, tool_calls=calls)
