"""A conversation: a list of LangChain messages."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import count
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from bench.payloads._sizes import SizedPayload, shares
from bench.payloads._text import WordSource

_TEXT_CHARACTERS = 400
_LEAST_CHARACTERS = 8
_ID = "message-{:08}"
_CALL_ID = "call-{:08}"


class MessagesPayload(SizedPayload):
    """Human, AI (calling a tool), tool and AI messages in turn, each about 400 characters.

    All have ids. A message has an envelope of 140 to 250 bytes, which counts: a state of 1 kB is
    two messages. A state cannot be smaller than one message of 8 characters, about 150 bytes.
    """

    kind = "messages"

    def _increments(self, sizes: Sequence[int], source: random.Random) -> list[Sequence[Any]]:
        words = WordSource(source, reach=sum(sizes))
        numbers = count()
        text = "x" * _TEXT_CHARACTERS
        envelopes = [_envelope_bytes(_message(at, 10_000_000 + at, text)) for at in range(4)]
        typical = _TEXT_CHARACTERS + sum(envelopes) / len(envelopes)
        return [
            _conversation(max(1, round(size / typical)), size, envelopes, words, numbers, source)
            for size in sizes
        ]


def _conversation(
    length: int,
    size: int,
    envelopes: Sequence[int],
    words: WordSource,
    numbers: count[int],
    source: random.Random,
) -> list[BaseMessage]:
    envelope = sum(envelopes[index % len(envelopes)] for index in range(length))
    text = max(length * _LEAST_CHARACTERS, size - envelope)
    return [
        _message(index, next(numbers), words.take(characters))
        for index, characters in enumerate(shares(text, length, source))
    ]


def _message(index: int, number: int, text: str) -> BaseMessage:
    identity = _ID.format(number)
    match index % 4:
        case 0:
            return HumanMessage(text, id=identity)
        case 1:
            call = {"name": "look_up", "args": {"topic": number}, "id": _CALL_ID.format(number)}
            return AIMessage(text, id=identity, tool_calls=[call])
        case 2:
            return ToolMessage(text, id=identity, tool_call_id=_CALL_ID.format(number - 1))
        case _:
            return AIMessage(text, id=identity)


def _envelope_bytes(message: BaseMessage) -> int:
    """Measure what a message takes beside its text; inside a list each has this envelope."""
    _, encoded = JsonPlusSerializer().dumps_typed(message)
    return len(encoded) - _TEXT_CHARACTERS
