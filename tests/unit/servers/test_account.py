from __future__ import annotations

import os
import sys
from types import SimpleNamespace

import pytest

from bench.errors import UnavailableError
from bench.servers._embedded import unprivileged_account

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no root on Windows")


def accounts(monkeypatch: pytest.MonkeyPatch, **users: tuple[int, int]) -> None:
    def find(name: str) -> SimpleNamespace:
        user, group = users[name]
        return SimpleNamespace(pw_uid=user, pw_gid=group)

    monkeypatch.setattr("pwd.getpwnam", find)


def test_whoever_is_not_root_stays_who_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert unprivileged_account() is None


def test_root_becomes_postgres_if_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    accounts(monkeypatch, nobody=(65534, 65534), postgres=(70, 71))
    assert unprivileged_account() == (70, 71)


def test_root_becomes_nobody_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    accounts(monkeypatch, nobody=(65534, 65533))
    assert unprivileged_account() == (65534, 65533)


def test_another_name_of_root_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    accounts(monkeypatch, postgres=(0, 0))
    with pytest.raises(UnavailableError, match="BENCH_POSTGRES_DSN"):
        unprivileged_account()
