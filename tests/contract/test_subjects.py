from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bench.contracts import Place, Subject
from bench.discovery import names
from bench.errors import UnavailableError
from bench.scenario.durability import Durability
from bench.subjects._factories.factory import subject_class
from tests.contract import _subjects as contract

NAMES = names("subject")
NEED_NO_SERVER = [name for name in NAMES if subject_class(name).server is None]


def subject(name: str, directory: Path) -> Subject:
    found = subject_class(name)
    return found(found.Options(), Place(directory, None, "trial"))


def test_every_subject_of_the_issue_is_found() -> None:
    expected = {"null", "memory", "sqlite", "postgres", "postgres_sync", "redis", "redis_shallow"}
    assert expected == expected & set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_subject_describes_itself_without_being_opened(name: str) -> None:
    found = subject_class(name)
    options = found.Options()
    assert isinstance(found.durability(options), Durability)
    assert found.packages
    assert all(isinstance(value, str) for value in found.server_settings(options).values())
    assert (found.server is None) == (not found.server_settings(options))
    assert found.server is None or found.server in names("server")


@pytest.mark.parametrize("name", NAMES)
def test_a_subject_that_was_never_opened_can_be_closed(name: str, tmp_path: Path) -> None:
    asyncio.run(subject(name, tmp_path).close())


@pytest.mark.parametrize("name", [name for name in NAMES if name not in NEED_NO_SERVER])
def test_without_its_server_a_subject_says_so_and_can_be_closed(name: str, tmp_path: Path) -> None:
    async def fail() -> None:
        unopened = subject(name, tmp_path)
        try:
            with pytest.raises(UnavailableError, match="server"):
                await unopened.open(2)
        finally:
            await unopened.close()

    asyncio.run(fail())


@pytest.mark.parametrize("name", NEED_NO_SERVER)
def test_a_subject_without_server_keeps_the_contract(name: str, tmp_path: Path) -> None:
    found = subject_class(name)
    contract.run_check(found, found.Options(), Place(tmp_path, None, "trial"))
