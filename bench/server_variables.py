"""Who is told of the user's servers: only the plug-ins that declare the variables."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Mapping

from bench.contracts import OWN_VARIABLES, Server
from bench.discovery import load, names
from bench.errors import BenchError

# libpq's variables may hold a password also where no client of it is installed.
_ALWAYS_WITHHELD = (OWN_VARIABLES, "PG")


def without_servers(environment: Mapping[str, str]) -> dict[str, str]:
    """Return ``environment`` without what tells of the user's servers, passwords among it.

    Programs that have nothing to do with a server are started with this: what pip builds runs code
    of whoever wrote the package.
    """
    withheld = (*_ALWAYS_WITHHELD, *(name for one in _servers() for name in one.client_variables))
    return {name: value for name, value in environment.items() if not name.startswith(withheld)}


def without_own_servers(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what a worker may see: with what completes the address of a server of the user's.

    It connects to the endpoint that it is given, and what would change where or how it connects is
    kept from it. Only of a server that is the user's own may the client library read its variables.
    """
    theirs = (one for one in _servers() if environment.get(one.variable))
    kept = tuple(name for one in theirs for name in one.client_variables)
    return without_servers(environment) | {
        name: value for name, value in environment.items() if name.startswith(kept)
    }


def own_server_variables() -> list[str]:
    """Name the variables by which users name servers of their own."""
    return sorted(server.variable for server in _servers() if server.variable)


def _servers() -> list[type[Server]]:
    """Return every server plug-in that has a name, and those that were named by their path."""
    _import_named()
    servers = [Server]
    for server in servers:
        servers += server.__subclasses__()
    return servers[1:]


@functools.cache
def _import_named() -> None:
    for name in names("server"):
        # One whose client is not installed can be of no use, nor read a variable.
        with contextlib.suppress(BenchError):
            load("server", name)
