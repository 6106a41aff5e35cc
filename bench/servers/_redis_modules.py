"""Which modules a Redis server has, and which it is to have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import redis

from bench.errors import InputError, UnavailableError, UnsupportedError

# No setting of Redis's own: what of this name a subject asks for is met when a server is started.
SETTING = "modules"
BOTH = "both"
# What the server brings along; nothing is loaded for it, and nothing is asked of it beforehand.
BUILT_IN = "built-in"
_WANTED: Mapping[str, frozenset[str]] = {
    BOTH: frozenset({"search", "rejson"}),
    "search": frozenset({"search"}),
    "json": frozenset({"rejson"}),
    "none": frozenset(),
}
_FILES = {"redisearch": "search", "rejson": "rejson"}
_WORDS = {"search": "RediSearch", "rejson": "RedisJSON"}
_FIRST_WITH_MODULES = 8


def split(settings: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """Return the settings that are Redis's, and which modules are asked for.

    Raises:
        InputError: there is no such choice of modules.
    """
    left = dict(settings)
    choice = left.pop(SETTING, BOTH)
    if choice not in (*_WANTED, BUILT_IN):
        expected = ", ".join((*_WANTED, BUILT_IN))
        raise InputError(f"Redis cannot be had with modules {choice!r}; expected {expected}")
    return left, choice


def files_of(modules: Sequence[Path], choice: str) -> tuple[Path, ...]:
    """Return those of the embedded server's ``modules`` that are loaded for ``choice``.

    Raises:
        UnsupportedError: ``choice`` is what a distribution brings along, and this is none.
    """
    if choice == BUILT_IN:
        raise UnsupportedError(
            "the embedded Redis is the server's bare core, which has no modules of its own; name a "
            "server of an official Redis 8 distribution with BENCH_REDIS_URL"
        )
    return tuple(path for path in modules if name_of(path) in _WANTED[choice])


def name_of(path: Path) -> str:
    """Return the name that the module in this file has once it is loaded; empty if unknown."""
    return _FILES.get(path.stem, "")


def loaded(client: redis.Redis) -> dict[str, str]:
    """Return the server's modules by lower-case name with their versions, e.g. ``2.10``."""
    commands: Any = client
    listed = commands.execute_command("MODULE LIST")
    versions = {}
    for module in listed:
        pairs = (
            module
            if isinstance(module, dict)
            else dict(zip(module[::2], module[1::2], strict=True))
        )
        facts = {text_of(key): value for key, value in pairs.items()}
        number = int(facts.get("ver", 0))
        versions[text_of(facts.get("name", "")).lower()] = (
            f"{number // 10_000}.{number // 100 % 100}"
        )
    return versions


def check_present(present: Mapping[str, str], what: str) -> None:
    """Refuse a server that lacks one of the two; ``what`` names it.

    Raises:
        UnavailableError: the text names what is missing.
    """
    missing = [word for module, word in _WORDS.items() if module not in present]
    if missing:
        raise UnavailableError(
            f"{what} lacks {' and '.join(missing)}, which the Redis saver needs; "
            "use Redis 8 or newer, or Redis Stack"
        )


def check_external(present: Mapping[str, str], version: str, choice: str) -> None:
    """Compare what a user's server has with ``choice``; it is never changed.

    Raises:
        UnsupportedError: it has other modules, or is older than Redis 8 where its own are asked
            for.
    """
    if choice == BUILT_IN:
        major = version.partition(".")[0]
        if not major.isdecimal() or int(major) < _FIRST_WITH_MODULES:
            raise UnsupportedError(
                f"the server is Redis {version}; whether the modules are built in is asked of "
                "Redis 8 and newer"
            )
        return
    has = frozenset(present) & frozenset(_WORDS)
    if has != _WANTED[choice]:
        raise UnsupportedError(
            f"the server has {in_words(has)}, {in_words(_WANTED[choice])} is needed; a server of "
            "yours is never changed: use the embedded one"
        )


def in_words(modules: frozenset[str]) -> str:
    """Name ``modules`` in words."""
    return " and ".join(word for name, word in _WORDS.items() if name in modules) or "no module"


def text_of(value: Any) -> str:
    """Return what a server answered as text."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
