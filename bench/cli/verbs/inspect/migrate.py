"""``migrate``: copy the threads of one saver into another, and show that they are the same."""

from __future__ import annotations

import argparse
import asyncio
import os
import sqlite3
import sys
import tomllib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import psutil
from pydantic import ValidationError

from bench.checkpoints import Saver
from bench.contracts import (
    CHECKPOINT_SAVER,
    Endpoint,
    Place,
    PluginOptions,
    Server,
    Subject,
    new_namespace,
)
from bench.discovery import load, names, search_last
from bench.errors import EXIT_PASS, EXIT_REGRESSION, BenchError, InputError, UnavailableError
from bench.handover.parts import options_of
from bench.records.redaction import redact
from bench.scenario.quantity import quantity
from bench.scenario.scenario import SubjectUse
from bench.scenario.toml_file import validation_messages
from bench.subjects._factories.factory import FactorySubject, subject_class
from bench.systems.migration import Migration, hash_of, migrate

EXAMPLES = (
    "--from sqlite file=app.sqlite --to postgres",
    "--from postgres url_variable=OLD_URL --to redis",
    "--from postgres --to their_package.module:factory",
    "--from sqlite file=app.sqlite",
)
_SQLITE = "langgraph-checkpoint-sqlite"
# Options of this verb, beside those of the saver.
_FILE, _URL_VARIABLE = "file", "url_variable"
_BETWEEN_LINES_S = 5.0
_CHECKPOINTS_SQL = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'checkpoints'"


@dataclass(frozen=True, slots=True)
class _Store:
    """A saver as it was named, checked, and where it is: one of ours is gone with this program."""

    name: str
    plugin: type[Subject]
    options: PluginOptions
    directory: Path
    server: Server | None

    @property
    def text(self) -> str:
        file = getattr(self.options, _FILE, "")
        return f"{self.name} {self.directory / file}" if file else self.name

    @property
    def secrets(self) -> tuple[str, ...]:
        return self.server.secrets if self.server is not None else ()

    @property
    def place(self) -> tuple[object, ...]:
        """What is equal of two that are the same store, as far as can be told by what is given."""
        file = getattr(self.options, _FILE, "")
        if file:
            path = self.directory / file
            if path.exists():
                found = path.stat()
                return found.st_dev, found.st_ino
            return (path.resolve(),)
        options = self.options.model_dump_json() if issubclass(self.plugin, FactorySubject) else ""
        if self.server is None or not self.server.external:
            return self.name, options
        url = urlsplit(self.server.external)
        # Whoever logs in sees the same.
        address = url.netloc.rpartition("@")[2].lower()
        return self.plugin.server, address, url.path, url.query, options and self.name, options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    saver = {"nargs": "+", "metavar": ("SAVER", "KEY=VALUE")}
    parser.add_argument(
        "--from",
        dest="source",
        required=True,
        **saver,  # type: ignore[arg-type]  # argparse's own stubs want each by itself
        help="a saver as a scenario names it, with its options; file=PATH where it keeps one, "
        "url_variable=NAME where another variable than its server's own holds the server's URL",
    )
    parser.add_argument(
        "--to",
        dest="targets",
        action="append",
        default=[],
        **saver,  # type: ignore[arg-type]  # as for --from: stubs want each by itself
        help="the same; where it is given several times, each is copied from the one before; "
        "without it nothing is copied, and the hash of what --from holds is printed",
    )


def run(options: argparse.Namespace) -> int:
    """Copy from each to the next, print what was moved, and name what is not the same.

    Raises:
        InputError: a saver, an option, a file or a variable is not there.
        UnavailableError: a server does not answer, or a saver cannot be opened.
    """
    search_last([str(Path.cwd())])
    source = _named(options.source, os.environ, is_source=True)
    targets = [_named(words, os.environ) for words in options.targets]
    for before, after in pairwise([source, *targets]):
        if before.place == after.place:
            raise InputError(f"--to {after.text}: expected another store than {before.text}")
    loop: Any = load("loop", "selector")
    with asyncio.Runner(loop_factory=loop().new_event_loop) as runner:
        return runner.run(_moved([source, *targets]))


async def _moved(stores: Sequence[_Store]) -> int:
    """Move along ``stores``; each server of ours lives until all is done."""
    code = EXIT_PASS
    async with AsyncExitStack() as opened:
        savers = [await opened.enter_async_context(_opened(store)) for store in stores]
        try:
            if len(stores) == 1:
                count, digest = await hash_of(savers[0])
                print(f"{stores[0].text}: checkpoints {count}\nhash {digest}")
            for (before, source), (after, target) in pairwise(zip(stores, savers, strict=True)):
                print(f"{before.text} → {after.text}", flush=True)
                if not await _told(source, target):
                    code = EXIT_REGRESSION
        except BenchError as error:
            raise type(error)(_redacted(error, stores)) from None
        except Exception as error:  # noqa: BLE001 - of savers of others: without a traceback
            text = f"{type(error).__name__}: {_redacted(error, stores)}"
            raise UnavailableError(f"what was copied stays, run it again: {text}") from None
    return code


async def _told(source: Saver, target: Saver) -> bool:
    started_s = last_s = monotonic()

    def progress(so_far: Migration) -> None:
        nonlocal last_s
        if monotonic() - last_s >= _BETWEEN_LINES_S:
            last_s = monotonic()
            rate = quantity(so_far.checkpoints / (last_s - started_s), "per_s")
            print(f"  checkpoints {so_far.checkpoints} so far, {rate}", flush=True)

    moved = await migrate(source, target, progress=progress)
    took_s = max(monotonic() - started_s, 1e-9)
    print(
        f"  threads {moved.threads} · checkpoints {moved.checkpoints} · "
        f"pending writes {moved.writes} · copied {moved.copied} · there already {moved.there}"
    )
    print(
        f"  {quantity(moved.checkpoints / took_s, 'per_s')} with reading back; "
        f"at most {quantity(_peak_bytes(), 'bytes')} of memory"
    )
    print(f"  hash of the source {moved.source_hash}")
    print(f"  hash of the target {moved.target_hash}")
    for kind, difference in moved.differences.items():
        print(f"  {kind}: checkpoints {difference.checkpoints}, such as")
        for text in difference.examples:
            print(f"    {text}")
    print(
        "  all of it is the same" if moved.is_equal else "  not all of it is the same", flush=True
    )
    return moved.is_equal


def _peak_bytes() -> int:
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource  # noqa: PLC0415 - Windows has none

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _named(
    words: Sequence[str], environment: Mapping[str, str], *, is_source: bool = False
) -> _Store:
    """Read what a saver is called and its options.

    Raises:
        InputError: one of them cannot be; the text says which, and what was expected.
    """
    name, *pairs = words
    flag = "--from" if is_source else "--to"
    if (module := name.replace("-", "_")) in names("subject"):
        # As a scenario's labels spell it.
        name = module
    place = f"{flag} {name}"
    given: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key:
            raise InputError(f"{place}: expected KEY=VALUE, not {pair!r}")
        given[key] = _value(text)
    variable = str(given.pop(_URL_VARIABLE, ""))
    plugin = subject_class(name, given)
    _check_kind(plugin, place)
    keeps_file = _FILE in plugin.Options.model_fields
    directory = Path.cwd()
    if keeps_file and given.get(_FILE):
        path = directory / str(given[_FILE])
        directory, given[_FILE] = path.parent, path.name
    try:
        options = options_of(plugin, SubjectUse(use=name, options=given))
    except ValidationError as error:
        messages = validation_messages(error, place, plugin.Options)
        raise InputError("\n".join(messages)) from error
    plugin.check(options)
    if keeps_file and _FILE not in given:
        raise InputError(f"{place}: expected {_FILE}=PATH, where its checkpoints lie")
    if keeps_file:
        _check_file(directory / given[_FILE], plugin, place, is_source=is_source)
    return _Store(name, plugin, options, directory, _server(plugin, variable, environment, place))


def _check_kind(plugin: type[Subject], place: str) -> None:
    """Refuse what holds no checkpoints, or not all of them in one place, before it is opened."""
    found, expected = plugin.interface, CHECKPOINT_SAVER
    if found != expected:
        raise InputError(f"{place}: this is a {found.name}; expected a {expected.name}")
    if plugin.falls_back:
        raise InputError(f"{place}: it falls back to other stores; expected a saver with one store")


def _check_file(path: Path, plugin: type[Subject], place: str, *, is_source: bool) -> None:
    """Refuse a file before a saver makes its tables in it."""
    if not is_source and not path.parent.is_dir():
        raise InputError(f"{place}: there is no directory {path.parent}")
    if not path.is_file() and (is_source or path.exists()):
        raise InputError(f"{place}: there is no file {path}")
    if _SQLITE not in plugin.packages or not path.exists():
        return
    try:
        # What is locked or may not be read is told when it is opened. Not read alone, which would
        # leave files beside it.
        with (
            suppress(sqlite3.OperationalError),
            closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True)) as connection,
        ):
            tables = connection.execute(_CHECKPOINTS_SQL).fetchone()
            if is_source and tables is None:
                raise InputError(f"{place}: {path} holds no table of checkpoints")
    except sqlite3.DatabaseError as error:
        raise InputError(f"{place}: {path} is no SQLite database: {error}") from None


def _value(text: str) -> Any:
    """Read a value as TOML where it is some, so that numbers and tables can be given."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _server(
    plugin: type[Subject], variable: str, environment: Mapping[str, str], place: str
) -> Server | None:
    if plugin.server is None:
        if variable:
            raise InputError(f"{place}: {_URL_VARIABLE} means nothing, it has no server")
        return None
    kind: Any = load("server", plugin.server)
    if variable and not environment.get(variable, "").strip():
        raise InputError(f"{place}: the variable {variable} is not set; expected a server's URL")
    url = {kind.variable: environment[variable]} if variable else {}
    server: Server = kind({**environment, **url})
    return server


@asynccontextmanager
async def _opened(store: _Store) -> AsyncIterator[Saver]:
    """Open a saver on its user's own store: nothing is in a namespace, nothing is removed."""
    server, endpoint = store.server, None
    try:
        if server is not None and server.external:
            server.check([store.plugin.server_settings(store.options)])
            endpoint = Endpoint("external", server.external, namespace="")
        elif server is not None:
            print(
                f"{store.name}: no server is named by {server.variable}; an embedded one is "
                "started, and removed with all that is in it: a rehearsal"
            )
            settings = store.plugin.server_settings(store.options)
            endpoint = await asyncio.to_thread(server.start, settings, new_namespace())
        subject = store.plugin(store.options, Place(store.directory, endpoint, namespace=""))
        try:
            try:
                await subject.open(1)
            except BenchError:
                raise
            except Exception as error:  # noqa: BLE001 - of savers of others: without a traceback
                text = f"{type(error).__name__}: {redact(str(error), store.secrets)}"
                raise UnavailableError(f"{store.name} cannot be opened: {text}") from None
            yield subject.saver(0)
        finally:
            await subject.close()
    finally:
        if server is not None and not server.external:
            server.stop()


def _redacted(error: Exception, stores: Sequence[_Store]) -> str:
    text = " ".join(str(error).split())
    return redact(text, [secret for store in stores for secret in store.secrets])
