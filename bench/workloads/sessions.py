"""What the callers of a session store do: an application that keeps a session for each user."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

from langchain_core.messages import BaseMessage
from pydantic import Field, model_validator

from bench.contracts import (
    REVISION,
    SESSION_STORE,
    Client,
    ExpectedThread,
    Interface,
    PluginOptions,
    ThreadTruth,
    TrueCheckpoint,
    Workload,
)

# Over by the time that the next statement begins.
_AT_ONCE_HOURS = 1e-9
_LONGER_HOURS = 1.0
_LISTED = 20
_STATES = 64
# Clients begin at different steps.
_STRIDE = 7
_STEPS = (
    *("save", "load", "create", "list", "delete", "statistics", "clean_up", "restore", "expire"),
)


class SessionsOptions(PluginOptions):
    """How many sessions there are, and how often each step is done for each of the others.

    Each client has ``sessions_per_client`` of its own; ``prefilled`` further ones are in the store
    before the load begins, and nobody asks for them by name. A cycle is one step: ``save``,
    ``load``, ``list``, ``statistics``, ``clean_up`` and ``restore`` are one operation each,
    ``create`` saves a session that is saved only once, so that no later save hides that it was
    lost, ``delete`` saves one and deletes it. ``expire`` saves a session that is over at once and
    one that lasts an hour, cleans up, and marks what it found: ``hidden`` where the one could not
    be loaded before, ``cleaned`` where its row was gone afterwards, ``kept`` where the other was
    not.
    """

    sessions_per_client: int = Field(default=16, ge=1, le=10_000)
    prefilled: int = Field(default=0, ge=0, le=1_000_000)
    save: int = Field(default=6, ge=0, le=1_000)
    load: int = Field(default=10, ge=0, le=1_000)
    create: int = Field(default=0, ge=0, le=1_000)
    list: int = Field(default=2, ge=0, le=1_000)
    delete: int = Field(default=1, ge=0, le=1_000)
    statistics: int = Field(default=1, ge=0, le=1_000)
    clean_up: int = Field(default=1, ge=0, le=1_000)
    restore: int = Field(default=0, ge=0, le=1_000)
    expire: int = Field(default=0, ge=0, le=1_000)

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.steps:
            raise ValueError(f"expected one of {', '.join(_STEPS)} to be above 0")
        return self

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps in the order in which they are done, each kind spread over all."""
        places = [
            ((at + 0.5) / count, name)
            for name in _STEPS
            for count in [getattr(self, name)]
            for at in range(count)
        ]
        return tuple(name for _, name in sorted(places))


class SessionsWorkload(Workload):
    """Users of a service save, load and delete their sessions; its operators list and count."""

    Options = SessionsOptions
    options: SessionsOptions
    interface: ClassVar[Interface] = SESSION_STORE
    marks = ("hidden", "cleaned", "kept")

    def begin(self) -> None:
        self._steps = self.options.steps
        self._done = [index * _STRIDE for index in range(self.clients)]
        self._messages = [_messages(self.payload.state(at, 0)) for at in range(_STATES)]
        self._turns: dict[str, int] = {}
        # Of each client that of its last save; no two saves have the same.
        self._revisions = [*range(self.clients)]

    @property
    def cycles_per_visit(self) -> int:
        return len(self._steps)

    async def prepare(self, client: Client) -> None:
        if client.index == 0 and self.options.prefilled:
            await client.saver().insert_many(self._prefilled())
        for number in range(self.options.sessions_per_client):
            await self._save(client, self._own(client, number))

    async def cycle(self, client: Client) -> None:
        done = self._done[client.index]
        self._done[client.index] += 1
        step = self._steps[done % len(self._steps)]
        store = client.saver()
        own = self._own(client, done)
        match step:
            case "save":
                await self._save(client, own)
            case "load":
                await client.perform(store.load, own)
            case "create":
                await self._save(client, f"{self.namespace}-{client.index}-new-{done}")
            case "list":
                await client.perform(store.list_sessions, _LISTED, 0)
            case "delete":
                await self._delete(client, hard=done % 2 == 0)
            case "expire":
                await self._expire(client)
            case _:
                await client.perform(getattr(store, step))

    async def truth(
        self, thread_id: str, known: ExpectedThread, acknowledged: int
    ) -> ThreadTruth | None:
        contents = (self._content(_number(thread_id), turn) for turn in range(acknowledged))
        return ThreadTruth({"": [TrueCheckpoint({"messages": each}) for each in contents]})

    def _own(self, client: Client, number: int) -> str:
        at = number % self.options.sessions_per_client
        return f"{self.namespace}-{client.index}-{at}"

    def _content(self, number: int, turn: int) -> list[Any]:
        return self._messages[(number + turn) % _STATES]

    def _data(self, client: Client, session_id: str, turn: int) -> dict[str, Any]:
        self._revisions[client.index] += self.clients
        messages = self._content(_number(session_id), turn)
        return {REVISION: self._revisions[client.index], "messages": messages}

    def _prefilled(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for number in range(self.options.prefilled):
            data = {REVISION: 0, "messages": self._content(number, 0)}
            yield f"{self.namespace}-prefilled-{number}", data

    async def _save(self, client: Client, session_id: str) -> None:
        turn = self._turns.get(session_id, 0)
        await client.perform(client.saver().save, session_id, self._data(client, session_id, turn))
        # One that failed is tried again with the same content.
        self._turns[session_id] = turn + 1

    async def _delete(self, client: Client, *, hard: bool) -> None:
        session_id = f"{self.namespace}-{client.index}-deleted"
        store = client.saver()
        await client.perform(store.save, session_id, self._data(client, session_id, 0))
        await client.perform(store.delete, session_id, hard=hard)

    async def _expire(self, client: Client) -> None:
        over, lasts = (f"{self.namespace}-{client.index}-{name}" for name in ("over", "lasts"))
        store, data = client.saver(), self._data(client, over, 0)
        await client.perform(store.save, over, data, None, _AT_ONCE_HOURS)
        await client.perform(store.save, lasts, data, None, _LONGER_HOURS)
        if await client.perform(store.load, over) is None:
            client.mark("hidden")
        await client.perform(store.clean_up)
        if not await client.perform(store.delete, over, hard=True):
            client.mark("cleaned")
        if await client.perform(store.load, lasts) is not None:
            client.mark("kept")


def _messages(state: Any) -> list[Any]:
    """Return a state as plain data, as a session has it."""
    if isinstance(state, list) and all(isinstance(each, BaseMessage) for each in state):
        return [{"role": each.type, "content": each.content, "id": each.id} for each in state]
    return [{"role": "state", "content": state}]


def _number(session_id: str) -> int:
    """Return a number that follows from the id alone."""
    return sum(session_id.encode())
