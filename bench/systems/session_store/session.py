"""What a session is, and which names and values one may have."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bench.errors import InputError

SESSION_ID = r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$"
MOST_HOURS = 24.0 * 366 * 10
MOST_LISTED = 1000
MOST_OFFSET = 10_000_000
_DEEPEST = 64
_LARGEST_INTEGER = (1 << 63) - 1
_UNKEPT_TEXT = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Session:
    """One session. ``version`` counts its saves; ``None`` while it is in files alone."""

    session_id: str
    data: Mapping[str, Any]
    metadata: Mapping[str, Any]
    created_at: datetime
    last_updated: datetime
    expires_at: datetime | None
    version: int | None
    is_active: bool


@dataclass(frozen=True, slots=True)
class Saved:
    """What a save did: ``skipped`` names the values that cannot be kept, as ``a.b[3]``."""

    version: int | None
    skipped: tuple[str, ...] = ()
    in_files: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """A session in a list, without its data."""

    session_id: str
    metadata: Mapping[str, Any]
    created_at: datetime
    last_updated: datetime
    expires_at: datetime | None
    version: int | None
    is_active: bool


@dataclass(frozen=True, slots=True)
class Statistics:
    """How many sessions there are; ``active`` ones can be loaded. Messages are those of all."""

    total: int
    active: int
    average_messages: float


@dataclass(frozen=True, slots=True)
class Restored:
    """Which active sessions were read after a restart, and why others could not be, by id."""

    session_ids: tuple[str, ...]
    failed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConnectionTest:
    """Whether Postgres answers, and which version or why not."""

    is_connected: bool
    detail: str


class StoreError(Exception):
    """Postgres answers, but not as the store needs it; the text holds nothing of a session."""


class SessionRefusedError(StoreError):
    """Postgres cannot keep a session as it is."""


class StoreDownError(StoreError):
    """Postgres does not answer, and what is asked for is not in files."""


def check_id(session_id: str) -> str:
    """Return ``session_id``.

    Raises:
        InputError: it is not 1 to 128 letters, digits, ``_``, ``-`` or ``.``, or begins with one of
            the last two.
    """
    if not re.fullmatch(SESSION_ID, session_id):
        raise InputError(
            "a session id is expected to be 1 to 128 letters, digits, '_', '-' or '.', and to "
            "begin with none of the last two"
        )
    return session_id


def check_hours(expires_in_hours: float | None) -> float | None:
    """Return ``expires_in_hours``.

    Raises:
        InputError: it is not above 0 and at most ten years.
    """
    if expires_in_hours is not None and not 0.0 < expires_in_hours <= MOST_HOURS:
        raise InputError(f"expires_in_hours is expected to be above 0, at most {MOST_HOURS:g}")
    return expires_in_hours


def check_page(limit: int, offset: int) -> None:
    """Check what a list is asked for.

    Raises:
        InputError: the limit is not 1 to 1000, or the offset not 0 to 10 million.
    """
    if not (1 <= limit <= MOST_LISTED and 0 <= offset <= MOST_OFFSET):
        raise InputError(
            f"expected a limit of 1 to {MOST_LISTED} and an offset of 0 to {MOST_OFFSET}"
        )


def plain(value: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return what of ``value`` can be kept, and the names of what cannot.

    Kept are text, numbers of 64 bits, booleans, ``None``, and lists, tuples and dictionaries with
    textual keys of these, 64 deep. Postgres keeps no text with a NUL or half a surrogate pair.
    """
    skipped: list[str] = []
    kept: dict[str, Any] = _plain(value, "", 0, skipped)
    return kept, tuple(skipped)


def message_count(data: Mapping[str, Any]) -> int:
    """Return how many messages a session holds: the length of its list ``messages``."""
    messages = data.get("messages")
    return len(messages) if isinstance(messages, list) else 0


_SKIPPED = object()


def _plain(value: object, name: str, depth: int, skipped: list[str]) -> Any:
    if isinstance(value, Mapping) and depth < _DEEPEST:
        return {
            key: kept
            for key, part in value.items()
            if (kept := _part(key, part, name, depth, skipped)) is not _SKIPPED
        }
    if isinstance(value, list | tuple) and depth < _DEEPEST:
        parts = (_plain(part, f"{name}[{at}]", depth + 1, skipped) for at, part in enumerate(value))
        return [part for part in parts if part is not _SKIPPED]
    if value is None or _is_kept(value):
        return value
    skipped.append(_shown(name))
    return _SKIPPED


def _part(key: object, part: object, name: str, depth: int, skipped: list[str]) -> Any:
    path = f"{name}.{key}" if name else str(key)
    if isinstance(key, str) and not _UNKEPT_TEXT.search(key):
        return _plain(part, path, depth + 1, skipped)
    skipped.append(_shown(path))
    return _SKIPPED


def _is_kept(value: object) -> bool:
    if isinstance(value, str):
        return type(value) is str and not _UNKEPT_TEXT.search(value)
    if isinstance(value, bool):
        return True
    if isinstance(value, int):
        return type(value) is int and abs(value) <= _LARGEST_INTEGER
    return type(value) is float and math.isfinite(value)


def _shown(name: str) -> str:
    return _UNKEPT_TEXT.sub("?", name)[:200]
