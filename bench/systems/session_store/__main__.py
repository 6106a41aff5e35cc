"""Serves sessions over HTTP: ``python -m bench.systems.session_store``.

Set by the environment: ``SESSION_STORE_POSTGRES`` (a connection string), ``SESSION_STORE_HOST``
(127.0.0.1), ``SESSION_STORE_PORT`` (8000; 0: any that is free), ``SESSION_STORE_TOKEN``,
``SESSION_STORE_FILES`` (the directory for when Postgres is down; none: no fallback) and
``SESSION_STORE_OPTIONS`` (JSON: column, indexes, autocommit, pool_size, timeout_s, mirror).
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bench.errors import InputError, suggestion
from bench.systems.session_store.columns import ColumnName
from bench.systems.session_store.postgres import PostgresSessions
from bench.systems.session_store.rest import LOOPBACK, app_of
from bench.systems.session_store.session import StoreDownError, StoreError
from bench.systems.session_store.sessions import Sessions

_LEAST_TOKEN_CHARACTERS = 16
_BACKLOG = 2048


class Options(BaseModel):
    """What ``SESSION_STORE_OPTIONS`` may say."""

    model_config = ConfigDict(extra="forbid", strict=True)

    column: ColumnName = "jsonb"
    indexes: bool = True
    autocommit: bool = True
    pool_size: int = Field(default=5, ge=1, le=100)
    timeout_s: float = Field(default=2.0, gt=0.0, le=600.0)
    mirror: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """A store, and the server and socket that serve it."""

    store: Sessions
    server: uvicorn.Server
    listener: socket.socket

    async def run(self) -> None:
        """Serve until the process is asked to end; the port is printed once it can be called."""
        try:
            await self.store.open()
            # Who is told of the port may connect before the server takes the connection.
            self.listener.listen(_BACKLOG)
            print(json.dumps({"port": self.listener.getsockname()[1]}), flush=True)  # noqa: T201 - a program of its own
            await self.server.serve(sockets=[self.listener])
        finally:
            await self.store.close()
            self.listener.close()


def service_of(environment: Mapping[str, str]) -> Service:
    """Return the service that ``environment`` describes. Needs an event loop.

    Raises:
        InputError: a value is missing or wrong, or it is to listen to others without a token.
        OSError: it cannot listen there.
    """
    conninfo = environment.get("SESSION_STORE_POSTGRES", "")
    if not conninfo:
        raise InputError("SESSION_STORE_POSTGRES is expected to be a connection string")
    host = environment.get("SESSION_STORE_HOST", LOOPBACK[0])
    token = environment.get("SESSION_STORE_TOKEN", "")
    if (token or host not in LOOPBACK) and len(token) < _LEAST_TOKEN_CHARACTERS:
        raise InputError(
            f"SESSION_STORE_TOKEN is expected to have {_LEAST_TOKEN_CHARACTERS} characters or "
            f"more, since SESSION_STORE_HOST is {host}"
        )
    options, port = _options(environment), environment.get("SESSION_STORE_PORT", "8000")
    if not port.isdecimal() or int(port) >= 1 << 16:
        raise InputError(f"SESSION_STORE_PORT is {port!r}, expected 0 to 65535")
    files = environment.get("SESSION_STORE_FILES", "")
    try:
        postgres = PostgresSessions(conninfo, **options.model_dump(exclude={"mirror"}))
    except InputError as error:
        raise InputError(f"SESSION_STORE_POSTGRES: {error}") from None
    if options.mirror and not files:
        raise InputError("SESSION_STORE_FILES is expected to be a directory, since mirror is true")
    store = Sessions(postgres, Path(files) if files else None, mirror=options.mirror)
    app = app_of(store, token=token)
    config = uvicorn.Config(
        app, lifespan="off", log_level="warning", server_header=False, timeout_keep_alive=60
    )
    return Service(store, uvicorn.Server(config), _listener(host, int(port)))


def main() -> int:
    """Serve until the process is asked to end, or standard input closes where it is a pipe."""
    try:
        asyncio.run(_served())
    except StoreDownError as error:
        print(f"{error}, and SESSION_STORE_FILES names no files", file=sys.stderr)  # noqa: T201 - a program of its own
    except (InputError, OSError, StoreError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - as above
    else:
        return 0
    return 2


async def _served() -> None:
    service = service_of(os.environ)
    if stat.S_ISFIFO(os.fstat(0).st_mode):
        threading.Thread(target=_end_with_input, args=(service.server,), daemon=True).start()
    await service.run()


def _options(environment: Mapping[str, str]) -> Options:
    try:
        return Options.model_validate_json(environment.get("SESSION_STORE_OPTIONS", "{}"))
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(str(part) for part in problem["loc"])
        said = f"{key}: {problem['msg']}" if key else problem["msg"]
        if problem["type"] == "extra_forbidden":
            said = f"unknown key {key!r}.{suggestion(key, Options.model_fields)}"
        raise InputError(f"SESSION_STORE_OPTIONS: {said}") from None


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Where the protocol is not named, asyncio leaves small packets to wait for 40 ms (Nagle).
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name == "posix":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener


def _end_with_input(server: uvicorn.Server) -> None:
    sys.stdin.buffer.read()
    server.should_exit = True


if __name__ == "__main__":
    sys.exit(main())
