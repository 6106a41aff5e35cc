"""What a server plug-in declares of its variables is kept from all other programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from bench import server_variables
from bench.contracts import Endpoint, Server
from bench.server_variables import own_server_variables, without_own_servers, without_servers


class DocumentServer(Server):
    """A server that nobody but this test knows of."""

    variable = "BENCH_DOCUMENTS_URL"
    client_variables = ("DOCUMENTS_",)
    secret_variables = ("DOCUMENTS_PWD",)

    def check(self, wanted: Sequence[Mapping[str, str]] = ()) -> str:
        return self.external

    def start(self, settings: Mapping[str, str], namespace: str) -> Endpoint:
        return Endpoint("external", self.external, namespace)

    def stop(self) -> None: ...


OTHERS = {"HOME": "/here", "PATH": "/bin"}
ADDRESSES = {
    "BENCH_DOCUMENTS_URL": "documents://me:hunter2@h",
    "BENCH_POSTGRES_DSN": "host=h",
    "BENCH_REDIS_URL": "redis://h",
    "BENCH_OF_NOBODY": "x",
}
OF_CLIENTS = {"DOCUMENTS_PWD": "abc", "PGHOST": "h", "PGPASSWORD": "pw"}


def test_a_program_is_told_of_no_server() -> None:
    assert without_servers({**OTHERS, **ADDRESSES, **OF_CLIENTS}) == OTHERS


def test_what_libpq_reads_is_withheld_where_no_client_of_postgres_is_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server_variables, "_servers", list)

    assert without_servers({**OTHERS, "PGPASSWORD": "pw", "BENCH_REDIS_URL": "r"}) == OTHERS


@pytest.mark.parametrize(
    ("named", "kept"),
    [
        ("BENCH_DOCUMENTS_URL", {"DOCUMENTS_PWD"}),
        ("BENCH_POSTGRES_DSN", {"PGHOST", "PGPASSWORD"}),
        ("BENCH_REDIS_URL", set()),
        ("BENCH_OF_NOBODY", set()),
    ],
)
def test_a_worker_is_told_what_completes_the_address_of_the_users_own(
    named: str, kept: set[str]
) -> None:
    found = without_own_servers({**OTHERS, **OF_CLIENTS, named: ADDRESSES[named]})

    assert set(found) == {*OTHERS, *kept}


def test_what_must_not_be_shown_is_the_password_and_what_is_declared() -> None:
    server = DocumentServer({**ADDRESSES, **OF_CLIENTS})

    assert server.external == "documents://me:hunter2@h"
    assert set(server.secrets) == {"hunter2", "abc"}
    assert DocumentServer({}).secrets == ()


def test_every_server_says_how_the_users_own_is_named() -> None:
    known = {"BENCH_DOCUMENTS_URL", "BENCH_POSTGRES_DSN", "BENCH_REDIS_URL"}

    assert known <= set(own_server_variables())


def test_a_variable_is_known_for_a_secret_by_its_name() -> None:
    with pytest.raises(TypeError, match="must begin with BENCH_"):
        type("Careless", (DocumentServer,), {"variable": "CARELESS_URL"})
