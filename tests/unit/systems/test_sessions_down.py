"""What a session store does where Postgres, a file or a service fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import uvicorn
from psycopg_pool import PoolTimeout

from bench.errors import InputError
from bench.systems.session_store.__main__ import Service, service_of
from bench.systems.session_store.files import FileSessions
from bench.systems.session_store.http_client import HttpSessions
from bench.systems.session_store.postgres import PostgresSessions
from bench.systems.session_store.rest import app_of
from bench.systems.session_store.session import (
    Session,
    SessionRefusedError,
    StoreDownError,
    StoreError,
)
from bench.systems.session_store.sessions import Sessions

DOWN = StoreDownError("down")


class Postgres(PostgresSessions):
    """Keeps nothing; each of its methods first raises the next of the ``errors`` for it."""

    def __init__(self, errors: dict[str, list[Exception]] | None = None) -> None:
        super().__init__("")
        self.errors = errors or {}
        self.put_ids: list[str] = []
        self.is_closed = False
        self.has_hung = asyncio.Event()
        self.hangs = False

    def _fail(self, method: str) -> None:
        if self.errors.get(method):
            raise self.errors[method].pop(0)

    async def open(self) -> None:
        self._fail("open")

    async def reopen(self) -> None:
        self._fail("reopen")

    async def close(self) -> None:
        self.is_closed = True

    async def save(self, *_: object) -> int:
        self._fail("save")
        return 1

    async def put(self, session: Session) -> None:
        if self.hangs:
            self.has_hung.set()
            while self.hangs:
                # As psycopg does until the server confirms that a statement is cancelled.
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    continue
        self._fail("put")
        self.put_ids.append(session.session_id)

    async def version(self) -> str:
        return "17"


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not is_so():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0)


def test_no_error_ends_the_way_back_and_its_reason_is_said(tmp_path: Path) -> None:
    async def use() -> None:
        errors: dict[str, list[Exception]] = {"open": [DOWN], "reopen": [InputError("bytea")]}
        errors["put"] = [StoreError("no privilege")]
        postgres = Postgres(errors)
        store = Sessions(postgres, tmp_path, retry_s=0.0)
        await store.open()
        assert (await store.save("a", {})).in_files
        await until(lambda: not errors["put"])
        assert "no privilege" in (await store.test_connection()).detail
        await until(lambda: not store.is_down)
        assert postgres.put_ids == ["a"]
        assert (await store.save("a", {})).in_files is False
        await store.close()
        assert postgres.is_closed

    asyncio.run(use())


def test_a_session_that_is_refused_is_set_aside_and_the_others_are_written(tmp_path: Path) -> None:
    async def use() -> None:
        postgres = Postgres({"open": [DOWN], "put": [SessionRefusedError("too large")]})
        store = Sessions(postgres, tmp_path, retry_s=0.0)
        await store.open()
        await asyncio.gather(store.save("a", {}), store.save("b", {}))
        await until(lambda: not store.is_down)
        assert len(postgres.put_ids) == 1
        (refused,) = FileSessions(tmp_path / "refused").entries()
        assert {refused.session.session_id, *postgres.put_ids} == {"a", "b"}
        await Sessions(postgres, tmp_path).open()
        assert sorted(postgres.put_ids) == ["a", "b"]

    asyncio.run(use())
    assert not list(tmp_path.rglob("*.json"))


def test_a_server_that_hangs_while_files_are_written_back_holds_nobody_up(tmp_path: Path) -> None:
    async def use() -> None:
        FileSessions(tmp_path / "pending").save("before", {}, {})
        postgres = Postgres()
        postgres.hangs = True
        store = Sessions(postgres, tmp_path, operation_s=0.01, retry_s=0.0)
        async with asyncio.timeout(30):
            await store.open()
            postgres.has_hung.clear()
            await postgres.has_hung.wait()
            assert (await store.save("meanwhile", {})).in_files
            await store.close()
        postgres.hangs = False

    asyncio.run(use())


def test_a_full_disk_is_no_postgres_that_is_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    async def use() -> None:
        store = Sessions(Postgres(), tmp_path, mirror=True)
        await store.save("a", {"at": 1})
        monkeypatch.setattr(FileSessions, "save", full)
        assert (await store.save("a", {"at": 2})).version == 1
        assert not store.is_down
        assert not list(FileSessions(tmp_path / "mirror").entries())

    asyncio.run(use())


def test_a_mirror_needs_a_directory() -> None:
    async def make() -> None:
        Sessions(Postgres(), mirror=True)

    with pytest.raises(InputError, match="directory"):
        asyncio.run(make())


@pytest.mark.parametrize(
    ("raised", "expected", "text"),
    [
        (psycopg.OperationalError("connection refused"), StoreDownError, "does not answer"),
        (psycopg.errors.AdminShutdown("x"), StoreDownError, "does not answer"),
        (psycopg.InterfaceError("the connection is closed"), StoreDownError, "does not answer"),
        (psycopg.OperationalError("password authentication failed"), StoreError, "login"),
        (psycopg.errors.DeadlockDetected("x"), StoreError, "refuses"),
        (psycopg.errors.InsufficientPrivilege("x"), StoreError, "refuses"),
        (psycopg.errors.NumericValueOutOfRange("x"), SessionRefusedError, "keep"),
        (PoolTimeout("x"), StoreError, "in use"),
    ],
)
def test_an_error_says_whether_postgres_is_down(
    raised: Exception, expected: type[Exception], text: str
) -> None:
    class Pool:
        def connection(self) -> object:
            raise raised

    async def load() -> None:
        postgres = Postgres()
        postgres.pool = Pool()  # type: ignore[assignment] # it only fails
        await postgres.load("a")

    with pytest.raises(StoreError, match=text) as failed:
        asyncio.run(load())
    assert type(failed.value) is expected


@pytest.mark.parametrize(
    ("raised", "status", "by_client"),
    [
        (StoreDownError("it is down"), 503, StoreDownError),
        (StoreError("it is busy"), 500, StoreError),
        (OSError(28, "No space left"), 500, StoreError),
        (ValueError("unreadable"), 500, StoreError),
        (InputError("wrong"), 422, InputError),
    ],
)
def test_every_failure_is_a_sentence_over_http(
    raised: Exception, status: int, by_client: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    transport = httpx.ASGITransport(app_of(Sessions(Postgres({"save": [raised, raised]}))))
    monkeypatch.setattr(httpx, "AsyncClient", partial(httpx.AsyncClient, transport=transport))

    async def use() -> None:
        async with httpx.AsyncClient(base_url="http://127.0.0.1") as client:
            answer = await client.put("/api/sessions/postgres/sessions/a", json={"data": {}})
            assert (answer.status_code, list(answer.json())) == (status, ["detail"])
        with pytest.raises(by_client) as failed:
            await HttpSessions("http://127.0.0.1").save("a", {})
        assert type(failed.value) is by_client

    asyncio.run(use())


@pytest.mark.parametrize("status", [400, 401, 404, 502])
def test_an_answer_of_another_service_is_no_wrong_input(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(status, text="not JSON")

    transport = httpx.MockTransport(answer)
    monkeypatch.setattr(httpx, "AsyncClient", partial(httpx.AsyncClient, transport=transport))
    with pytest.raises(StoreError, match=str(status)):
        asyncio.run(HttpSessions("http://127.0.0.1").save("a", {}))


@pytest.mark.parametrize(
    ("environment", "text"),
    [
        ({"SESSION_STORE_OPTIONS": '{"colum": "text"}'}, "Did you mean 'column'"),
        ({"SESSION_STORE_OPTIONS": '{"column": "xml"}'}, "'jsonb', 'text' or 'bytea'"),
        ({"SESSION_STORE_OPTIONS": '{"autocommit": "false"}'}, "autocommit: .* boolean"),
        ({"SESSION_STORE_OPTIONS": '{"mirror": true}'}, "SESSION_STORE_FILES"),
        ({"SESSION_STORE_POSTGRES": "password=hunter2 x"}, "SESSION_STORE_POSTGRES: expected"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_expected(
    environment: dict[str, str], text: str
) -> None:
    async def make() -> Service:
        return service_of({"SESSION_STORE_POSTGRES": "host=127.0.0.1", **environment})

    with pytest.raises(InputError, match=text) as failed:
        asyncio.run(make())
    assert "hunter2" not in str(failed.value)


def test_the_port_is_said_once_it_can_be_called(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def serve(server: uvicorn.Server, sockets: list[Any]) -> None:
        (listener,) = sockets
        _, writer = await asyncio.open_connection(*listener.getsockname())
        writer.close()

    monkeypatch.setattr(uvicorn.Server, "serve", serve)

    async def run(postgres: Postgres) -> None:
        environment = {"SESSION_STORE_POSTGRES": "host=127.0.0.1", "SESSION_STORE_PORT": "0"}
        made = service_of(environment)
        await Service(Sessions(postgres), made.server, made.listener).run()

    with pytest.raises(StoreDownError):
        asyncio.run(run(Postgres({"open": [DOWN]})))
    assert capsys.readouterr().out == ""
    asyncio.run(run(Postgres()))
    assert '"port"' in capsys.readouterr().out
