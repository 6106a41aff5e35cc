"""Plain data: dictionaries and lists of text, numbers, booleans and nothing."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import count
from typing import Any

from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from bench.payloads._sizes import SizedPayload, shares
from bench.payloads._text import WordSource

_RECORD_BYTES = 250


class NestedPayload(SizedPayload):
    """A dictionary with a list of records of about 250 bytes, each four levels deep.

    Floats have three decimals: JSON readers that round the last binary digit keep those exactly.
    """

    kind = "nested"

    def _increments(self, sizes: Sequence[int], source: random.Random) -> list[Sequence[Any]]:
        words = WordSource(source, reach=sum(sizes))
        serializer = JsonPlusSerializer()
        numbers = count()
        increments: list[Sequence[Any]] = []
        for size in sizes:
            length = max(1, round(size / _RECORD_BYTES))
            records = [_record(next(numbers), source) for _ in range(length)]
            _, encoded = serializer.dumps_typed(self._assemble(records))
            # A text of more than 31 bytes has a longer prefix in msgpack.
            text = max(0, size - len(encoded) - length)
            for record, characters in zip(records, shares(text, length, source), strict=True):
                record["text"] = words.take(characters)
            increments.append(records)
        return increments

    def _assemble(self, parts: Sequence[Any]) -> Any:
        return {"done": False, "records": parts}


def _record(number: int, source: random.Random) -> dict[str, Any]:
    return {
        "key": number,
        "open": number % 3 == 0,
        "text": "",
        "up": None if number % 4 == 0 else number - 1,
        "at": {"x": round(source.uniform(-180, 180), 3), "near": [source.getrandbits(16), "a"]},
    }
