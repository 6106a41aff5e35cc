"""One process at a time: whoever holds a file's lock is the only one to work on what it names.

The lock belongs to the process and ends with it, however that ends; nothing is left behind.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.errors import InputError

if sys.platform == "win32":
    import msvcrt

    # Far behind the end of the file, since what is locked there cannot be read by others.
    _PLACE = 1 << 30

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, _PLACE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    _TAKEN: tuple[type[OSError], ...] = (OSError,)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    _TAKEN = (BlockingIOError,)


@contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """Hold the lock of the file at ``path``, which stands for ``what``; do not wait for it.

    Raises:
        InputError: another process holds it, or it cannot be had.
    """
    try:
        # Network file systems lock only what is opened for writing.
        file = path.open("rb+")
    except OSError as error:
        raise InputError(f"{path}: cannot be locked: {error.strerror}") from error
    with file:
        try:
            _lock(file.fileno())
        except _TAKEN as error:
            raise InputError(
                f"another process is at work on {what}: wait until it has ended, or end it"
            ) from error
        except OSError as error:
            raise InputError(f"{path}: cannot be locked: {error.strerror}") from error
        yield
