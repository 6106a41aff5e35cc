"""``migrate``: copy the threads of one saver into another, and show that they are the same."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tomllib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from time import monotonic
from typing import Any

import psutil
from pydantic import ValidationError

from bench.contracts import Endpoint, Place, PluginOptions, Server, Subject, new_namespace
from bench.discovery import load, search_last
from bench.errors import EXIT_PASS, EXIT_REGRESSION, BenchError, InputError, UnavailableError
from bench.handover.parts import options_of
from bench.records.redaction import redact
from bench.scenario.quantity import quantity
from bench.scenario.scenario import SubjectUse
from bench.scenario.toml_file import validation_messages
from bench.subjects._factories.factory import subject_class
from bench.systems.migration import Migration, Saver, hash_of, migrate

EXAMPLES = (
    "--from sqlite file=app.sqlite --to postgres",
    "--from postgres url_variable=OLD_URL --to redis",
    "--from postgres --to their_package.module:factory",
    "--from sqlite file=app.sqlite",
)
# Options of this verb, beside those of the saver.
_FILE, _URL_VARIABLE = "file", "url_variable"
_BETWEEN_LINES_S = 5.0


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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    saver = {"nargs": "+", "metavar": ("SAVER", "KEY=VALUE")}
    parser.add_argument(
        "--from",
        dest="source",
        required=True,
        **saver,  # type: ignore[arg-type]  # argparse's own stubs want each by itself
        help="a saver as a scenario names it, with its options; file=PATH where it keeps a file, "
        "url_variable=NAME where another variable than its server's own holds the server's URL",
    )
    parser.add_argument(
        "--to",
        dest="targets",
        action="append",
        default=[],
        **saver,  # type: ignore[arg-type]  # see above
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
    given: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key:
            raise InputError(f"{flag} {name}: expected KEY=VALUE, not {pair!r}")
        given[key] = _value(text)
    variable = str(given.pop(_URL_VARIABLE, ""))
    plugin = subject_class(name, given)
    directory = Path.cwd()
    if _FILE in plugin.Options.model_fields and _FILE in given:
        path = Path(str(given[_FILE])).absolute()
        directory, given[_FILE] = path.parent, path.name
        if not directory.is_dir() or (is_source and not path.is_file()):
            raise InputError(f"{flag} {name}: there is no {path if is_source else directory}")
    try:
        options = options_of(plugin, SubjectUse(use=name, options=given))
    except ValidationError as error:
        messages = validation_messages(error, f"{flag} {name}", plugin.Options)
        raise InputError("\n".join(messages)) from error
    plugin.check(options)
    server = _server(plugin, variable, environment, f"{flag} {name}")
    return _Store(name, plugin, options, directory, server)


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
