"""Redis keys and search indexes of our own: told by a token in their names, and nothing beside.

While they are in use on a user's server, their run subscribes to a channel of that name. The
subscription ends with the connection, so with a run that is killed as well; it writes nothing, and
a server that ends idle connections spares it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

import redis

from bench.contracts import NAMESPACE, Leftover
from bench.errors import InputError, UnavailableError, UnsupportedError
from bench.server_settings import REDIS_SETTINGS, UNKNOWN
from bench.servers._redis_modules import text_of

_SETTING = re.compile(r"[a-z][a-z0-9-]*")
# What savers make with the prefixes that subjects give them, and with a thread's id where they let
# no prefix be chosen. A name that is formed otherwise is somebody else's.
_OURS = re.compile(rf"(?:write_keys_zset:(?={NAMESPACE}-)|(?={NAMESPACE}:))({NAMESPACE})")
_SHORTEST_NAMESPACE = 8
_ANSWER_LIMIT_S = 5.0
_LOOK_S = 0.05
_CHANNELS = "checkpoint-bench:"
_SCAN_KEYS = 1000
_UNLINK_KEYS = 500
_Name = TypeVar("_Name", str, bytes)


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
        values = {text_of(key): text_of(value) for key, value in answer.items()}
        if name not in values:
            raise UnsupportedError(f"the server has no setting {name!r}, asked for as {wanted!r}")
        if values[name].split() != wanted.split():
            raise UnsupportedError(
                f"the server runs with {name} = {values[name]!r}, {wanted!r} is needed; set it in "
                "the server's configuration, or use the embedded server"
            )


def settings_of(client: redis.Redis) -> dict[str, str]:
    """Return what decides what the server keeps; of what it does not tell, that it is unknown."""
    try:
        answer: Any = client.config_get(*REDIS_SETTINGS)
    except redis.ResponseError:
        # A managed server may have no CONFIG command.
        answer = {}
    found = {text_of(key): text_of(value) for key, value in answer.items()}
    return {name: found.get(name, UNKNOWN) for name in REDIS_SETTINGS}


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
                f"{text_of(present)!r}; they were not made by this trial and are left as they are"
            )
        self._claimed = True

    def remove(self, client: redis.Redis) -> None:
        """Remove what carries the name, indexes first, if the namespace was claimed.

        Walks over all keys of the database in batches, as their names begin in several ways.
        """
        if self._claimed:
            _remove(client, self._indexes(client), self._keys(client))
            self._claimed = False

    @contextmanager
    def in_use(self, client: redis.Redis) -> Iterator[None]:
        """Show others meanwhile that a run works with what carries the name.

        Raises:
            UnavailableError: the user may not subscribe to a channel, so that others could not tell
                what is in use from what is left over.
        """
        # The client's method has no types.
        connecting: Any = client
        with connecting.pubsub() as subscription:
            try:
                subscription.subscribe(_channel(self.namespace))
                subscription.get_message(timeout=_ANSWER_LIMIT_S)
            except redis.ResponseError as error:
                raise UnavailableError(
                    "the Redis user may not subscribe to the channel "
                    f"{_channel(self.namespace)!r}, which shows others that a run is under way; "
                    f"grant it with &{_CHANNELS}*: {error}"
                ) from None
            yield

    def _keys(self, client: redis.Redis) -> Iterator[bytes]:
        pattern = f"*{escape_pattern(self.namespace)}*"
        yield from client.scan_iter(match=pattern, count=_SCAN_KEYS)

    def _indexes(self, client: redis.Redis) -> list[str]:
        return [name for name in _index_names(client) if self.namespace in name]


def clean(client: redis.Redis, *, remove: bool) -> Sequence[Leftover]:
    """List the namespaces of runs; with ``remove`` remove what carries those that none uses.

    They are known by the form of their names: walks over all keys of the database.
    """
    # A set, since a scan may name a key twice.
    keys = _by_namespace(set(client.scan_iter(match="*bench_*", count=_SCAN_KEYS)))
    indexes = _by_namespace(_index_names(client))
    return [
        _cleaned(client, name, indexes.get(name, []), keys.get(name, []), remove=remove)
        for name in sorted(keys | indexes)
    ]


def _by_namespace(names: Iterable[_Name]) -> dict[str, list[_Name]]:
    """Group ``names`` by the namespace that they belong to; one without is none of ours."""
    found: dict[str, list[_Name]] = {}
    for name in sorted(names):
        if namespace := namespace_of(text_of(name)):
            found.setdefault(namespace, []).append(name)
    return found


def namespace_of(name: str) -> str | None:
    """Return the namespace of the run that made what has this ``name``, if one did."""
    # What stands for bytes that are no text: none of our names has any.
    match = None if "\ufffd" in name else _OURS.match(name)
    return match[1] if match else None


def _cleaned(
    client: redis.Redis, name: str, indexes: list[str], keys: list[bytes], *, remove: bool
) -> Leftover:
    texts = [*map(text_of, keys), *indexes]
    content = f"{len(keys)} keys, {len(indexes)} indexes, e.g. {texts[0]!r}"
    # Any namespace in a name: what another run's thread is called may be part of it.
    named = {namespace for text in texts for namespace in re.findall(NAMESPACE, text)}
    numbers: Any = client.pubsub_numsub(*map(_channel, named))
    if any(subscribers for _, subscribers in numbers):
        return Leftover(name, content, "in use")
    if remove:
        try:
            _remove(client, indexes, iter(keys))
        except redis.ResponseError as error:
            return Leftover(name, content, "kept", str(error))
    return Leftover(name, content, "removed" if remove else "left over")


def _remove(client: redis.Redis, indexes: Iterable[str], keys: Iterator[bytes]) -> None:
    for index in indexes:
        # Without DD: the documents are ours only if their own names say so.
        _execute(client, "FT.DROPINDEX", index)
    while batch := list(islice(keys, _UNLINK_KEYS)):
        client.unlink(*batch)


def _channel(namespace: str) -> str:
    return f"{_CHANNELS}{namespace}"


def wait_until_indexed(client: redis.Redis, limit_s: float) -> None:
    """Wait until every index holds what was loaded: a search would miss what is not in it yet.

    Raises:
        UnavailableError: it takes longer than ``limit_s``.
    """
    deadline_s = time.monotonic() + limit_s
    for name in _index_names(client):
        while not _is_indexed(client, name):
            if time.monotonic() > deadline_s:
                raise UnavailableError(f"the index {name} was not made within {limit_s:g} s")
            time.sleep(_LOOK_S)


def _is_indexed(client: redis.Redis, index: str) -> bool:
    answer = _execute(client, "FT.INFO", index)
    # By protocol and version of the client a mapping, or names and values in turn.
    is_mapping = isinstance(answer, dict)
    pairs = answer.items() if is_mapping else zip(answer[::2], answer[1::2], strict=True)
    facts = {text_of(name): value for name, value in pairs}
    return float(facts["percent_indexed"]) >= 1.0


def write_out(client: redis.Redis, limit_s: float) -> None:
    """Have all keys written to files, in the form that the server reads when it starts.

    Raises:
        UnavailableError: it takes longer than ``limit_s``.
    """
    settings: Any = client.config_get("appendonly")
    if settings["appendonly"] == "no":
        client.bgsave()
    else:
        client.bgrewriteaof()
    deadline_s = time.monotonic() + limit_s
    under_way = ("rdb_bgsave_in_progress", "aof_rewrite_in_progress", "aof_rewrite_scheduled")
    while True:
        facts: Any = client.info("persistence")
        if not any(facts[name] for name in under_way):
            return
        if time.monotonic() > deadline_s:
            raise UnavailableError(f"Redis did not write its files within {limit_s:g} s")
        time.sleep(_LOOK_S)


def _index_names(client: redis.Redis) -> list[str]:
    try:
        return sorted(map(text_of, _execute(client, "FT._LIST")))
    except redis.ResponseError:
        # Without the search module there are no indexes.
        return []


def escape_pattern(text: str) -> str:
    """Escape what has a meaning in a Redis key pattern."""
    return re.sub(r"([\\*?\[\]^])", r"\\\1", text)


def _execute(client: Any, *command: str) -> Any:
    # The client has no typed method for these.
    return client.execute_command(*command)
