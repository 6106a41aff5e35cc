"""The verb ``migrate``, without a server."""

from __future__ import annotations

from pathlib import Path

import pytest
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.sqlite import SqliteSaver

from bench.cli import main
from bench.errors import EXIT_BAD_INPUT, EXIT_PASS, EXIT_REGRESSION, EXIT_UNAVAILABLE

COPY = "bench.subjects.sqlite:SqliteSubject"


def fill(path: Path, threads: int) -> None:
    with SqliteSaver.from_conn_string(str(path)) as saver:
        for number in range(threads):
            config = saver.put(
                {"configurable": {"thread_id": f"thread-{number}", "checkpoint_ns": ""}},
                empty_checkpoint(),
                {"source": "input", "step": -1, "parents": {}},
                {},
            )
            saver.put_writes(config, [("a", {"value": number})], "task")


def test_what_was_moved_is_the_same_and_is_there_the_next_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path / "old.sqlite", 3)
    hops = [f"file={tmp_path}/{name}.sqlite" for name in ("old", "new", "back")]
    words = ["migrate", "--from", "sqlite", hops[0]]

    assert main([*words, "--to", "sqlite", hops[1], "--to", COPY, hops[2]]) == EXIT_PASS
    first = capsys.readouterr().out
    assert main([*words, "--to", "sqlite", hops[2]]) == EXIT_PASS
    second = capsys.readouterr().out
    assert main(["migrate", "--from", "sqlite", hops[2]]) == EXIT_PASS
    (count, digest) = capsys.readouterr().out.splitlines()

    assert first.count("checkpoints 3 · pending writes 3 · copied 3 · there already 0") == 2
    assert "copied 0 · there already 3" in second
    assert count.endswith("back.sqlite: checkpoints 3")
    assert {line.split()[-1] for line in first.splitlines() if "hash" in line} == {digest[5:]}


def test_what_is_not_the_same_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path / "old.sqlite", 2)
    (tmp_path / "forgetful.py").write_text(
        "from langgraph.checkpoint.memory import InMemorySaver\n"
        "class Saver(InMemorySaver):\n"
        "    async def aput_writes(self, *_): pass\n"
    )
    monkeypatch.chdir(tmp_path)
    words = ["migrate", "--from", "sqlite", "file=old.sqlite", "--to", "forgetful:Saver"]

    assert main(words) == EXIT_REGRESSION
    out = capsys.readouterr().out
    assert "changed: checkpoints 2, such as" in out
    assert "not all of it is the same" in out


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("nothing", "unknown subject 'nothing'"),
        ("sqlite file=/nowhere.sqlite", "--from sqlite: there is no file /nowhere.sqlite"),
        ("sqlite fiel=x", "unknown key 'fiel'. Did you mean 'file'?"),
        ("sqlite x", "--from sqlite: expected KEY=VALUE, not 'x'"),
        ("postgres url_variable=NOWHERE", "the variable NOWHERE is not set"),
        ("memory url_variable=X", "url_variable means nothing, it has no server"),
        ("sqlite", "--from sqlite: expected file=PATH"),
        ("sqlite file=", "--from sqlite"),
        ("sqlite file=.", "--from sqlite: there is no file"),
        ("sqlite file=old.sqlite --to sqlite file=x/y", "--to sqlite: there is no directory"),
        ("sqlite file=notes.txt", "notes.txt is no SQLite database"),
        ("sqlite file=empty", "empty holds no table of checkpoints"),
        ("sqlite file=old.sqlite --to sqlite", "--to sqlite: expected file=PATH"),
        ("sqlite file=old.sqlite --to sqlite file=notes.txt", "notes.txt is no SQLite database"),
        ("sqlite file=old.sqlite --to sqlite file=./old.sqlite", "expected another store than"),
        (f"sqlite file=old.sqlite --to {COPY} file=link", "expected another store than"),
        ("sqlite file=old.sqlite --to sqlite file=a --to sqlite file=a", "another store than"),
        ("postgres --to postgres-sync url_variable=OLD", "expected another store than postgres"),
        ("redis --to redis", "expected another store than redis"),
        ("a:make x=1 --to a:make x=1", "expected another store than a:make"),
        ("sqlite file=old.sqlite --to session_store", "this is a session store; expected a check"),
        ("sqlite file=old.sqlite --to degrading", "it falls back to other stores; expected a sav"),
        ("degrading", "it falls back to other stores"),
    ],
)
def test_what_cannot_be_moved_is_said_in_one_sentence_and_nothing_is_written(
    words: str,
    text: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BENCH_POSTGRES_DSN", "postgresql://one:secret@127.0.0.1:1/app")
    monkeypatch.setenv("OLD", "postgresql://other@127.0.0.1:1/app")
    monkeypatch.chdir(tmp_path)
    fill(tmp_path / "old.sqlite", 1)
    (tmp_path / "link").symlink_to("old.sqlite")
    (tmp_path / "notes.txt").write_text("no database, but long enough to be told as one")
    (tmp_path / "empty").touch()
    (tmp_path / "a.py").write_text("def make(x): ...\n")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}

    assert main(["migrate", "--from", *words.split()]) == EXIT_BAD_INPUT
    error = capsys.readouterr().err
    assert text in error
    assert error.count("\n") == 1
    after = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    assert after == before


def test_a_password_is_not_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLD", "redis://:secret-word@127.0.0.1:1/0")

    assert main(["migrate", "--from", "redis", "url_variable=OLD"]) == EXIT_UNAVAILABLE
    written = "".join(capsys.readouterr())
    assert "does not answer" in written
    assert "secret-word" not in written
