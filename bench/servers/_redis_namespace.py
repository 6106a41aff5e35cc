"""Redis keys and search indexes of our own: told by a token in their names, and nothing beside."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import redis

from bench.errors import InputError, UnavailableError, UnsupportedError

_SETTING = re.compile(r"[a-z][a-z0-9-]*")
_SHORTEST_NAMESPACE = 8
_SCAN_KEYS = 1000
_UNLINK_KEYS = 500


def check_setting_names(settings: Mapping[str, str], reserved: frozenset[str]) -> None:
    """Refuse settings that are no plain names or values, or that the plug-in itself must give.

    Raises:
        InputError: the text names the setting.
    """
    for name, value in settings.items():
        if not _SETTING.fullmatch(name) or name in reserved:
            raise InputError(f"the Redis setting {name!r} cannot be chosen here")
        if value.startswith("--") or "\n" in value:
            raise InputError(f"the Redis setting {name!r} cannot have the value {value!r}")


def check_namespace(namespace: str) -> None:
    """Refuse a namespace that other people's keys might hold by chance.

    Raises:
        InputError: it is shorter than 8 characters.
    """
    if len(namespace) < _SHORTEST_NAMESPACE:
        raise InputError(
            f"the Redis namespace {namespace!r} is too short to tell its keys from others; "
            f"expected at least {_SHORTEST_NAMESPACE} characters"
        )


def check_settings(client: redis.Redis, settings: Mapping[str, str]) -> None:
    """Compare what the server runs with with what is needed; never change it.

    Raises:
        UnsupportedError: a setting differs or cannot be read; the text names it and both values.
    """
    for name, wanted in settings.items():
        try:
            answer: Any = client.config_get(name)
        except redis.ResponseError as error:
            raise UnsupportedError(f"the server does not let {name!r} be read: {error}") from error
        values = {_text(key): _text(value) for key, value in answer.items()}
        if name not in values:
            raise UnsupportedError(f"the server has no setting {name!r}, asked for as {wanted!r}")
        if values[name].split() != wanted.split():
            raise UnsupportedError(
                f"the server runs with {name} = {values[name]!r}, {wanted!r} is needed; set it in "
                "the server's configuration, or use the embedded server"
            )


class Keys:
    """Every key and search index whose name contains ``namespace``."""

    def __init__(self, namespace: str) -> None:
        check_namespace(namespace)
        self.namespace = namespace
        self._claimed = False

    def claim(self, client: redis.Redis) -> None:
        """Take the namespace, of which nothing may exist yet.

        Raises:
            UnavailableError: something of that name exists; it was not made by this trial.
        """
        present = next(self._keys(client), None) or next(iter(self._indexes(client)), None)
        if present is not None:
            raise UnavailableError(
                f"the server holds keys or indexes named after {self.namespace!r} already, e.g. "
                f"{_text(present)!r}; they were not made by this trial and are left as they are"
            )
        self._claimed = True

    def remove(self, client: redis.Redis) -> None:
        """Remove what carries the name, indexes first, if the namespace was claimed.

        Walks over all keys of the database in batches, as their names begin in several ways.
        """
        if not self._claimed:
            return
        for index in self._indexes(client):
            # Without DD: the documents are ours only if their own names say so.
            _execute(client, "FT.DROPINDEX", index)
        keys = self._keys(client)
        while batch := list(islice(keys, _UNLINK_KEYS)):
            client.unlink(*batch)
        self._claimed = False

    def _keys(self, client: redis.Redis) -> Iterator[bytes]:
        pattern = f"*{escape_pattern(self.namespace)}*"
        yield from client.scan_iter(match=pattern, count=_SCAN_KEYS)

    def _indexes(self, client: redis.Redis) -> list[str]:
        try:
            listed = _execute(client, "FT._LIST")
        except redis.ResponseError:
            # Without the search module there are no indexes.
            return []
        return sorted(name for name in map(_text, listed) if self.namespace in name)


def escape_pattern(text: str) -> str:
    """Escape what has a meaning in a Redis key pattern."""
    return re.sub(r"([\\*?\[\]^])", r"\\\1", text)


def _execute(client: Any, *command: str) -> Any:
    """Send a command that the client has no typed method for."""
    return client.execute_command(*command)


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
