"""The disk that loses in a power cut what was not flushed."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.faults._machinery.disk import VolatileDisk
from tests.fuse import skip_without_fuse

# Its process is gone when the power is.
ROWS = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA journal_mode = WAL")
connection.execute("PRAGMA synchronous = " + sys.argv[2])
connection.execute("CREATE TABLE t (a)")
for number in range(50):
    connection.execute("INSERT INTO t VALUES (?)", (number,))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True, scope="module")
def fuse() -> None:
    skip_without_fuse()


@pytest.fixture
def disk() -> Iterator[VolatileDisk]:
    with VolatileDisk() as made:
        yield made


def flushed(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        # Its sister does nothing in these tests.
        os.fdatasync(file.fileno())


def test_a_disk_that_is_full_takes_what_lies_in_files_already(disk: VolatileDisk) -> None:
    path = disk.directory / "file"
    flushed(path, b"1234567890")
    disk.limit(4)
    with path.open("r+b", buffering=0) as file:
        file.write(b"abcdefghij1234")
        with pytest.raises(OSError, match="No space left on device"):
            file.write(b"5")
        file.seek(0)
        file.write(b"ABC")
    disk.limit(None)
    with path.open("ab") as file:
        file.write(b"56")
    assert path.read_bytes() == b"ABCdefghij123456"


def test_what_was_flushed_is_kept_byte_by_byte(disk: VolatileDisk) -> None:
    path = disk.directory / "file"
    content = os.urandom(300_001)
    flushed(path, content)
    with path.open("r+b") as file:
        file.seek(4090)
        file.write(b"changed")
        file.truncate(200_000)
        file.seek(210_000)
        file.write(b"more")
    changed = bytearray(content[:200_000]).ljust(210_000, b"\0") + b"more"
    changed[4090:4097] = b"changed"
    assert path.read_bytes() == changed

    disk.cut()
    assert path.read_bytes() == content

    flushed(path, bytes(changed))
    disk.cut()
    assert path.read_bytes() == changed


@pytest.mark.parametrize("flag", [os.O_SYNC, os.O_DSYNC])
@pytest.mark.parametrize("is_new", [True, False])
def test_what_is_written_through_is_kept(disk: VolatileDisk, flag: int, *, is_new: bool) -> None:
    path = disk.directory / "file"
    if not is_new:
        path.touch()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | flag)
    os.write(descriptor, b"written through")
    disk.cut()
    os.close(descriptor)
    assert path.read_bytes() == b"written through"


def test_names_are_kept_and_what_was_never_flushed_is_empty(disk: VolatileDisk) -> None:
    (disk.directory / "folder").mkdir()
    (disk.directory / "new").write_bytes(b"never flushed")
    flushed(disk.directory / "old", b"old")
    (disk.directory / "new").rename(disk.directory / "folder" / "old")
    (disk.directory / "old").unlink()

    disk.cut()
    assert (disk.directory / "folder" / "old").read_bytes() == b""
    assert not (disk.directory / "old").exists()


def test_all_of_it_can_be_flushed(disk: VolatileDisk) -> None:
    (disk.directory / "file").write_bytes(b"kept")
    disk.flush()
    disk.cut()
    assert (disk.directory / "file").read_bytes() == b"kept"


@pytest.mark.parametrize(("synchronous", "kept"), [("FULL", 50), ("NORMAL", 0)])
def test_sqlite_keeps_what_it_flushed(disk: VolatileDisk, synchronous: str, kept: int) -> None:
    file = disk.directory / "rows.sqlite"
    subprocess.run(  # noqa: S603 - the test's own code
        [sys.executable, "-c", ROWS, str(file), synchronous], check=False
    )
    disk.cut()

    connection = sqlite3.connect(file)
    try:
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        rows = connection.execute("SELECT count(*) FROM t").fetchone()[0] if tables else 0
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    finally:
        connection.close()
    assert rows == kept


def test_nothing_of_it_is_left() -> None:
    with VolatileDisk() as disk:
        (disk.directory / "file").write_bytes(b"gone")
        assert os.path.ismount(disk.directory)
    assert not disk.directory.parent.exists()
    assert str(disk.directory) not in Path("/proc/mounts").read_text(encoding="utf-8")
