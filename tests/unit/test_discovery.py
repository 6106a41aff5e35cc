"""Finding plug-ins: what is right is imported, what is wrong is told in a sentence."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest

from bench import discovery
from bench.discovery import FOLDERS, attribute, extra_for, load, names
from bench.errors import InputError, MissingPackageError, UnavailableError

GOOD = """
from bench.contracts import Loop, Probe

class TheirLoop(Loop):
    def unavailable(self):
        return None

    def new_event_loop(self):
        raise NotImplementedError

class Unfinished(Loop):
    pass

class Sideless(Probe):
    pass

number = 7
"""

Write = Callable[[str], str]


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a module outside the package and return its name."""
    name = f"plugins_of_{tmp_path.name}"
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, name, raising=False)

    def write(source: str) -> str:
        (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
        return name

    return write


def register(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    """Let an installed distribution register loops by name."""
    points = [EntryPoint(name, value, "bench.loops") for name, value in values.items()]
    monkeypatch.setattr(discovery, "entry_points", EntryPoints(points).select)


def refusal(kind: str, name: str) -> str:
    with pytest.raises(InputError) as caught:
        load(kind, name)
    return str(caught.value)


@pytest.mark.parametrize("kind", FOLDERS)
def test_every_kind_has_plugins(kind: str) -> None:
    assert [name for name in names(kind) if name.startswith("_")] == []
    assert len(names(kind)) > 0


def test_an_unknown_name_gets_the_nearest() -> None:
    assert refusal("loop", "selectr").startswith(
        "unknown loop 'selectr'. Did you mean 'selector'? Expected one of: proactor, selector"
    )


@pytest.mark.parametrize(
    "name", [":x", "..a:x", "a.:x", "os:", ":", "a b:x", "os:path.1", "a:b:c", "os.path:1"]
)
@pytest.mark.parametrize("kind", ["loop", "subject"])
def test_a_malformed_dotted_name_is_refused(kind: str, name: str) -> None:
    assert refusal(kind, name) == (
        f"cannot import the {kind} {name!r}. "
        "Expected 'package.module:attribute' with the package importable from here."
    )


def test_a_dotted_name_is_imported(module: Write) -> None:
    name = module(GOOD)

    assert load("loop", f"{name}:TheirLoop").__name__ == "TheirLoop"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("def (:\n", "SyntaxError: invalid syntax"),
        ("1 / 0\n", "ZeroDivisionError: division by zero"),
        ("import no_such_package\n", "ModuleNotFoundError: No module named 'no_such_package'"),
        ("raise SystemExit(3)\n", "SystemExit: 3"),
        ("def __getattr__(name):\n    raise OSError('lazily')\n", "OSError: lazily"),
    ],
)
def test_a_module_that_cannot_be_imported_is_told(module: Write, source: str, told: str) -> None:
    name = f"{module(source)}:Their"

    text = refusal("workload", name)

    assert text.startswith(f"cannot import the workload {name!r}: {told}")


def test_a_password_in_the_error_of_a_module_is_not_told(module: Write) -> None:
    name = module("raise OSError('no answer from postgresql://me:hunter2@127.0.0.1/db')")

    assert "no answer from postgresql://me:***@127.0.0.1/db" in refusal("server", f"{name}:Their")


def test_an_unknown_module_and_attribute_are_told(module: Write) -> None:
    name = module(GOOD)

    assert "No module named 'no_such_package'" in refusal("probe", "no_such_package:P")
    assert f"module {name!r} has no 'TheirLop'. Did you mean 'TheirLoop'?" in refusal(
        "loop", f"{name}:TheirLop"
    )


@pytest.mark.parametrize(
    ("kind", "name", "told"),
    [
        ("workload", "os:path", "is module; expected a subclass of bench.contracts.Workload"),
        ("payload", "pathlib:Path", "is the class Path; expected a subclass of bench.contracts.Pa"),
        ("server", "signal:SIGTERM", "is Signals; expected a subclass of bench.contracts.Server"),
        ("reporter", "sys:maxsize", "is int; expected a subclass of bench.contracts.Reporter"),
        ("loop", "bench.contracts:Server", "is the class Server; expected a subclass of bench.con"),
        ("loop", "bench.contracts:Loop", "is abstract: it lacks new_event_loop, unavailable"),
        ("subject", "bench.contracts:Subject", "is abstract: it lacks close, durability, open, sa"),
    ],
)
def test_what_is_not_of_the_kind_is_refused(kind: str, name: str, told: str) -> None:
    assert refusal(kind, name).startswith(f"the {kind} {name!r} {told}")


def test_a_probe_has_a_side(module: Write) -> None:
    assert refusal("probe", f"{module(GOOD)}:Sideless").endswith(
        "expected a subclass of bench.contracts.WorkerProbe or bench.contracts.OutsideProbe"
    )


def test_an_entry_point_is_found(module: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch, theirs=f"{module(GOOD)}:TheirLoop")

    assert "theirs" in names("loop")
    assert load("loop", "theirs").__name__ == "TheirLoop"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("{}:number", "the loop 'theirs' is int; expected a subclass of bench.contracts.Loop"),
        ("{}:Unfinished", "the loop 'theirs' is abstract: it lacks new_event_loop, unavailable"),
        ("{}:Nothing", "has no 'Nothing'"),
        ("{}", "cannot import the loop 'theirs'. Expected 'package.module:attribute'"),
        ("no_such_package:Loop", "cannot import the loop 'theirs': ModuleNotFoundError: No module"),
    ],
)
def test_a_wrong_entry_point_is_told(
    module: Write, monkeypatch: pytest.MonkeyPatch, value: str, told: str
) -> None:
    register(monkeypatch, theirs=value.format(module(GOOD)))

    assert told in refusal("loop", "theirs")


def test_an_entry_point_does_not_replace_an_own_plugin(
    module: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(monkeypatch, selector=f"{module(GOOD)}:TheirLoop")

    assert load("loop", "selector").__name__ == "SelectorLoop"
    assert names("loop").count("selector") == 1


def test_a_package_that_is_missing_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "bench.subjects.sqlite", raising=False)
    monkeypatch.setitem(sys.modules, "aiosqlite", None)

    with pytest.raises(MissingPackageError, match=r"'sqlite'.*'aiosqlite'.*bench\[sqlite\]"):
        load("subject", "sqlite")


def test_a_package_that_is_broken_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> None:
        raise ImportError(f"no shared library for {name}")

    monkeypatch.setattr(importlib, "import_module", broken)

    with pytest.raises(UnavailableError) as caught:
        load("loop", "selector")

    assert str(caught.value) == (
        "cannot import the loop 'selector': ImportError: no shared library for bench.loops.selector"
    )


@pytest.mark.parametrize(
    ("missing", "extra"),
    [("psycopg.rows", "postgres"), ("langgraph.checkpoint.redis.aio", "redis"), ("nothing", "all")],
)
def test_the_extra_of_a_module(missing: str, extra: str) -> None:
    assert extra_for(missing) == extra


@pytest.mark.parametrize("name", ["os:path.join", "os.path.join", "posixpath.join"])
def test_an_attribute_of_an_attribute_is_found_by_dots_too(name: str) -> None:
    assert attribute("it", name) is os.path.join
