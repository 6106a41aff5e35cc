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
        ("sqlite file=/nowhere.sqlite", "--from sqlite: there is no /nowhere.sqlite"),
        ("sqlite fiel=x", "unknown key 'fiel'. Did you mean 'file'?"),
        ("sqlite x", "--from sqlite: expected KEY=VALUE, not 'x'"),
        ("postgres url_variable=NOWHERE", "the variable NOWHERE is not set"),
        ("memory url_variable=X", "url_variable means nothing, it has no server"),
    ],
)
def test_what_cannot_be_moved_is_said_in_one_sentence(
    words: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["migrate", "--from", *words.split()]) == EXIT_BAD_INPUT
    error = capsys.readouterr().err
    assert text in error
    assert error.count("\n") == 1


def test_a_password_is_not_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLD", "redis://:secret-word@127.0.0.1:1/0")

    assert main(["migrate", "--from", "redis", "url_variable=OLD"]) == EXIT_UNAVAILABLE
    written = "".join(capsys.readouterr())
    assert "does not answer" in written
    assert "secret-word" not in written
