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
from typing import Any

import uvicorn

from bench.errors import InputError
from bench.systems.session_store.postgres import DOWN, PostgresSessions
from bench.systems.session_store.rest import LOOPBACK, app_of
from bench.systems.session_store.sessions import Sessions

_LEAST_TOKEN_CHARACTERS = 16
_BACKLOG = 2048


@dataclass(frozen=True, slots=True)
class Service:
    """A store, and the server and socket that serve it."""

    store: Sessions
    server: uvicorn.Server
    listener: socket.socket

    async def run(self) -> None:
        """Serve until the process is asked to end."""
        await self.store.open()
        try:
            await self.server.serve(sockets=[self.listener])
        finally:
            await self.store.close()


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
    mirror = bool(options.pop("mirror", False))
    try:
        postgres = PostgresSessions(conninfo, **options)
    except (TypeError, KeyError, ValueError) as error:
        raise InputError(f"SESSION_STORE_OPTIONS: {error}") from error
    store = Sessions(postgres, Path(files) if files else None, mirror=mirror)
    app = app_of(store, token=token)
    config = uvicorn.Config(
        app, lifespan="off", log_level="warning", server_header=False, timeout_keep_alive=60
    )
    return Service(store, uvicorn.Server(config), _listener(host, int(port)))


def main() -> int:
    """Serve until the process is asked to end, or standard input closes where it is a pipe."""
    try:
        asyncio.run(_served())
    except (InputError, OSError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - a program of its own
    except DOWN as error:
        reason = f"Postgres does not answer ({type(error).__name__})"
        print(f"{reason}, and SESSION_STORE_FILES names no files", file=sys.stderr)  # noqa: T201 - as above
    else:
        return 0
    return 2


async def _served() -> None:
    service = service_of(os.environ)
    print(json.dumps({"port": service.listener.getsockname()[1]}), flush=True)  # noqa: T201 - as above
    if stat.S_ISFIFO(os.fstat(0).st_mode):
        threading.Thread(target=_end_with_input, args=(service.server,), daemon=True).start()
    await service.run()


def _options(environment: Mapping[str, str]) -> dict[str, Any]:
    text = environment.get("SESSION_STORE_OPTIONS", "{}")
    try:
        options = json.loads(text)
    except ValueError as error:
        raise InputError(f"SESSION_STORE_OPTIONS is no JSON: {error}") from error
    if not isinstance(options, dict):
        raise InputError("SESSION_STORE_OPTIONS is expected to be a JSON object")
    return options


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Where the protocol is not named, asyncio leaves small packets to wait for 40 ms (Nagle).
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name == "posix":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    # Who is told of the port may connect before the server takes the connection.
    listener.listen(_BACKLOG)
    return listener


def _end_with_input(server: uvicorn.Server) -> None:
    sys.stdin.buffer.read()
    server.should_exit = True


if __name__ == "__main__":
    sys.exit(main())
