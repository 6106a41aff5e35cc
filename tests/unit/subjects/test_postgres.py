from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bench.contracts import Endpoint, Place
from bench.errors import UnsupportedError
from bench.subjects import _postgres_base, postgres

NO_ADD_READER = "this event loop has no add_reader, which psycopg's async mode needs"


def subject() -> postgres.PostgresSubject:
    endpoint = Endpoint("embedded", "postgresql://user:secret@127.0.0.1:1/postgres", "trial")
    return postgres.PostgresSubject(postgres.PostgresOptions(), Place(Path(), endpoint, "trial"))


def open_failing_with(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def add_reader() -> None:
        raise error

    async def connect(*_: Any, **__: Any) -> Any:
        add_reader()

    monkeypatch.setattr(psycopg.AsyncConnection, "connect", connect)

    async def use() -> None:
        unopened = subject()
        try:
            await unopened.open(2)
        finally:
            await unopened.close()

    asyncio.run(use())


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            NotImplementedError(),
            f"NotImplementedError: {NO_ADD_READER}",
        ),
        (NotImplementedError("no sockets here"), "NotImplementedError: no sockets here"),
        (
            psycopg.InterfaceError("Psycopg cannot use the 'ProactorEventLoop'"),
            "InterfaceError: Psycopg cannot use the 'ProactorEventLoop'",
        ),
    ],
)
def test_a_loop_that_psycopg_refuses_is_unsupported(
    error: Exception, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UnsupportedError) as raised:
        open_failing_with(error, monkeypatch)
    assert message == str(raised.value)
    assert error is raised.value.__cause__


@pytest.mark.parametrize(
    "error", [psycopg.InterfaceError("bad"), psycopg.OperationalError("connection refused")]
)
def test_any_other_failure_to_connect_passes_through(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(type(error)) as raised:
        open_failing_with(error, monkeypatch)
    assert error is raised.value


def test_a_server_that_is_not_there_fails_at_once_and_without_the_password() -> None:
    async def use() -> None:
        unopened = subject()
        try:
            await unopened.open(1)
        finally:
            await unopened.close()

    with pytest.raises(psycopg.OperationalError) as raised:
        asyncio.run(use())
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("kind", "compared"), [("embedded", {"checkpoint_writes": 7, "commits": 9}), ("external", {})]
)
def test_only_an_embedded_servers_counts_are_compared(kind: Any, compared: dict[str, int]) -> None:
    place = Place(Path(), Endpoint(kind, "postgresql://nowhere", "trial"), "trial")
    row = {"checkpoint_inserts": 5, "checkpoint_updates": 2, "commits": 9}

    found = _postgres_base.counters_from(row, place)

    assert found == {"checkpoint_inserts": 5, "checkpoint_updates": 2, **compared}
    assert _postgres_base.counters_from(None, place) == {}
