"""Choosing the user that an embedded server runs as: never root.

PostgreSQL refuses to be; Redis would agree, and a fault of it or of a module would be root's.
"""

from __future__ import annotations

import os
import sys

from bench.errors import UnavailableError

_CANDIDATES = ("postgres", "nobody", "daemon")


def unprivileged_account() -> tuple[int, int] | None:
    """Return (user id, group id) to start a server as, or ``None`` for the present user.

    Raises:
        UnavailableError: the present user is root and there is no other to fall back on.
    """
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    import pwd  # noqa: PLC0415  # does not exist on Windows

    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return entry.pw_uid, entry.pw_gid
    raise UnavailableError(
        "no server is run as root, and none of the users "
        f"{', '.join(_CANDIDATES)} exists; run as another user, or name servers of your own with "
        "BENCH_POSTGRES_DSN and BENCH_REDIS_URL"
    )
