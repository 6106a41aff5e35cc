"""A session store over HTTP, with the methods of ``Sessions``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import httpx
from pydantic import TypeAdapter

from bench.errors import InputError
from bench.systems.session_store.session import (
    MOST_LISTED,
    ConnectionTest,
    Listed,
    Restored,
    Saved,
    Session,
    Statistics,
    StoreDownError,
    StoreError,
)

_SAVED, _SESSION = TypeAdapter(Saved), TypeAdapter(Session)
_LISTED, _STATISTICS = TypeAdapter(list[Listed]), TypeAdapter(Statistics)
_CONNECTION = TypeAdapter(ConnectionTest)
_ERRORS: Mapping[int, type[Exception]] = {413: InputError, 422: InputError, 503: StoreDownError}
_POSTGRES = "/api/sessions/postgres"


class HttpSessions:
    """Calls the REST face at ``url``, over ``connections`` that stay open.

    Every method raises InputError where the service refuses what it was given, StoreDownError where
    it has no Postgres, StoreError for any other failure, and httpx.HTTPError where it does not
    answer.
    """

    def __init__(self, url: str, *, token: str = "", connections: int = 100) -> None:
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            limits=httpx.Limits(max_connections=connections, keepalive_expiry=30.0),
            timeout=30.0,
            trust_env=False,
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def save(
        self,
        session_id: str,
        data: Mapping[str, Any],
        metadata: Mapping[str, Any] | None = None,
        expires_in_hours: float | None = None,
    ) -> Saved:
        body = {"data": data, "metadata": metadata or {}, "expires_in_hours": expires_in_hours}
        answer = await self._answer("PUT", f"{_POSTGRES}/sessions/{session_id}", json=body)
        return _SAVED.validate_json(answer.content)

    async def insert_many(self, sessions: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        for session_id, data in sessions:
            await self.save(session_id, data)

    async def load(self, session_id: str) -> Session | None:
        path = f"{_POSTGRES}/sessions/{session_id}"
        answer = await self._answer("GET", path, may_be_absent=True)
        return None if answer.status_code == 404 else _SESSION.validate_json(answer.content)

    async def list_sessions(
        self, limit: int = 100, offset: int = 0, *, include_inactive: bool = False
    ) -> list[Listed]:
        asked = {"limit": limit, "offset": offset, "include_inactive": include_inactive}
        answer = await self._answer("GET", f"{_POSTGRES}/sessions", params=asked)
        return _LISTED.validate_json(answer.content)

    async def delete(self, session_id: str, *, hard: bool = False) -> bool:
        path = f"{_POSTGRES}/sessions/{session_id}"
        asked = {"hard": hard}
        answer = await self._answer("DELETE", path, params=asked, may_be_absent=True)
        return answer.status_code != 404

    async def statistics(self) -> Statistics:
        answer = await self._answer("GET", f"{_POSTGRES}/statistics")
        return _STATISTICS.validate_json(answer.content)

    async def clean_up(self) -> int:
        removed: int = (await self._answer("POST", f"{_POSTGRES}/cleanup")).json()["removed"]
        return removed

    async def restore(self) -> Restored:
        reasons = (await self._answer("POST", "/api/sessions/restore")).json()["reasons"]
        ids: list[str] = []
        while True:
            asked = {"limit": MOST_LISTED, "offset": len(ids)}
            page = (await self._answer("GET", "/api/sessions/restored", params=asked)).json()
            ids += page["session_ids"]
            if len(page["session_ids"]) < MOST_LISTED:
                return Restored(tuple(ids), reasons)

    async def test_connection(self) -> ConnectionTest:
        answer = await self._answer("GET", f"{_POSTGRES}/connection/test")
        return _CONNECTION.validate_json(answer.content)

    async def _answer(
        self, method: str, path: str, *, may_be_absent: bool = False, **given: Any
    ) -> httpx.Response:
        answer = await self._client.request(method, path, **given)
        status = answer.status_code
        if status == 200 or (may_be_absent and status == 404):
            return answer
        text = f"{method} {path}: {status} {_detail(answer)}"
        raise _ERRORS.get(status, StoreError)(text)


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return answer.reason_phrase
