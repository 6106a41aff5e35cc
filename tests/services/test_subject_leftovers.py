"""On somebody else's server, what a subject made is removed and everything else stays."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
import redis

from bench.contracts import Place
from bench.discovery import load
from bench.subjects._factories.factory import subject_class
from tests.contract import _subjects as contract
from tests.services.test_subjects import served

pytestmark = pytest.mark.services

NAMESPACE = "trial_leftovers"


def use_as_external(name: str, variable: str, url: str, directory: Path) -> None:
    """Run the contract over the server at ``url`` as though it were the user's own."""
    found = subject_class(name)
    options = found.Options()
    assert found.server is not None
    server = load("server", found.server)({variable: url})
    try:
        endpoint = server.start(found.server_settings(options), NAMESPACE)
        assert endpoint.kind == "external"
        contract.run_check(found, options, Place(directory, endpoint, endpoint.namespace))
    finally:
        server.stop()


@pytest.mark.parametrize("name", ["redis", "redis_shallow"])
def test_only_the_user_s_keys_and_indexes_remain(name: str, tmp_path: Path) -> None:
    found = subject_class(name)
    with served(found, found.Options(), tmp_path) as place:
        assert place.endpoint is not None
        with redis.Redis.from_url(place.endpoint.url, protocol=2) as client:
            client.set("checkpoint:of-the-user", "kept")
            use_as_external(name, "BENCH_REDIS_URL", place.endpoint.url, tmp_path)
            assert list(client.scan_iter()) == [b"checkpoint:of-the-user"]
            assert client.execute_command("FT._LIST") == []


@pytest.mark.parametrize("name", ["postgres", "postgres_sync"])
def test_only_the_user_s_tables_remain(name: str, tmp_path: Path) -> None:
    found = subject_class(name)
    with served(found, found.Options(), tmp_path) as place:
        assert place.endpoint is not None
        with psycopg.connect(place.endpoint.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE public.checkpoints (kept integer)")
            use_as_external(name, "BENCH_POSTGRES_DSN", place.endpoint.url, tmp_path)
            tables = connection.execute(
                "SELECT schemaname, tablename FROM pg_tables "
                "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
            ).fetchall()
    assert tables == [("public", "checkpoints")]
