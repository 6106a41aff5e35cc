"""Of the environments that are kept, those go that nobody has used for long."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from bench.cli import main
from bench.contracts import Leftover
from bench.errors import EXIT_BAD_INPUT, EXIT_PASS
from bench.interpreters.environments import Ready, prepare
from bench.interpreters.kept import clean

NOW_S = 1_700_000_000.0
DAY_S = 86_400.0


def _no_command(command: Sequence[str]) -> str:
    del command
    return ""


def kept(directory: Path, requirement: str, used_days_ago: float) -> Path:
    """Keep an environment; return where it is."""
    path = Path(prepare([requirement], directory, _no_command).interpreter.path)
    place = path.parents[1]
    used_s = NOW_S - used_days_ago * DAY_S
    os.utime(place / "ready.txt", (used_s, used_s))
    return place


def states(directory: Path, *, remove: bool = False, unused_days: float = 30.0) -> dict[str, str]:
    found = clean(directory, NOW_S, unused_days, remove=remove)
    return {each.content.partition(";")[0]: each.state for each in found}


def test_what_nobody_used_for_long_is_listed_and_removed(tmp_path: Path) -> None:
    old, new = kept(tmp_path, "old==1", 31), kept(tmp_path, "new==1", 29)
    (tmp_path / "notes").mkdir()

    assert states(tmp_path) == {"old==1": "left over", "new==1": "recent"}
    assert old.exists()
    assert states(tmp_path, remove=True) == {"old==1": "removed", "new==1": "recent"}
    assert (old.exists(), new.exists()) == (False, True)
    assert states(tmp_path, remove=True, unused_days=0.0) == {"new==1": "removed"}
    assert (tmp_path / "notes").exists()
    assert clean(tmp_path / "nowhere", NOW_S, 0.0, remove=True) == []


def test_what_it_is_and_holds_is_told(tmp_path: Path) -> None:
    place = kept(tmp_path, "theirs @ https://user:hunter2@example.org/theirs.whl", 31)
    (place / "large").write_bytes(bytes(3_000_000))

    assert clean(tmp_path, NOW_S, 30.0, remove=False) == [
        Leftover(
            str(place),
            "theirs @ https://user:***@example.org/theirs.whl; 3 MB, last used 31 days ago",
            "left over",
        )
    ]


@pytest.mark.parametrize("text", ["", "old==1\n", "held\n\n"])
def test_one_that_is_not_whole_is_half_made(text: str, tmp_path: Path) -> None:
    place = kept(tmp_path, "old==1", 31)
    (place / "ready.txt").write_text(text)
    os.utime(place, (0.0, 0.0))

    assert states(tmp_path) == {"half made": "left over"}
    assert Ready.of(place) == Ready()


def test_what_another_process_removes_meanwhile_is_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (kept(tmp_path, "one==1", 31) / "large").write_bytes(bytes(10))
    walk = os.walk

    def removed_meanwhile(place: Path) -> Iterator[tuple[str, list[str], list[str]]]:
        for found in walk(place):
            (Path(found[0]) / "large").unlink(missing_ok=True)
            yield found

    monkeypatch.setattr(os, "walk", removed_meanwhile)
    assert states(tmp_path) == {"one==1": "left over"}

    def removed_before(place: Path) -> Ready:
        shutil.rmtree(place)
        return Ready()

    monkeypatch.setattr(Ready, "of", removed_before)
    assert states(tmp_path) == {}


def test_asking_for_it_is_using_it(tmp_path: Path) -> None:
    place = kept(tmp_path, "old==1", 31)
    before_s = (place / "ready.txt").stat().st_mtime
    prepare(["old==1"], tmp_path, _no_command)

    assert (place / "ready.txt").stat().st_mtime != before_s


@pytest.mark.skipif(sys.platform != "linux", reason="a link is enough for a Python of its own")
def test_what_a_process_runs_on_is_spared(tmp_path: Path) -> None:
    place = kept(tmp_path, "old==1", 31)
    (place / "bin").mkdir()
    python = place / "bin" / "python"
    python.symlink_to(sys.executable)
    with subprocess.Popen([python, "-c", "input()"], stdin=subprocess.PIPE) as process:  # noqa: S603 - our own
        found = states(tmp_path, remove=True)
        process.communicate(b"\n")

    assert (found, place.exists()) == ({"old==1": "in use"}, True)


def test_the_verb_tells_them_and_names_no_server_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in os.environ if name.startswith("BENCH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert main(["clean"]) == EXIT_BAD_INPUT
    place = kept(tmp_path / "checkpoint-bench", "old==1", 31)
    capsys.readouterr()

    assert main(["clean"]) == EXIT_PASS
    told = capsys.readouterr().out
    assert told.startswith(f"interpreter: {place} (old==1; 0 MB, last used ")
    assert told.endswith(
        "): left over\nnothing was removed; clean --remove removes what is left over\n"
    )
    assert main(["clean", "--remove", "--unused-days", "-1"]) == EXIT_BAD_INPUT
    assert main(["clean", "--remove"]) == EXIT_PASS
    assert not place.exists()
