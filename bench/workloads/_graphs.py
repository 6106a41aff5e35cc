"""The LangGraph graphs of ``run_graph``, and what they must leave in a thread.

All content follows from the payload and from which thread and run it is, so the state after any
number of runs can be computed. No language model is asked: the model node follows a script.
"""

from __future__ import annotations

import base64
import json
import operator
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, TypedDict

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.prebuilt import ToolNode

from bench.contracts import Payload
from bench.workloads._script import Graph, GraphRun, Saved, Script

_TEXTS = 32


class _ChainState(TypedDict):
    payload: Any
    count: Annotated[int, operator.add]
    run: int


class Chain(Script):
    """``nodes`` nodes in a row; each replaces the payload and adds one to a counter."""

    def __init__(self, nodes: int, payload: Payload) -> None:
        self._nodes = nodes
        self._payload = payload
        self.supersteps = nodes + 1

    def compile(self, current: GraphRun) -> Graph:
        """Build the graph."""
        builder = StateGraph(_ChainState)
        before = START
        for index in range(self._nodes):
            name = f"node_{index}"
            builder.add_node(name, self._node(index, current))
            builder.add_edge(before, name)
            before = name
        builder.add_edge(before, END)
        return builder.compile()

    def _node(self, index: int, current: GraphRun) -> Any:
        async def node(state: _ChainState) -> dict[str, Any]:
            if index == 0:
                before = current.run * self._nodes
                current.check(state.get("count", 0), before, "calls of nodes")
            return {"payload": self._state(current.thread, index, current.run), "count": 1}

        return node

    def _state(self, thread: int, node: int, run: int) -> Any:
        return self._payload.state(thread * self._nodes + node, run)

    def input(self, current: GraphRun) -> dict[str, Any]:
        """Return the number of the run; everything else comes from the nodes."""
        return {"run": current.run}

    def final(self, thread: int, runs: int) -> dict[str, Any]:
        """Return the last node's payload, the count of all node calls, and the last run."""
        payload = self._state(thread, self._nodes - 1, runs - 1)
        return {"payload": payload, "count": runs * self._nodes, "run": runs - 1}

    def saved(self, thread: int, run: int) -> Iterator[Saved]:
        """Yield the state before, with the input, and after each node."""
        before = self.final(thread, run) if run else {}
        yield Saved(before, [("run", run), ("branch:to:node_0", None)])
        channels = {**before, "run": run}
        for node in range(self._nodes):
            payload = self._state(thread, node, run)
            follows = [] if node + 1 == self._nodes else [(f"branch:to:node_{node + 1}", None)]
            yield Saved(channels, [("payload", payload), ("count", 1), *follows])
            count = run * self._nodes + node + 1
            channels = {"payload": payload, "count": count, "run": run}
        yield Saved(channels, [])

    def canonical_value(self, value: Any) -> bytes:
        """Encode a node's payload, or a number or trigger of LangGraph's."""
        if value is None or isinstance(value, int):
            return repr(value).encode()
        return self._payload.canonical(value)

    def canonical(self, channel_values: Mapping[str, Any]) -> list[tuple[str, bytes]]:
        """Encode payload, count and run."""
        numbers = [(name, repr(channel_values.get(name)).encode()) for name in ("count", "run")]
        if "payload" not in channel_values:
            return numbers
        return [*numbers, ("payload", self._payload.canonical(channel_values["payload"]))]


class _ReactState(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]


class React(Script):
    """An agent loop: a scripted model asks for a tool ``rounds`` times, then gives its answer.

    The tool answers with one of a few texts, each about as large as a state of the payload.
    Each run adds 2 + 2 × ``rounds`` messages to the thread's list.
    """

    def __init__(self, rounds: int, payload: Payload) -> None:
        self._rounds = rounds
        self._texts = [_text_of(payload, number) for number in range(_TEXTS)]
        self.supersteps = 2 * rounds + 2
        self._messages_per_run = 2 * rounds + 2

    def compile(self, current: GraphRun) -> Graph:
        """Build the graph."""

        async def model(state: _ReactState) -> dict[str, Any]:
            since_question = _length_since_question(state["messages"])
            if since_question == 0:
                before = current.run * self._messages_per_run
                current.check(len(state["messages"]) - 1, before, "messages")
            return {"messages": [self._reply(current.thread, current.run, since_question // 2)]}

        @tool
        async def look_up(number: int) -> str:
            """Look up the text with that number."""
            return self._texts[number]

        def next_node(state: _ReactState) -> str:
            last = state["messages"][-1]
            return "tools" if isinstance(last, AIMessage) and last.tool_calls else END

        builder = StateGraph(_ReactState)
        builder.add_node("model", model)
        builder.add_node("tools", ToolNode([look_up]))
        builder.add_edge(START, "model")
        builder.add_conditional_edges("model", next_node, ["tools", END])
        builder.add_edge("tools", "model")
        return builder.compile()

    def input(self, current: GraphRun) -> dict[str, Any]:
        """Return the user's question."""
        return {"messages": [_question(current.thread, current.run)]}

    def final(self, thread: int, runs: int) -> dict[str, Any]:
        """Return all messages of all runs."""
        messages: list[AnyMessage] = []
        for run in range(runs):
            messages.append(_question(thread, run))
            for index in range(self._rounds):
                reply = self._reply(thread, run, index)
                call = reply.tool_calls[0]
                text = self._texts[call["args"]["number"]]
                answer = ToolMessage(text, name=call["name"], tool_call_id=call["id"])
                messages += [reply, answer]
            messages.append(self._reply(thread, run, self._rounds))
        return {"messages": messages}

    def saved(self, thread: int, run: int) -> Iterator[Saved]:
        """Yield the state before, with the question, and after each further message."""
        messages = self.final(thread, run + 1)["messages"]
        for length in range(run * self._messages_per_run, len(messages)):
            message = messages[length]
            follows = {"human": "model", "ai": "tools", "tool": "model"}[message.type]
            writes: list[tuple[str, Any]] = [("messages", [message])]
            if length + 1 < len(messages):
                writes.append((f"branch:to:{follows}", None))
            yield Saved({"messages": messages[:length]} if length else {}, writes)
        yield Saved({"messages": messages}, [])

    def canonical_value(self, value: Any) -> bytes:
        """Encode a list of messages, or a trigger of LangGraph's."""
        if isinstance(value, list | tuple):
            return json.dumps([_meaning(message) for message in value]).encode()
        return repr(value).encode()

    def canonical(self, channel_values: Mapping[str, Any]) -> list[tuple[str, bytes]]:
        """Encode the messages in order; the ids of tool messages are LangGraph's random ones."""
        messages = channel_values.get("messages")
        if not isinstance(messages, list | tuple):
            return [("messages", repr(messages).encode())]
        return [("messages", json.dumps([_meaning(message) for message in messages]).encode())]

    def _reply(self, thread: int, run: int, index: int) -> AIMessage:
        identity = f"reply-{thread}-{run}-{index}"
        if index >= self._rounds:
            return AIMessage("That is all.", id=identity)
        number = (thread * 7 + run * 3 + index) % len(self._texts)
        call = {"name": "look_up", "args": {"number": number}, "id": f"call-{thread}-{run}-{index}"}
        return AIMessage(f"I look up number {number}.", id=identity, tool_calls=[call])


def _question(thread: int, run: int) -> HumanMessage:
    return HumanMessage("What do the texts say?", id=f"question-{thread}-{run}")


def _length_since_question(messages: list[AnyMessage]) -> int:
    for length, message in enumerate(reversed(messages)):
        if isinstance(message, HumanMessage):
            return length
    return len(messages)


def _meaning(message: Any) -> list[Any]:
    """Return type, id, content and calls; what is not a message has none of them."""
    kind = getattr(message, "type", type(message).__qualname__)
    calls = getattr(message, "tool_calls", None) or []
    return [
        kind,
        None if kind == "tool" else getattr(message, "id", None),
        str(getattr(message, "content", message)),
        [[call.get("name"), repr(call.get("args")), call.get("id")] for call in calls],
        getattr(message, "tool_call_id", None),
    ]


def _text_of(payload: Payload, number: int) -> str:
    """Return text about as large as the payload's state: its own where that is ASCII."""
    content = payload.canonical(payload.state(number, 0))
    if content.isascii():
        return content.decode("ascii")
    return base64.b64encode(content)[: len(content)].decode("ascii")
