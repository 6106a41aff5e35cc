from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bench.contracts import Endpoint, Place, Subject
from bench.discovery import names
from bench.scenario.durability import Durability
from bench.subjects._factories.factory import subject_class


def unopened(name: str, options: Mapping[str, Any] | None = None) -> Subject:
    found = subject_class(name)
    endpoint = Endpoint("embedded", "scheme://user:secret@127.0.0.1:1/0", "trial")
    return found(found.Options.model_validate(options or {}), Place(Path(), endpoint, "trial"))


@pytest.mark.parametrize("name", names("subject"))
def test_an_unknown_option_is_an_error(name: str) -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        subject_class(name).Options.model_validate({"no_such_option": 1})


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("sqlite", {"synchronous": "OFF"}, "'FULL' or 'NORMAL'"),
        ("sqlite", {"saver_per": "operation"}, "'trial', 'client' or 'process'"),
        ("postgres", {"pool_size": 0}, "greater than or equal to 1"),
        ("postgres", {"pool_size": 101}, "less than or equal to 100"),
        ("postgres", {"pool_size": "5"}, "valid integer"),
        ("postgres", {"connection": "single", "pool_size": 5}, "'pool_size' means nothing"),
        ("postgres", {"connection": "pipeline", "pool_size": 5}, "'pool_size' means nothing"),
        ("postgres", {"connection": "per_operation", "pool_size": 5}, "'pool_size' means nothing"),
        ("postgres", {"connection": "single", "pool_timeout_s": 1.0}, "'pool_timeout_s' means"),
        ("postgres", {"connection": "single", "saver_per": "operation"}, "saver_per = 'operation'"),
        ("postgres", {"connection": "pipeline", "saver_per": "operation"}, "'trial' or 'client'"),
        ("postgres_sync", {"connection": "single", "pool_size": 5}, "'pool_size' means nothing"),
        ("postgres_sync", {"call": "coroutine", "threads": 4}, "'threads' means nothing"),
        ("postgres_sync", {"saver_per": "operation"}, "'trial' or 'client'"),
        ("redis", {"persistence": "rdb"}, "'none', 'everysec' or 'always'"),
        ("redis", {"modules": "some"}, "'none' or 'built-in'"),
        ("redis", {"max_connections": 0}, "greater than or equal to 1"),
        ("redis_shallow", {"pool": "shared"}, "'default' or 'blocking'"),
    ],
)
def test_what_means_nothing_is_refused(name: str, options: Mapping[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        subject_class(name).Options.model_validate(options)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"connection": "single", "saver_per": "trial"},
        {"connection": "single", "saver_per": "client"},
        {"connection": "pipeline", "saver_per": "client"},
        {"connection": "pool", "pool_size": 16, "saver_per": "operation"},
        {"connection": "per_operation", "saver_per": "operation", "pool_timeout_s": 5},
    ],
)
def test_what_means_something_is_accepted(options: Mapping[str, Any]) -> None:
    accepted = subject_class("postgres").Options.model_validate(options)
    assert options == accepted.model_dump(include=set(options))


@pytest.mark.parametrize(
    ("name", "options", "durability", "server_settings"),
    [
        ("null", {}, Durability.VOLATILE, {}),
        ("memory", {}, Durability.VOLATILE, {}),
        ("sqlite", {}, Durability.FSYNC, {}),
        ("sqlite", {"synchronous": "NORMAL"}, Durability.RELAXED, {}),
        ("postgres", {}, Durability.FSYNC, {"synchronous_commit": "on"}),
        (
            "postgres_sync",
            {"synchronous_commit": "off"},
            Durability.RELAXED,
            {"synchronous_commit": "off"},
        ),
        ("redis", {"persistence": "none"}, Durability.VOLATILE, {"appendonly": "no", "save": ""}),
        (
            "redis",
            {},
            Durability.RELAXED,
            {"appendonly": "yes", "appendfsync": "everysec", "save": ""},
        ),
        (
            "redis_shallow",
            {"persistence": "always"},
            Durability.FSYNC,
            {"appendonly": "yes", "appendfsync": "always", "save": ""},
        ),
    ],
)
def test_durability_asked_for(
    name: str,
    options: Mapping[str, Any],
    durability: Durability,
    server_settings: Mapping[str, str],
) -> None:
    found = subject_class(name)
    validated = found.Options.model_validate(options)
    assert durability == found.durability(validated)
    assert server_settings == found.server_settings(validated)


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        ("postgres", {"fsync": "on", "synchronous_commit": "on"}, Durability.FSYNC),
        ("postgres", {"fsync": "on", "synchronous_commit": "local"}, Durability.FSYNC),
        ("postgres", {"fsync": "on", "synchronous_commit": "off"}, Durability.RELAXED),
        ("postgres_sync", {"fsync": "off", "synchronous_commit": "on"}, Durability.VOLATILE),
        ("postgres_sync", {"synchronous_commit": "on"}, Durability.UNKNOWN),
        ("redis", {"appendonly": "yes", "appendfsync": "always"}, Durability.FSYNC),
        ("redis", {"appendonly": "yes", "appendfsync": "everysec"}, Durability.RELAXED),
        ("redis", {"appendonly": "yes", "appendfsync": "no"}, Durability.RELAXED),
        ("redis", {"appendonly": "yes", "appendfsync": "unknown"}, Durability.UNKNOWN),
        ("redis", {"appendonly": "no", "save": "3600 1"}, Durability.RELAXED),
        ("redis", {"appendonly": "no", "save": ""}, Durability.VOLATILE),
        ("redis_shallow", {"appendonly": "no", "save": "unknown"}, Durability.UNKNOWN),
        ("redis_shallow", {"appendonly": "unknown", "save": ""}, Durability.UNKNOWN),
        ("redis_shallow", {}, Durability.UNKNOWN),
    ],
)
def test_durability_found(name: str, settings: Mapping[str, str], expected: Durability) -> None:
    assert expected == unopened(name).durability_found(settings)


def test_the_default_number_of_threads_is_that_of_asyncio(monkeypatch: pytest.MonkeyPatch) -> None:
    found = subject_class("postgres_sync")
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert found.Options.model_validate({"call": "threads"}).model_dump()["threads"] == 6
    monkeypatch.setattr("os.cpu_count", lambda: 64)
    assert found.Options.model_validate({"call": "threads"}).model_dump()["threads"] == 32
