"""What a record says of where it was made, and what it keeps to itself."""

from __future__ import annotations

import getpass
import importlib.metadata
import os
import platform
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import bench
from bench.measure import environment
from bench.measure.environment import read_environment

IDENTITY = ("-c", "user.name=a", "-c", "user.email=a@localhost", "-c", "commit.gpgsign=false")


def git(directory: Path, *arguments: str) -> str:
    command = ["git", *IDENTITY, *arguments]
    result = subprocess.run(  # noqa: S603 - fixed arguments
        command, cwd=directory, check=True, capture_output=True, text=True
    )
    return result.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a repository that holds the package, and pretend that it was imported from there."""
    package = tmp_path / "bench"
    package.mkdir()
    (package / "__init__.py").write_text("")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    monkeypatch.setattr(bench, "__file__", str(package / "__init__.py"))
    return tmp_path


def test_values_are_texts_that_say_something() -> None:
    found = read_environment((), {"postgres": "PostgreSQL 18"})
    groups = (found.host, found.packages, found.python, found.servers)
    texts = [value for group in groups for value in group.values()]
    assert [text for text in texts if not text.strip()] == []
    assert found.servers == {"postgres": "PostgreSQL 18"}
    assert {"system", "machine", "cores", "cores_usable", "memory_bytes"} <= set(found.host)
    assert found.python["version"] == platform.python_version()


def test_nothing_says_whose_machine_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path.home() / "secret-project"))
    monkeypatch.setenv("PYTHONHASHSEED", "../here")
    text = repr(read_environment((), {}))
    private = {
        str(Path.home()),
        getpass.getuser(),
        socket.gethostname(),
        sys.prefix,
        str(Path.cwd()),
    }
    # Names such as "root" or "vm" are words that other facts may contain as well.
    telling = {name for name in private if len(name) > 4}
    assert {name for name in telling if name in text} == set()
    assert "secret-project" not in text
    assert "../here" not in text


def test_variables_are_named_and_their_values_told_where_they_are_no_paths(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in os.environ if name.startswith("PYTHON")]:
        monkeypatch.delenv(name)
    assert "variables" not in read_environment((), {}).python
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("PYTHONMALLOC", "malloc")
    monkeypatch.setenv("PYTHONOPTIMIZE", "/a/path")
    found = read_environment((), {}).python["variables"]
    assert found == "PYTHONMALLOC=malloc PYTHONOPTIMIZE PYTHONPATH"


@pytest.mark.parametrize(
    ("variables", "expected"),
    [({}, "no"), ({"PYTHONASYNCIODEBUG": "1"}, "yes"), ({"PYTHONDEVMODE": "1"}, "yes")],
)
def test_debugging_of_asyncio_is_told(
    variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PYTHONASYNCIODEBUG", "PYTHONDEVMODE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert read_environment((), {}).python["asyncio_debug"] == expected


def test_packages_are_those_always_told_and_those_asked_for() -> None:
    without = read_environment((), {}).packages
    found = read_environment(["PyTest", "no-such-distribution"], {}).packages
    assert found["pytest"] == importlib.metadata.version("pytest")
    assert set(found) - set(without) == {"pytest"}
    assert found["langgraph-checkpoint"] == importlib.metadata.version("langgraph-checkpoint")


@pytest.mark.parametrize(
    ("installed", "asked_for", "expected"),
    [
        ({"psycopg", "psycopg_c", "psycopg_binary"}, "", "c"),
        ({"psycopg", "psycopg_binary"}, "", "binary"),
        ({"psycopg", "psycopg_binary"}, "python", "python"),
        ({"psycopg"}, "", "python"),
        (set(), "", None),
    ],
)
def test_the_implementation_that_psycopg_chooses(
    installed: set[str], asked_for: str, expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PSYCOPG_IMPL", asked_for)
    monkeypatch.setattr(environment, "_is_installed", lambda module: module in installed)
    assert read_environment((), {}).python.get("psycopg") == expected


def test_it_knows_the_implementation_that_psycopg_has_chosen() -> None:
    pq = pytest.importorskip("psycopg.pq")
    assert read_environment((), {}).python["psycopg"] == pq.__impl__


def test_the_commit(checkout: Path) -> None:
    found = read_environment((), {})
    assert (found.commit, found.dirty) == (git(checkout, "rev-parse", "HEAD"), False)


def test_changes_of_tracked_files_alone_make_it_dirty(checkout: Path) -> None:
    (checkout / "untracked").write_text("x")
    assert read_environment((), {}).dirty is False
    (checkout / "bench" / "__init__.py").write_text("x = 1")
    assert read_environment((), {}).dirty is True


def test_reports_and_records_of_runs_do_not_make_it_dirty(checkout: Path) -> None:
    written = [checkout / folder / "bench" / "file" for folder in ("reports", "results")]
    for file in written:
        file.parent.mkdir(parents=True)
        file.write_text("")
    git(checkout, "add", ".")
    git(checkout, "commit", "--quiet", "-m", "second")
    for file in written:
        file.write_text("x")
    assert read_environment((), {}).dirty is False


def test_an_installed_package_has_no_commit_of_somebody_else(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = checkout / "venv" / "bench"
    installed.mkdir(parents=True)
    (installed / "__init__.py").write_text("")
    monkeypatch.setattr(bench, "__file__", str(installed / "__init__.py"))
    found = read_environment((), {})
    assert (found.commit, found.dirty) == ("", False)


def test_without_git_there_is_no_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    found = read_environment((), {})
    assert (found.commit, found.dirty) == ("", False)


def test_what_cannot_be_read_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> str:
        raise RuntimeError

    monkeypatch.setattr(platform, "release", fail)
    monkeypatch.setattr(os, "getloadavg", fail, raising=False)
    monkeypatch.setattr(sys, "getswitchinterval", fail)
    found = read_environment((), {})
    assert {"release", "load_average"} & set(found.host) == set()
    assert "switch_interval_s" not in found.python
    assert "version" in found.python


def test_reading_twice_gives_the_same_fingerprint() -> None:
    """A run can only be resumed where its environment has not changed."""
    assert read_environment((), {}).fingerprint() == read_environment((), {}).fingerprint()


@pytest.mark.parametrize(("value", "expected"), [("1", "yes"), ("0", "no"), ("", "no")])
def test_a_fresh_interpreter_says_what_watches_it(value: str, expected: str) -> None:
    variables = {**os.environ, "PYTHONTRACEMALLOC": value}
    assert environment.watched_by(variables)["tracemalloc"] == expected


@pytest.mark.parametrize(
    ("program", "answers"),
    [
        ("import sys; sys.settrace(lambda *_: None)", {"tracing"}),
        ("import sys; sys.setprofile(lambda *_: None)", {"profiling"}),
        ("", set()),
    ],
)
def test_what_is_switched_on_as_python_starts_is_seen(
    program: str, answers: set[str], tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(program)
    found = environment.watched_by({**os.environ, "PYTHONPATH": str(tmp_path)})
    assert {name for name, answer in found.items() if answer == "yes"} == answers


def test_where_no_interpreter_starts_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    assert environment.watched_by(os.environ) == {}
