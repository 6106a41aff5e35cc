"""The workload of session stores, over a store in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from pydantic import ValidationError

from bench.contracts import SESSION_STORE
from bench.discovery import load
from bench.handover.acknowledgements import Acknowledged, AcknowledgementLog
from bench.handover.job import Ledger
from bench.measure.recorder import Recorder
from bench.measure.timing import Timing
from bench.scenario.metric import SAVER_OPERATIONS
from bench.verify.read_back import verify
from bench.workloads.sessions import SessionsOptions, SessionsWorkload
from tests.clients import OpenSaver, drive

ONE_OF_EACH = dict.fromkeys(("save", "load", "list", "delete", "statistics", "clean_up"), 1)


@dataclass
class Kept:
    data: Mapping[str, Any]
    expires: bool = False


@dataclass
class Restored:
    session_ids: tuple[str, ...]


@dataclass
class Store:
    """A session store that loses nothing."""

    sessions: dict[str, Kept] = field(default_factory=dict)

    async def save(
        self, session_id: str, data: Any, metadata: Any = None, expires_in_hours: Any = None
    ) -> None:
        # As long as a load of the test takes: what lasts an hour does not expire.
        self.sessions[session_id] = Kept(
            data, expires_in_hours is not None and expires_in_hours < 1
        )

    async def insert_many(self, sessions: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        self.sessions |= {session_id: Kept(data) for session_id, data in sessions}

    async def load(self, session_id: str) -> Kept | None:
        kept = self.sessions.get(session_id)
        return None if kept is None or kept.expires else kept

    async def list_sessions(self, limit: int, offset: int) -> list[str]:
        return [*self.sessions][offset : offset + limit]

    async def delete(self, session_id: str, *, hard: bool = False) -> bool:
        return self.sessions.pop(session_id, None) is not None

    async def statistics(self) -> int:
        return len(self.sessions)

    async def clean_up(self) -> None:
        for name in [name for name, kept in self.sessions.items() if kept.expires]:
            del self.sessions[name]

    async def restore(self) -> Restored:
        return Restored(tuple(name for name, kept in self.sessions.items() if not kept.expires))


class OpenStore(OpenSaver):
    interface = SESSION_STORE
    keeps_history = False


def workload(payload: str = "messages", clients: int = 1, **options: int) -> SessionsWorkload:
    state: Any = load("payload", payload)
    given = SessionsOptions(**options)
    return SessionsWorkload(given, state(state.Options(), 7), "trial", clients)


def driven(made: SessionsWorkload, cycles: int) -> tuple[Store, Acknowledged, set[str]]:
    """Drive the workload; return the store, what it acknowledged, and which marks were made."""
    log, ticks, store = AcknowledgementLog(), count(1), Store()
    recorder = Recorder((*SESSION_STORE.operations.values(), *made.marks))
    Timing(recorder, lambda: next(ticks), log, SESSION_STORE).time_saver(store)
    clients = asyncio.run(drive(made, store, cycles))  # type: ignore[arg-type] # a store is driven as a saver is
    done = zip(recorder.operations, recorder.acknowledged, strict=True)
    marks = {mark for client in clients for mark in client.marked}
    return store, log.noted(), {name for name, times in done if times} | marks


def found(store: Store, log: Acknowledged) -> Any:
    subject = OpenStore(store)  # type: ignore[arg-type] # as above
    return asyncio.run(verify(subject, workload(), Ledger(1), log, 1000.0, lambda: 0))


def test_every_operation_of_a_store_is_one_that_metrics_know() -> None:
    assert set(SESSION_STORE.operations.values()) <= set(SAVER_OPERATIONS)


def test_each_step_is_done_as_often_as_it_is_asked_for_and_spread() -> None:
    assert SessionsOptions(save=2, load=4, list=0, delete=0, statistics=0, clean_up=0).steps == (
        *("load", "save", "load", "load", "save", "load"),
    )
    with pytest.raises(ValidationError, match="above 0"):
        SessionsOptions(**dict.fromkeys(ONE_OF_EACH, 0))


@pytest.mark.parametrize("payload", ["messages", "nested"])
def test_all_that_is_acknowledged_is_found_with_its_content(payload: str) -> None:
    made = workload(payload, clients=2, **ONE_OF_EACH, create=1, restore=1, expire=1, prefilled=5)
    store, log, done = driven(made, 24)
    assert done == {*SESSION_STORE.operations.values(), *made.marks}
    assert len([name for name in store.sessions if "prefilled" in name]) == 5
    subject = OpenStore(store)  # type: ignore[arg-type] # as above
    verified = asyncio.run(verify(subject, workload(payload), Ledger(1), log, 1000.0, lambda: 0))
    assert verified.passed, verified
    assert verified.acknowledged > 32


def test_what_is_gone_older_or_changed_is_found() -> None:
    store, log, _ = driven(workload(sessions_per_client=4), 40)
    for name, kept in list(store.sessions.items())[:3]:
        match name[-1]:
            case "0":
                del store.sessions[name]
            case "1":
                kept.data = {**kept.data, "revision": 2}
            case _:
                kept.data = {**kept.data, "messages": []}
    verified = found(store, log)
    assert (verified.lost, verified.corrupted) == (2, 1)


def test_what_a_broken_store_does_not_restore_is_lost() -> None:
    class Forgetful(Store):
        async def restore(self) -> Restored:
            return Restored((await super().restore()).session_ids[1:])

    store, log, _ = driven(workload(), 10)
    log.broken_ns = (5,)
    assert found(store, log).lost == 0
    assert found(Forgetful(store.sessions), log).lost == 1
