"""On a user's server a subject runs as that server is, and what it is like is read back."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack

import psycopg
import pytest
import redis
from psycopg.conninfo import make_conninfo

from bench.measure.runner import TrialRun
from bench.records.trial import TrialRecord
from bench.scenario.durability import Durability
from bench.scenario.plan import expand
from bench.scenario.scenario_file import parse_scenario
from bench.servers.postgres import PostgresServer
from bench.servers.redis import RedisServer
from bench.verify.verifier_process import VerifierProcess
from tests.processes.test_trials import text_of
from tests.services._platforms import needs_redis

pytestmark = pytest.mark.services

# Starts a server with settings in the place of the user's own, and returns its address.
Start = Callable[[Mapping[str, str]], str]
# Measures the subject with these options on the server whose address a variable gives.
Measured = Callable[[str, str, str, str], TrialRecord]


@pytest.fixture
def postgres() -> Iterator[Start]:
    with ExitStack() as stack:

        def start(settings: Mapping[str, str]) -> str:
            server = PostgresServer({})
            stack.callback(server.stop)
            return make_conninfo(server.start(settings, "bench_theirs").url, options="")

        yield start


@pytest.fixture
def their_redis() -> Iterator[Start]:
    with ExitStack() as stack:

        def start(settings: Mapping[str, str]) -> str:
            server = RedisServer({})
            stack.callback(server.stop)
            return server.start(settings, "bench_theirs").url

        yield start


@pytest.fixture(scope="module")
def verifier() -> Iterator[VerifierProcess]:
    """One that reads back for all tests: starting it takes longer than a trial."""
    with VerifierProcess(parse_scenario(text_of("redis"), "theirs.toml"), os.environ) as made:
        yield made


@pytest.fixture
def measured(verifier: VerifierProcess) -> Measured:
    def measure(use: str, options: str, variable: str, address: str) -> TrialRecord:
        scenario = parse_scenario(text_of(use, options=options), "theirs.toml")
        environment = {**os.environ, variable: address}
        return TrialRun(scenario, expand(scenario).trials[0], environment, verifier).run()[0]

    return measure


def managed(address: str) -> str:
    """Return the address for a user who may not read the configuration."""
    with redis.Redis.from_url(address) as client:
        rights = ["allchannels", "allkeys", "+@all", "-config"]
        client.execute_command("ACL", "SETUSER", "managed", "on", ">secret", *rights)
    return f"redis://managed:secret@{address.rpartition('@')[2]}"


@pytest.mark.parametrize(
    ("settings", "options", "expected"),
    [
        ({"synchronous_commit": "off"}, "", Durability.RELAXED),
        ({"fsync": "off"}, "", Durability.VOLATILE),
        # That a session may set.
        ({"synchronous_commit": "off"}, 'synchronous_commit = "on"', Durability.FSYNC),
    ],
)
def test_postgres_runs_as_it_is(
    settings: dict[str, str],
    options: str,
    expected: Durability,
    postgres: Start,
    measured: Measured,
) -> None:
    address = postgres(settings)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE TABLE theirs AS SELECT 7 AS value")
        record = measured("postgres", options, "BENCH_POSTGRES_DSN", address)
        kept = connection.execute("SELECT value FROM theirs").fetchone()
        row = connection.execute("SHOW synchronous_commit").fetchone()

    assert (record.status, record.server, record.durability) == ("measured", "external", expected)
    assert kept == (7,)
    assert row == (settings.get("synchronous_commit", "on"),)


@needs_redis
@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"appendonly": "no", "save": ""}, Durability.VOLATILE),
        ({"appendonly": "yes", "appendfsync": "always", "save": "3600 1"}, Durability.FSYNC),
    ],
)
def test_redis_runs_as_it_is(
    settings: dict[str, str], expected: Durability, their_redis: Start, measured: Measured
) -> None:
    address = their_redis(settings)
    with redis.Redis.from_url(address, decode_responses=True) as client:
        client.set("theirs", "kept")
        record = measured("redis", "", "BENCH_REDIS_URL", address)
        left = client.keys("*")
        configured = {name: client.config_get(name)[name] for name in settings}

    assert (record.status, record.server, record.durability) == ("measured", "external", expected)
    assert left == ["theirs"]
    assert configured == settings


@pytest.mark.parametrize(
    ("options", "expected"),
    [("", Durability.RELAXED), (', durability = "fsync"', Durability.RELAXED)],
)
def test_a_named_saver_keeps_no_more_than_postgres_does(
    options: str, expected: Durability, postgres: Start, measured: Measured
) -> None:
    address = postgres({"synchronous_commit": "off"})
    use = "langgraph.checkpoint.postgres.aio:AsyncPostgresSaver.from_conn_string"
    record = measured(use, f'server = "postgres"{options}', "BENCH_POSTGRES_DSN", address)

    assert (record.status, record.server, record.durability) == ("measured", "external", expected)
    assert record.settings["synchronous_commit"] == "off"


@needs_redis
def test_a_named_saver_on_a_redis_that_does_not_tell_is_unknown(
    their_redis: Start, measured: Measured
) -> None:
    address = managed(their_redis({}))
    use = "langgraph.checkpoint.redis.aio:AsyncRedisSaver.from_conn_string"
    options = 'server = "redis", durability = "fsync", checkpoint_prefix = "{namespace}:c"'
    record = measured(use, options, "BENCH_REDIS_URL", address)

    assert (record.status, record.durability) == ("measured", Durability.UNKNOWN)
    assert record.settings["appendonly"] == "unknown"


@needs_redis
def test_redis_that_does_not_tell_its_settings_is_measured_as_unknown(
    their_redis: Start, measured: Measured
) -> None:
    record = measured("redis", "", "BENCH_REDIS_URL", managed(their_redis({})))

    assert (record.status, record.durability) == ("measured", Durability.UNKNOWN)
    assert record.settings["appendonly"] == "unknown"


@needs_redis
def test_who_insists_on_a_durability_that_is_not_there_is_unsupported(
    their_redis: Start, measured: Measured
) -> None:
    address = their_redis({"appendonly": "no", "save": ""})
    record = measured("redis", 'persistence = "always"', "BENCH_REDIS_URL", address)

    assert (record.status, record.window) == ("unsupported", None)
    assert record.failure is not None
    assert "appendonly = 'no', 'yes' is needed" in record.failure.message
