"""What a conversation finds as it is taken up again."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver

from bench.payloads.messages import MessagesPayload
from bench.workloads.conversations import ConversationsOptions, ConversationsWorkload

ONE = {"conversations": 1, "active": 1, "opened_share": 0.0}


class Caller:
    index = 0

    def __init__(self, saver: BaseCheckpointSaver[Any]) -> None:
        self.uses = saver
        self.marks: Counter[str] = Counter()

    def saver(self) -> BaseCheckpointSaver[Any]:
        return self.uses

    def mark(self, name: str) -> None:
        self.marks[name] += 1

    async def perform(self, method: Any, *arguments: Any, **keywords: Any) -> Any:
        return await method(*arguments, **keywords)


def workload(**options: Any) -> ConversationsWorkload:
    payload = MessagesPayload(MessagesPayload.Options.model_validate({"state_bytes": 1000}), 1)
    return ConversationsWorkload(ConversationsOptions(**options), payload, "bench", 1)


async def turns(chat: ConversationsWorkload, caller: Caller, count: int) -> None:
    for _ in range(count):
        await chat.cycle(caller)


def test_a_conversation_goes_on_from_its_last_state() -> None:
    caller, chat = Caller(InMemorySaver()), workload(**ONE)
    asyncio.run(turns(chat, caller, 4))

    assert caller.marks == {"went_on": 3}
    ((thread_id, known),) = chat.expected().items()
    truth = asyncio.run(chat.truth(thread_id, known, 5))
    assert truth is not None
    assert len(truth.namespaces[""]) == 5


def test_another_store_makes_it_begin_again_and_the_first_one_go_back() -> None:
    first, chat = Caller(InMemorySaver()), workload(**ONE)

    async def away_and_back() -> None:
        await turns(chat, first, 2)
        kept, first.uses = first.uses, InMemorySaver()
        await turns(chat, first, 2)
        first.uses = kept
        await turns(chat, first, 2)

    asyncio.run(away_and_back())

    assert first.marks == {"went_on": 3, "began_again": 1, "went_back": 1}
    # What it holds is no longer known by how many were acknowledged.
    assert chat.expected() == {}


def test_a_turn_that_another_level_served_is_marked_and_no_other() -> None:
    class Degrading(InMemorySaver):
        turns = 0

        @contextmanager
        def fallbacks(self) -> Iterator[list[str]]:
            self.turns += 1
            yield ["memory"] * (self.turns % 2)

    caller = Caller(Degrading())
    asyncio.run(turns(workload(**ONE), caller, 3))
    assert caller.marks == {"fell_back": 2, "went_on": 2}


def test_conversations_are_opened_and_listed() -> None:
    class Listing(InMemorySaver):
        listed = 0

        async def alist(self, *arguments: Any, **keywords: Any) -> Any:
            self.listed += 1
            async for each in super().alist(*arguments, **keywords):
                yield each

    saver = Listing()
    asyncio.run(turns(workload(opened_share=1.0), Caller(saver), 5))
    assert saver.listed == 5
