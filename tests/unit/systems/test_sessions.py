from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bench.errors import InputError
from bench.systems.session_store.__main__ import service_of
from bench.systems.session_store.columns import COLUMNS
from bench.systems.session_store.files import FileSessions
from bench.systems.session_store.session import check_hours, check_id, check_page, plain

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_what_cannot_be_kept_is_named_and_the_rest_is_kept() -> None:
    nested: dict[str, Any] = {}
    nested["itself"] = nested
    given: dict[Any, Any] = {
        "kept": [1, "two", None, True, 1.5, (3,)],
        "set": {1},
        "items": [1, object(), 3],
        "nul": "a\0b",
        "half": "\ud800",
        "endless": float("inf"),
        "large": 1 << 63,
        7: "no text",
    }
    kept, skipped = plain(given)
    assert kept == {"kept": [1, "two", None, True, 1.5, [3]], "items": [1, 3]}
    assert skipped == ("set", "items[1]", "nul", "half", "endless", "large", "7")
    kept, (name,) = plain(nested)
    assert name.startswith("itself.itself.")


@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS)
def test_a_column_gives_back_what_it_was_given(column: Any) -> None:
    data = {"messages": [{"content": "naïve"}], "least": -(1 << 63) + 1, "part": 0.1}
    encoded = column.encode(data)
    assert column.decode(getattr(encoded, "obj", encoded)) == data


@pytest.mark.parametrize("name", ["", "../etc", "a/b", "a b", "-a", "a" * 129, "a\n"])
def test_a_name_that_could_be_a_path_is_no_session(name: str) -> None:
    with pytest.raises(InputError, match="session id"):
        check_id(name)


def test_times_and_pages_are_bounded() -> None:
    for hours in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(InputError, match="expires_in_hours"):
            check_hours(hours)
    for page in ((0, 0), (1001, 0), (1, -1), (1, 10_000_001)):
        with pytest.raises(InputError, match="limit"):
            check_page(*page)


def test_a_file_holds_the_last_entry_until_it_expires(tmp_path: Path) -> None:
    # Set back an hour after the first save, and on by two.
    clock: Iterator[datetime] = iter([NOON, NOON - HOUR, NOON + HOUR / 2, NOON + 2 * HOUR])
    files = FileSessions(tmp_path / "files", clock=lambda: next(clock))
    files.save("a", {"at": 1}, {})
    files.save("a", {"at": 2}, {"user": 7}, expires_in_hours=1.0)
    entry = files.last("a")
    assert entry is not None
    assert (entry.session.data, entry.session.metadata) == ({"at": 2}, {"user": 7})
    assert entry.session.last_updated > NOON
    assert files.lives(entry)
    assert files.has_expired(entry)
    assert [path.suffix for path in (tmp_path / "files").iterdir()] == [".json"]
    files.remove("a")
    assert files.last("a") is None


def test_a_file_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    files = FileSessions(tmp_path)
    files.save("a", {}, {})
    files.save("b", {}, {})
    (path,) = [path for path in tmp_path.iterdir() if '"a"' in path.read_text("utf-8")]
    path.write_text(path.read_text("utf-8")[:40], "utf-8")
    assert [entry.session.session_id for entry in files.entries()] == ["b"]


@pytest.mark.parametrize(
    ("environment", "text"),
    [
        ({}, "SESSION_STORE_POSTGRES"),
        ({"SESSION_STORE_HOST": "0.0.0.0"}, "SESSION_STORE_TOKEN"),  # noqa: S104 - it is refused
        ({"SESSION_STORE_TOKEN": "short"}, "SESSION_STORE_TOKEN"),
        ({"SESSION_STORE_PORT": "x"}, "SESSION_STORE_PORT"),
        ({"SESSION_STORE_OPTIONS": '{"column": "xml"}'}, "SESSION_STORE_OPTIONS"),
        ({"SESSION_STORE_OPTIONS": "[]"}, "SESSION_STORE_OPTIONS"),
    ],
)
def test_it_listens_to_nobody_else_without_a_token_and_refuses_what_it_does_not_know(
    environment: dict[str, str], text: str
) -> None:
    named = {"SESSION_STORE_POSTGRES": "host=127.0.0.1"} if environment else {}

    async def start() -> None:
        service_of({**named, **environment})

    with pytest.raises(InputError, match=text):
        asyncio.run(start())
