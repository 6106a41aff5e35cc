"""The REST face of a session store, as an ASGI app with an OpenAPI description."""

from __future__ import annotations

import hmac
from collections.abc import Callable, MutableMapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bench.errors import InputError
from bench.systems.session_store.session import (
    MOST_HOURS,
    MOST_LISTED,
    MOST_OFFSET,
    SESSION_ID,
    ConnectionTest,
    Listed,
    Restored,
    Saved,
    Session,
    Statistics,
    StoreDownError,
    StoreError,
)
from bench.systems.session_store.sessions import Sessions

PREFIX = "/api/sessions"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
MOST_BYTES = 4 << 20
# A body is read into as many Python objects as it has values.
_MOST_FAILED = 1000
_BEARER = HTTPBearer(auto_error=False)

SessionId = Annotated[str, Path(pattern=SESSION_ID, max_length=128)]
Limit = Annotated[int, Query(ge=1, le=MOST_LISTED)]
Offset = Annotated[int, Query(ge=0, le=MOST_OFFSET)]


class Problem(BaseModel):
    """Why a request failed, in a sentence."""

    detail: str


class SessionBody(BaseModel):
    """What is to be saved."""

    model_config = ConfigDict(extra="forbid")

    data: dict[str, JsonValue]
    metadata: dict[str, JsonValue] = Field(default_factory=dict)
    expires_in_hours: float | None = Field(default=None, gt=0.0, le=MOST_HOURS)


class NewSession(SessionBody):
    """What is to be saved, and under which id."""

    session_id: str = Field(pattern=SESSION_ID, max_length=128)


class Deleted(BaseModel):
    """What was deleted, and how."""

    session_id: str
    how: Literal["soft", "hard"]


class CleanedUp(BaseModel):
    """How many expired sessions were removed."""

    removed: int


class RestoreReport(BaseModel):
    """How many sessions were restored, and why others were not: the first 1000 by id."""

    restored: int
    failed: int
    reasons: dict[str, str]


class RestoredPage(BaseModel):
    """The ids of a page of those that the last restore read."""

    restored: int
    session_ids: list[str]


def app_of(store: Sessions, *, token: str = "") -> FastAPI:
    """Return the app over ``store``, which is open while it serves.

    With a ``token`` every request must bring it (``Authorization: Bearer``); without one only
    requests to this machine's own names are served, whatever a name server says.
    """
    app = FastAPI(
        title="Sessions", version="1", docs_url=None, redoc_url=None, redirect_slashes=False
    )
    responses: dict[int | str, dict[str, Any]] = {
        status: {"model": Problem} for status in (400, 404, 413, 422, 500, 503)
    }
    dependencies = []
    if token:
        responses[401] = {"model": Problem}
        dependencies.append(Depends(_with(token)))
    else:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*LOOPBACK, "[::1]"])
    app.add_middleware(_Bounded, most_bytes=MOST_BYTES)
    router = APIRouter(prefix=PREFIX, dependencies=dependencies, responses=responses)
    _add_sessions(router, store)
    _add_administration(router, store)
    app.include_router(router)
    _add_problems(app, router)
    return app


def _add_sessions(router: APIRouter, store: Sessions) -> None:
    @router.get("/postgres/sessions")
    async def list_sessions(
        limit: Limit = 100, offset: Offset = 0, *, include_inactive: bool = False
    ) -> list[Listed]:
        return await store.list_sessions(limit, offset, include_inactive=include_inactive)

    @router.post("/postgres/sessions")
    async def save_new(body: NewSession) -> Saved:
        given = body.data, body.metadata, body.expires_in_hours
        return await store.save(body.session_id, *given)

    @router.put("/postgres/sessions/{session_id}")
    async def save(session_id: SessionId, body: SessionBody) -> Saved:
        return await store.save(session_id, body.data, body.metadata, body.expires_in_hours)

    @router.get("/postgres/sessions/{session_id}")
    async def load(session_id: SessionId) -> Session:
        found = await store.load(session_id)
        if found is None:
            raise HTTPException(404, "there is no such active session")
        return found

    @router.delete("/postgres/sessions/{session_id}")
    async def delete(session_id: SessionId, *, hard: bool = False) -> Deleted:
        if not await store.delete(session_id, hard=hard):
            raise HTTPException(404, "there is no such session")
        return Deleted(session_id=session_id, how="hard" if hard else "soft")


def _add_administration(router: APIRouter, store: Sessions) -> None:
    last: list[Restored] = [Restored(())]

    @router.get("/postgres/statistics")
    async def statistics() -> Statistics:
        return await store.statistics()

    @router.post("/postgres/cleanup")
    async def clean_up() -> CleanedUp:
        return CleanedUp(removed=await store.clean_up())

    @router.get("/postgres/connection/test")
    async def test_connection() -> ConnectionTest:
        return await store.test_connection()

    def report(restored: Restored) -> RestoreReport:
        last[0] = restored
        reasons = dict(list(restored.failed.items())[:_MOST_FAILED])
        return RestoreReport(
            restored=len(restored.session_ids), failed=len(restored.failed), reasons=reasons
        )

    @router.post("/postgres/restore")
    async def restore_from_postgres() -> RestoreReport:
        return report(await store.restore_from_postgres())

    @router.post("/restore")
    async def restore() -> RestoreReport:
        return report(await store.restore())

    @router.get("/restored")
    async def restored(limit: Limit = 100, offset: Offset = 0) -> RestoredPage:
        ids = last[0].session_ids
        return RestoredPage(restored=len(ids), session_ids=list(ids[offset : offset + limit]))


def _add_problems(app: FastAPI, router: APIRouter) -> None:
    """Have every failure told in a sentence, in which nothing of the request is repeated."""

    def answers(status: int, text: Callable[[Exception], str]) -> Any:
        async def answer(_: Request, error: Exception) -> JSONResponse:
            return JSONResponse({"detail": text(error)}, status)

        return answer

    def wrong(error: Exception) -> str:
        first = error.errors()[0] if isinstance(error, RequestValidationError) else {}
        place = ".".join(str(part) for part in first.get("loc", ())[:2])
        return f"{place or 'the request'} is not as the description of this API says"

    async def wrong_method(request: Request, _: Exception) -> JSONResponse:
        path = request.url.path
        methods = {
            method
            for route in router.routes
            if isinstance(route, Route) and route.path_regex.match(path)
            for method in route.methods or ()
        }
        allowed = {"Allow": ", ".join(sorted(methods))}
        return JSONResponse({"detail": "this method is not served here"}, 405, allowed)

    # Without it the first route of a path tells its own methods alone.
    app.add_exception_handler(405, wrong_method)
    app.add_exception_handler(RequestValidationError, answers(422, wrong))
    app.add_exception_handler(InputError, answers(422, str))
    app.add_exception_handler(StoreDownError, answers(503, str))
    app.add_exception_handler(StoreError, answers(500, str))
    app.add_exception_handler(OSError, answers(500, lambda _: "the files cannot be used"))
    unreadable = answers(500, lambda _: "the session's data cannot be read")
    app.add_exception_handler(ValueError, unreadable)


def _with(token: str) -> Callable[..., None]:
    def check(given: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]) -> None:
        sent = given.credentials.encode() if given is not None else b""
        if not hmac.compare_digest(sent, token.encode()):
            raise HTTPException(401, "expected the token", headers={"WWW-Authenticate": "Bearer"})

    return check


class _Bounded:
    """Refuses a request whose body is larger, before it is held in memory."""

    def __init__(self, app: ASGIApp, most_bytes: int) -> None:
        self._app = app
        self._most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = bytearray()
        message: MutableMapping[str, Any] = {"more_body": True}
        while message.get("more_body", False):
            message = await receive()
            if message["type"] != "http.request":
                return
            body += message.get("body", b"")
            if len(body) > self._most_bytes:
                text = f"the body is larger than {self._most_bytes} bytes"
                await JSONResponse({"detail": text}, 413)(scope, receive, send)
                return
        held: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def replay() -> Message:
            return held.pop() if held else await receive()

        await self._app(scope, replay, send)
