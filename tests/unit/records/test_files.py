"""A file is the old one or the whole new one, and a pipe, link or device is no file to read."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest

from bench.errors import BenchError, InputError, UnavailableError
from bench.records.files import make_directory, new_file, open_plain, read_plain, write_file


class Calls:
    """What was asked of the operating system, in order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made: list[tuple[str, str]] = []
        fsync, replace = os.fsync, os.replace

        def noted_fsync(descriptor: int) -> None:
            name = Path(f"/proc/self/fd/{descriptor}").readlink().name
            self.made.append(("sync", name.split(f".{os.getpid()}")[0]))
            fsync(descriptor)

        def noted_replace(source: str | Path, target: str | Path) -> None:
            self.made.append(("rename", Path(target).name))
            replace(source, target)

        monkeypatch.setattr(os, "fsync", noted_fsync)
        monkeypatch.setattr(os, "replace", noted_replace)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    if not Path("/proc/self/fd").exists():
        pytest.skip("what a descriptor is open for is read from /proc")
    return Calls(monkeypatch)


def test_content_then_name_reach_the_disk(tmp_path: Path, calls: Calls) -> None:
    write_file(tmp_path / "a.json", b"new")

    assert calls.made == [("sync", "a.json"), ("rename", "a.json"), ("sync", tmp_path.name)]
    assert (tmp_path / "a.json").read_bytes() == b"new"


def test_a_new_directory_is_a_name_that_reaches_the_disk(tmp_path: Path, calls: Calls) -> None:
    make_directory(tmp_path / "a" / "b")
    make_directory(tmp_path / "a" / "b")

    assert sorted(calls.made) == sorted([("sync", "a"), ("sync", tmp_path.name)])


def test_what_fails_half_way_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"old")

    def half_way() -> None:
        with new_file(path) as file:
            file.write(b"half of the new o")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half_way()

    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == {path: b"old"}


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (errno.ENOSPC, UnavailableError),
        (errno.EDQUOT, UnavailableError),
        (errno.EACCES, InputError),
    ],
)
def test_what_cannot_be_written_names_its_path_and_the_way_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, error: type[BenchError]
) -> None:
    def refused(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refused)

    with pytest.raises(BenchError) as found:
        write_file(tmp_path / "a.json", b"new")

    assert type(found.value) is error
    assert str(found.value).startswith(
        f"{tmp_path / 'a.json'}: cannot write this file: {os.strerror(number)}"
    )
    assert ("room there" in str(found.value)) == (error is UnavailableError)
    assert list(tmp_path.iterdir()) == []


def test_a_file_where_a_directory_is_to_be_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")

    with pytest.raises(InputError, match="a: cannot make this directory: File exists"):
        make_directory(tmp_path / "a")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has none of them")
@pytest.mark.parametrize("kind", ["pipe", "link", "device", "directory"])
def test_only_plain_files_are_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.npz"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        (tmp_path / "there").write_bytes(b"")
        path.symlink_to(tmp_path / "there")
    elif kind == "device":
        path = Path(os.devnull)
    else:
        path.mkdir()

    with pytest.raises(OSError, match="plain file"):
        open_plain(path, 100)


def test_a_file_is_read_up_to_a_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"12345")

    assert read_plain(path, 5) == b"12345"
    for read in (read_plain, open_plain):
        with pytest.raises(OSError, match="more than 4 bytes"):
            read(path, 4)
