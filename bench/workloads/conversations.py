"""What a chat service does to a saver: many conversations, of which few are active."""

from __future__ import annotations

import random
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any, ClassVar

from langchain_core.runnables import RunnableConfig
from pydantic import Field

from bench.checkpoints import config_of
from bench.contracts import Client, ExpectedThread, PluginOptions, ThreadTruth
from bench.workloads.append_steps import (
    FIRST_STEP,
    AppendStepsOptions,
    AppendStepsWorkload,
    Thread,
)

_LISTED = 10


class ConversationsOptions(PluginOptions):
    """Each place of the load has so many ``conversations``, of which ``active`` are going on.

    Before a turn with a chance of ``opened_share`` another one is opened instead of one of them,
    and its last ten checkpoints are listed. A turn is ``steps_per_turn`` supersteps.
    """

    conversations: int = Field(default=20, ge=1, le=10_000)
    active: int = Field(default=2, ge=1, le=1_000)
    opened_share: float = Field(default=0.1, ge=0.0, le=1.0)
    steps_per_turn: int = Field(default=1, ge=1, le=1_000)


class ConversationsWorkload(AppendStepsWorkload):
    """A cycle is a turn: the conversation is read, and goes on from what was read.

    Nothing is known of it but what the saver gives back, as in a service whose processes share
    nothing. Marked in a turn of a conversation that had turns before: ``went_on`` where the last
    acknowledged state was read, ``went_back`` where an older one was, and ``began_again`` where
    nothing was; ``fell_back`` where another level than the saver's first served a call of it.
    """

    Options = ConversationsOptions
    options: ConversationsOptions
    marks: ClassVar[tuple[str, ...]] = ("went_on", "went_back", "began_again", "fell_back")

    def begin(self) -> None:
        super().begin()
        seed, clients = self.payload.seed, range(self.clients)
        self._draws = [random.Random(f"{seed}/{client}") for client in clients]  # noqa: S311 - a load, no secret
        active = min(self.options.active, self.options.conversations)
        self._active = [list(range(active)) for _ in clients]
        # The threads that did not go on from what was acknowledged last.
        self._broken: set[str] = set()

    @property
    def shape(self) -> AppendStepsOptions:
        threads, steps = self.options.conversations, self.options.steps_per_turn
        return AppendStepsOptions(threads_per_client=threads, steps_per_turn=steps, cycle="turn")

    @property
    def cycles_per_visit(self) -> int:
        return 1

    async def prepare(self, client: Client) -> None:
        """Do nothing: a conversation begins with its first turn."""

    async def cycle(self, client: Client) -> None:
        collect = getattr(client.saver(), "fallbacks", nullcontext)
        with collect() as fallbacks:
            await self._turn(client)
        if fallbacks:
            client.mark("fell_back")

    async def _turn(self, client: Client) -> None:
        thread = await self._chosen(client)
        await self._take_up(client, thread)
        for _ in range(self.options.steps_per_turn):
            if thread.step == FIRST_STEP:
                await self._put(client, thread, "input")
            await self._write(client, thread, 0)
            await self._put(client, thread, "loop")

    def expected(self) -> Mapping[str, ExpectedThread]:
        """Tell of which threads the k-th checkpoint holds the k-th state."""
        return {
            thread.thread_id: ExpectedThread({"whole": 1})
            for visits in self._visits
            for thread in visits.threads
            if thread.checkpoint_id and thread.thread_id not in self._broken
        }

    async def truth(
        self, thread_id: str, known: ExpectedThread, acknowledged: int
    ) -> ThreadTruth | None:
        return await super().truth(thread_id, known, acknowledged) if known.note else None

    async def _chosen(self, client: Client) -> Thread:
        draw, active = self._draws[client.index], self._active[client.index]
        threads = self._visits[client.index].threads
        if draw.random() < self.options.opened_share:
            active[draw.randrange(len(active))] = opened = draw.randrange(len(threads))
            await client.perform(_listed, client.saver(), config_of(threads[opened].thread_id))
            return threads[opened]
        return threads[draw.choice(active)]

    async def _take_up(self, client: Client, thread: Thread) -> None:
        """Read the conversation, and go on from what was read."""
        latest, last = config_of(thread.thread_id), thread.checkpoint_id
        read = await client.perform(client.saver().aget_tuple, latest)
        found = read.checkpoint["id"] if read is not None else ""
        if last:
            # A later one was stored without an answer.
            client.mark("went_on" if found >= last else "went_back" if found else "began_again")
        if found == last:
            return
        self._broken.add(thread.thread_id)
        thread.checkpoint_id = found
        if read is None:
            thread.step, thread.values, thread.versions = FIRST_STEP, {}, {}
            thread.parent = latest
        else:
            thread.step = int(read.metadata["step"]) + 1
            thread.values = dict(read.checkpoint["channel_values"])
            thread.versions = dict(read.checkpoint["channel_versions"])
            thread.parent = read.config


async def _listed(saver: Any, config: RunnableConfig) -> None:
    async for _ in saver.alist(config, limit=_LISTED):
        pass
