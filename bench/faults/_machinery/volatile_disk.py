"""A disk that loses in a power cut what was not flushed: a file system in user space (FUSE).

It is a program, not a module of this package: ``python -I volatile_disk.py``. The runner writes an
order (one line of JSON, :class:`Order`) to its standard input and keeps that pipe open. It makes a
directory, mounts itself on ``disk`` in it, and answers with ``{"directory"}`` or ``{"error"}``.
Upon ``{"sync"}`` it flushes everything, upon ``{"cut"}`` it drops what was not flushed, upon
``{"limit": n}`` its files may grow by n bytes together (null: without end), and it answers with
``{"done": true}``. When the pipe closes, however the runner ended, it unmounts, removes the
directory and ends.

What is written stays in memory until ``fsync`` or ``fdatasync`` of the file; until then its length
stays what it was, too. What is written to a file that was opened with ``O_SYNC`` or ``O_DSYNC`` is
flushed at once. Names are kept at
once, as by a file system with an ordered journal: a file that was never flushed is empty after a
cut.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any, TypedDict

_PAGE_BYTES = 4096
_DETACH = 2
_SYNCED = os.O_SYNC | os.O_DSYNC


class Order(TypedDict):
    """``is_shared``: other users than this one's may come in, which only root can allow."""

    is_shared: bool


class _Unflushed:
    """What a file holds beyond what was flushed: its length, and the pages that were written.

    Of the flushed content the first ``flushed_bytes`` show through.
    """

    def __init__(self, length_bytes: int) -> None:
        self.length_bytes = self.flushed_bytes = length_bytes
        self.pages: dict[int, bytearray] = {}

    def page(self, descriptor: int, number: int) -> bytearray:
        """Return a page to be written, with what the file holds there."""
        if number not in self.pages:
            start = number * _PAGE_BYTES
            length = max(0, min(_PAGE_BYTES, self.flushed_bytes - start))
            content = bytearray(os.pread(descriptor, length, start))
            self.pages[number] = content.ljust(_PAGE_BYTES, b"\0")
        return self.pages[number]

    def write(self, descriptor: int, data: bytes, offset: int) -> None:
        """Keep ``data`` in memory."""
        done = 0
        while done < len(data):
            number, start = divmod(offset + done, _PAGE_BYTES)
            part = data[done : done + _PAGE_BYTES - start]
            self.page(descriptor, number)[start : start + len(part)] = part
            done += len(part)
        self.length_bytes = max(self.length_bytes, offset + len(data))

    def read(self, descriptor: int, size: int, offset: int) -> bytes:
        """Return what a program finds in the file."""
        end = min(offset + size, self.length_bytes)
        if end <= offset:
            return b""
        flushed = os.pread(descriptor, max(0, min(end, self.flushed_bytes) - offset), offset)
        content = bytearray(flushed).ljust(end - offset, b"\0")
        for number in range(offset // _PAGE_BYTES, -(-end // _PAGE_BYTES)):
            page = self.pages.get(number)
            if page is not None:
                first = max(offset, number * _PAGE_BYTES)
                last = min(end, (number + 1) * _PAGE_BYTES)
                begin = number * _PAGE_BYTES
                content[first - offset : last - offset] = page[first - begin : last - begin]
        return bytes(content)

    def resize(self, length_bytes: int) -> None:
        """Cut the file off, or let it grow by zeros."""
        self.flushed_bytes = min(self.flushed_bytes, length_bytes)
        last, inside = divmod(length_bytes, _PAGE_BYTES)
        for number in [each for each in self.pages if each * _PAGE_BYTES >= length_bytes]:
            del self.pages[number]
        if inside and last in self.pages:
            self.pages[last][inside:] = bytes(_PAGE_BYTES - inside)
        self.length_bytes = length_bytes

    def flush(self, descriptor: int) -> None:
        """Write everything to the file behind it."""
        os.ftruncate(descriptor, self.flushed_bytes)
        os.ftruncate(descriptor, self.length_bytes)
        for number, page in self.pages.items():
            start = number * _PAGE_BYTES
            os.pwrite(descriptor, page[: self.length_bytes - start], start)


def _operations(root: str) -> Any:  # noqa: C901 - a method for each call of the kernel
    import mfusepy  # noqa: PLC0415 - whoever starts this is told where it is missing

    class VolatileDisk(mfusepy.Operations):  # type: ignore[misc]  # it has no types
        """Files below ``root``; by inode what each holds unflushed."""

        use_ns = True

        def __init__(self) -> None:
            self._unflushed: dict[int, _Unflushed] = {}
            self._synced: set[int] = set()
            self._free_bytes: int | None = None
            # Commands come in another thread than the kernel's calls.
            self._mutex = threading.RLock()

        def cut(self, _: object) -> None:
            """Drop what was not flushed."""
            with self._mutex:
                self._unflushed.clear()

        def limit(self, free_bytes: int | None) -> None:
            """Let files grow by so much together, and no more."""
            with self._mutex:
                self._free_bytes = free_bytes

        def _grow(self, grown_bytes: int) -> None:
            if self._free_bytes is None or grown_bytes <= 0:
                return
            if grown_bytes > self._free_bytes:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self._free_bytes -= grown_bytes

        def sync(self, _: object) -> None:
            """Flush everything."""
            with self._mutex:
                for folder, _, names in os.walk(root):
                    for name in names:
                        path = f"{folder}/{name}"
                        inode = os.lstat(path).st_ino
                        if inode in self._unflushed:
                            with _opened(path) as descriptor:
                                self._unflushed.pop(inode).flush(descriptor)

        def _of(self, descriptor: int) -> _Unflushed:
            status = os.fstat(descriptor)
            return self._unflushed.setdefault(status.st_ino, _Unflushed(status.st_size))

        def _kept(self, descriptor: int, flags: int) -> int:
            if flags & _SYNCED:
                self._synced.add(descriptor)
            return descriptor

        def _forget(self, path: str) -> None:
            with contextlib.suppress(FileNotFoundError):
                status = os.lstat(path)
                if status.st_nlink == 1:
                    self._unflushed.pop(status.st_ino, None)

        def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
            with self._mutex:
                status = os.lstat(root + path)
                unflushed = self._unflushed.get(status.st_ino)
                size = unflushed.length_bytes if unflushed else status.st_size
                return {
                    "st_mode": status.st_mode,
                    "st_nlink": status.st_nlink,
                    "st_uid": status.st_uid,
                    "st_gid": status.st_gid,
                    "st_size": size,
                    "st_blocks": -(-size // 512),
                    "st_atime": status.st_atime_ns,
                    "st_mtime": status.st_mtime_ns,
                    "st_ctime": status.st_ctime_ns,
                }

        def open(self, path: str, flags: int) -> int:
            with self._mutex:
                descriptor = os.open(root + path, os.O_RDWR)
                if flags & os.O_TRUNC:
                    self._of(descriptor).resize(0)
                return self._kept(descriptor, flags)

        def create(self, path: str, mode: int, flags: int) -> int:
            with self._mutex:
                descriptor = os.open(root + path, os.O_RDWR | os.O_CREAT, mode)
                user, group, _ = mfusepy.fuse_get_context()
                os.fchown(descriptor, user, group)
                return self._kept(descriptor, flags)

        def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
            with self._mutex:
                unflushed = self._unflushed.get(os.fstat(fh).st_ino)
                if unflushed is None:
                    return os.pread(fh, size, offset)
                return unflushed.read(fh, size, offset)

        def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
            with self._mutex:
                self._grow(offset + len(data) - self._of(fh).length_bytes)
                self._of(fh).write(fh, data, offset)
                if fh in self._synced:
                    self.fsync(path, 0, fh)
                return len(data)

        def truncate(self, path: str, length: int, fh: int | None = None) -> int:
            with self._mutex, _opened(root + path) as descriptor:
                self._of(descriptor).resize(length)
            return 0

        def fsync(self, path: str, datasync: int, fh: int) -> int:
            with self._mutex:
                unflushed = self._unflushed.pop(os.fstat(fh).st_ino, None)
                if unflushed is not None:
                    unflushed.flush(fh)
            return 0

        def release(self, path: str, fh: int) -> int:
            with self._mutex:
                self._synced.discard(fh)
                os.close(fh)
            return 0

        def rename(self, old: str, new: str) -> int:
            with self._mutex:
                self._forget(root + new)
                os.rename(root + old, root + new)
            return 0

        def unlink(self, path: str) -> int:
            with self._mutex:
                self._forget(root + path)
                os.unlink(root + path)
            return 0

        def mkdir(self, path: str, mode: int) -> int:
            os.mkdir(root + path, mode)
            user, group, _ = mfusepy.fuse_get_context()
            os.chown(root + path, user, group)
            return 0

        def link(self, target: str, source: str) -> int:
            os.link(root + source, root + target)
            return 0

        def symlink(self, target: str, source: str) -> int:
            os.symlink(source, root + target)
            return 0

        def readlink(self, path: str) -> str:
            return os.readlink(root + path)

        def rmdir(self, path: str) -> int:
            os.rmdir(root + path)
            return 0

        def chmod(self, path: str, mode: int) -> int:
            os.chmod(root + path, mode)
            return 0

        def chown(self, path: str, uid: int, gid: int) -> int:
            # An id that is not to change is -1, which arrives without its sign.
            os.lchown(root + path, *(-1 if one == (1 << 32) - 1 else one for one in (uid, gid)))
            return 0

        def utimens(self, path: str, times: tuple[int, int] | None = None) -> int:
            if times is None:
                os.utime(root + path, follow_symlinks=False)
            else:
                os.utime(root + path, ns=times, follow_symlinks=False)
            return 0

        def readdir(self, path: str, fh: int) -> Any:
            return [".", "..", *os.listdir(root + path)]

        def statfs(self, path: str) -> dict[str, int]:
            status = os.statvfs(root)
            names = ("f_bsize", "f_frsize", "f_blocks", "f_bfree", "f_bavail", "f_files", "f_ffree")
            return {name: getattr(status, name) for name in names}

    return VolatileDisk()


@contextlib.contextmanager
def _opened(path: str) -> Any:
    descriptor = os.open(path, os.O_RDWR)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _obey(disk: Any, directory: Path) -> None:
    """Carry out commands until the runner has gone, then unmount, which ends this process."""
    while not os.path.ismount(directory / "disk"):
        threading.Event().wait(0.005)
    directory.chmod(0o711)
    _answer({"directory": str(directory)})
    while line := sys.stdin.buffer.readline():
        for name, value in json.loads(line).items():
            {"cut": disk.cut, "limit": disk.limit, "sync": disk.sync}[name](value)
        _answer({"done": True})
    _unmount(directory / "disk")


def _unmount(mounted: Path) -> None:
    """Take the file system away, even from under who still uses it."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.umount2(os.fsencode(mounted), _DETACH) and ctypes.get_errno() == errno.EPERM:
        command = ["fusermount3", "-u", "-z", str(mounted)]
        subprocess.run(command, check=False, capture_output=True)  # noqa: S603 - our own mount


def _answer(message: dict[str, object]) -> None:
    with contextlib.suppress(OSError):
        os.write(1, json.dumps(message).encode() + b"\n")


def main() -> None:
    """Read the order, mount, and serve until the runner has gone."""
    for ignored in (signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    line = sys.stdin.buffer.readline()
    if not line:
        return
    order: Order = json.loads(line)
    directory = Path(tempfile.mkdtemp(prefix="checkpoint-bench-disk-"))
    for name in ("disk", "flushed"):
        (directory / name).mkdir()
        # Whoever may come so far: it is the folder above that keeps strangers out.
        (directory / name).chmod(0o755)
    try:
        import mfusepy  # noqa: PLC0415 - as above

        disk = _operations(str(directory / "flushed"))
        threading.Thread(target=_obey, args=(disk, directory), daemon=True).start()
        shared = {"allow_other": True} if order["is_shared"] else {}
        mfusepy.FUSE(
            disk,
            str(directory / "disk"),
            foreground=True,
            nothreads=True,
            default_permissions=True,
            attr_timeout=0,
            entry_timeout=0,
            fsname="checkpoint-bench",
            **shared,
        )
    except (ImportError, OSError, RuntimeError) as error:
        _answer({"error": str(error)})
    finally:
        _unmount(directory / "disk")
        shutil.rmtree(directory, ignore_errors=True)
        # The thread that reads commands would be waited for.
        os._exit(0)


if __name__ == "__main__":
    main()
