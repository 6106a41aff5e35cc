from __future__ import annotations

import psycopg
import pytest

from bench.errors import InputError, UnavailableError
from bench.servers import postgres
from bench.servers._embedded import EmbeddedServer
from bench.servers._postgres_connection import connect, failure_text
from bench.servers._postgres_namespace import Schema, identifier
from bench.servers.postgres import PostgresServer
from tests.impostor import Impostor


@pytest.mark.parametrize("plain", ["bench_1a2b", "x", "_t", "a" * 63])
def test_a_plain_identifier_is_kept(plain: str) -> None:
    assert identifier(plain) == plain


def test_what_is_no_identifier_becomes_one_of_its_own() -> None:
    awkward = ["", "1a", "Bench", 'a"b', "a-b", "a_b;", "pg_toast", "b" * 64, "b" * 65, "é"]
    made = [identifier(name) for name in awkward]
    assert len(set(made)) == len(awkward)
    assert [identifier(name) for name in made] == made


def test_the_options_of_the_connection_string_are_kept() -> None:
    schema = Schema("host=h options='-c geqo=off'", "bench_a")
    assert schema.session_conninfo({"synchronous_commit": "off"}) == (
        "host=h options='-c geqo=off -c synchronous_commit=off -c search_path=bench_a'"
    )


def test_a_space_in_a_setting_is_escaped() -> None:
    url = Schema("host=h", "bench_a").session_conninfo({"datestyle": "iso, mdy"})
    assert psycopg.conninfo.conninfo_to_dict(url)["options"] == (
        r"-c datestyle=iso,\ mdy -c search_path=bench_a"
    )


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://user:hun/ter2@127.0.0.1:1/db",
        "postgresql://user:hun@ter2@127.0.0.1:1/db",
        "postgresql://user:1/ter2@127.0.0.1:1/db",
        "postgresql://user:hun?ter2@127.0.0.1:1/db",
        "postgresql://user:hun%ter2@127.0.0.1:1/db",
        "host=127.0.0.1 port=1 password='hun ter2",
        "password=hun ter2",
        "nonsense ter2",
    ],
)
def test_a_malformed_connection_string_is_not_quoted(dsn: str) -> None:
    with pytest.raises(UnavailableError) as caught:
        PostgresServer({"BENCH_POSTGRES_DSN": dsn}).check()
    text = str(caught.value)
    assert "BENCH_POSTGRES_DSN" in text
    assert not {"hun", "ter2"} & set(text.replace("@", " ").replace('"', " ").split())
    assert "ter2" not in text


def test_a_server_that_does_not_answer_is_named_by_its_variable() -> None:
    dsn = "postgresql://user:hunter2@127.0.0.1:1/db"
    with pytest.raises(UnavailableError) as caught:
        PostgresServer({"BENCH_POSTGRES_DSN": dsn}).check()
    text = str(caught.value)
    assert text.startswith("the PostgreSQL server that BENCH_POSTGRES_DSN names does not answer")
    assert "hunter2" not in text


def test_the_drivers_text_is_redacted() -> None:
    error = psycopg.OperationalError("bad password hunter2\n for  user")
    text = failure_text(error, "postgresql://user:hunter2@h/db")
    assert text == "bad password *** for user"


def test_without_the_wheel_the_ways_out_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "find_postgres", lambda: None)
    for call in (PostgresServer({}).check, lambda: PostgresServer({}).start({}, "bench_a")):
        with pytest.raises(UnavailableError) as caught:
            call()
        for way in ("BENCH_POSTGRES_DSN", '"checkpoint-bench[embedded]"', "docker compose up"):
            assert way in str(caught.value)


@pytest.mark.parametrize("name", ["port", "data_directory", "a=b", "-c", "", "Port"])
def test_a_setting_that_is_not_the_scenarios_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="cannot be chosen"):
        PostgresServer({}).start({name: "1"}, "bench_a")


@pytest.mark.skipif(
    psycopg.pq.version() < postgres._REQUIRES_AUTH, reason="this libpq cannot be told how"
)
def test_a_server_that_asks_for_the_password_itself_does_not_get_it() -> None:
    embedded = EmbeddedServer()
    embedded.password = "hunter2"  # noqa: S105  # of nothing
    with Impostor() as impostor:
        embedded.port = impostor.port
        with pytest.raises(psycopg.OperationalError, match="requested a cleartext password"):
            connect(postgres._conninfo(embedded))
    assert b"user" in impostor.received
    assert b"hunter2" not in impostor.received


def test_stopping_what_never_started_does_nothing() -> None:
    server = PostgresServer({})
    server.stop()
    server.stop()
