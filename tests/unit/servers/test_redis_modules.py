from __future__ import annotations

from pathlib import Path

import pytest

from bench.errors import InputError, UnsupportedError
from bench.servers._redis_modules import BUILT_IN, check_external, files_of, split

FILES = (Path("lib/redisearch.so"), Path("lib/rejson.so"))
BOTH = {"search": "2.10", "rejson": "2.8", "vectorset": "0.0"}


def test_what_is_not_a_setting_of_redis_is_taken_out() -> None:
    given = {"save": "", "modules": "none"}
    assert split(given) == ({"save": ""}, "none")
    assert split({"save": ""}) == ({"save": ""}, "both")
    assert given == {"save": "", "modules": "none"}


def test_an_unknown_choice_is_an_input_error() -> None:
    with pytest.raises(InputError, match="'nonne'; expected both, search, json, none, built-in"):
        split({"modules": "nonne"})


@pytest.mark.parametrize(
    ("choice", "expected"),
    [("both", FILES), ("search", FILES[:1]), ("json", FILES[1:]), ("none", ())],
)
def test_the_files_are_those_of_the_choice(choice: str, expected: tuple[Path, ...]) -> None:
    assert files_of(FILES, choice) == expected


@pytest.mark.parametrize(
    ("present", "choice"),
    [(BOTH, "both"), ({"search": "2.10"}, "search"), ({"rejson": "2.8"}, "json"), ({}, "none")],
)
def test_a_server_that_is_as_asked_for_is_used(present: dict[str, str], choice: str) -> None:
    check_external(present, "7.2.4", choice)


@pytest.mark.parametrize(
    ("present", "choice", "expected"),
    [
        (BOTH, "none", "has RediSearch and RedisJSON, no module is needed"),
        (BOTH, "search", "RediSearch is needed"),
        ({}, "json", "has no module, RedisJSON is needed"),
    ],
)
def test_another_server_is_never_changed(
    present: dict[str, str], choice: str, expected: str
) -> None:
    with pytest.raises(UnsupportedError, match=expected):
        check_external(present, "8.2.1", choice)


@pytest.mark.parametrize("version", ["7.4.0", "unknown", ""])
def test_only_redis_8_is_asked_for_what_is_built_in(version: str) -> None:
    with pytest.raises(UnsupportedError, match="Redis 8 and newer"):
        check_external(BOTH, version, BUILT_IN)


@pytest.mark.parametrize("present", [BOTH, {}])
def test_a_redis_8_is_taken_as_it_is(present: dict[str, str]) -> None:
    check_external(present, "8.0.1", BUILT_IN)
    check_external(present, "10.0", BUILT_IN)
