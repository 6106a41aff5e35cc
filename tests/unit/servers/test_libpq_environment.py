from __future__ import annotations

import os

import pytest

from bench.servers._postgres_connection import without_libpq_variables


def test_variables_of_libpq_are_away_meanwhile_and_back_after_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PGSERVICE", "theirs")
    monkeypatch.setenv("BENCH_POSTGRES_DSN", "kept")

    def fail() -> None:
        with without_libpq_variables():
            seen.update(os.environ)
            raise KeyboardInterrupt

    seen: dict[str, str] = {}
    with pytest.raises(KeyboardInterrupt):
        fail()
    assert "PGSERVICE" not in seen
    assert seen["BENCH_POSTGRES_DSN"] == "kept"
    assert os.environ["PGSERVICE"] == "theirs"
