"""Files that others rely on: each is written whole or not at all, and only plain files are read."""

from __future__ import annotations

import errno
import functools
import os
import re
import stat
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from copy import copy
from pathlib import Path
from typing import IO, Any, TypeVar

import pydantic_core
from pydantic import TypeAdapter, ValidationError

from bench.errors import BenchError, InputError, UnavailableError
from bench.printable import printable

_FULL = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})
_Content = TypeVar("_Content")
MOST_RECORD_BYTES = 1 << 24
"""A file of JSON that is larger is not read: the record of a trial has some 10 kB."""
# Where JSON has one of them, however it is spelt; and sometimes where it has none.
_CONTROL_IN_JSON = re.compile(
    rb"\\u(?:00[01789]|20[26])|\\[bfr]|\x7f|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]"
)
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
PARTIAL = ".partial"
"""The end of the name that a file has while it is being written."""


def make_directory(path: Path) -> Path:
    """Make ``path`` and its parents, on stable storage, and return it.

    Raises:
        InputError: it cannot be made, or something that is no directory stands there.
        UnavailableError: the disk is full.
    """
    missing = [each for each in (path, *path.parents) if not each.exists()]
    try:
        path.mkdir(parents=True, exist_ok=True)
        for each in missing:
            _sync_directory(each.parent)
    except OSError as error:
        raise _refusal(path, "make this directory", error) from error
    return path


def write_file(path: Path, content: bytes) -> None:
    """Write ``content`` at ``path`` as :func:`new_file` does."""
    with new_file(path) as file:
        file.write(content)


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """Give a file to write that becomes ``path`` at the end, instead of what stood there before.

    Whatever happens, ``path`` is the old file or the whole new one; at the end the new one is on
    stable storage, and so is its name.

    Raises:
        InputError: it cannot be written there.
        UnavailableError: the disk is full.
    """
    # By the process, so that two that write the same file do not write into each other's.
    partial = path.with_name(f"{path.name}.{os.getpid()}{PARTIAL}")
    try:
        partial.unlink(missing_ok=True)
        with partial.open("xb+") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        _sync_directory(path.parent)
    except OSError as error:
        raise _refusal(path, "write this file", error) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def refuse_links(*directories: Path) -> None:
    """Refuse directories that are links: what is written or removed there lies elsewhere.

    Raises:
        InputError: one of them is.
    """
    for directory in directories:
        if directory.is_symlink():
            raise InputError(
                f"{directory} is a link, expected a directory of its own; nothing was changed"
            )


def open_plain(path: Path, most_bytes: int) -> IO[bytes]:
    """Open a file of at most ``most_bytes`` that is neither link nor pipe, device or directory.

    Raises:
        OSError: it is not there, cannot be read, is larger, or is not a plain file.
    """
    # Without waiting: a pipe that nobody writes to would be waited for endlessly.
    extra = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    if path.is_symlink():
        raise OSError(errno.ELOOP, "it is a link, not a plain file", str(path))
    descriptor = os.open(path, os.O_RDONLY | extra)
    found = os.fstat(descriptor)
    is_plain = stat.S_ISREG(found.st_mode)
    if is_plain and found.st_size <= most_bytes:
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    if is_plain:
        raise OSError(errno.EFBIG, f"it has more than {most_bytes} bytes", str(path))
    raise OSError(errno.EINVAL, "it is not a plain file", str(path))


def read_plain(path: Path, most_bytes: int) -> bytes:
    """Read a plain file of at most ``most_bytes``.

    Raises:
        OSError: as :func:`open_plain`, or it is larger.
    """
    with open_plain(path, most_bytes) as file:
        # Room for as much is made at once.
        return file.read(os.fstat(file.fileno()).st_size)


def read_member(archive: zipfile.ZipFile, name: str, most_bytes: int) -> bytes:
    """Read a member that has as many bytes as it declares, at most ``most_bytes``.

    No more than these are ever unpacked, whatever it holds.

    Raises:
        KeyError, OSError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error: there
            is no such member, or it is another.
    """
    member = copy(archive.getinfo(name))
    declared_bytes = member.file_size
    if declared_bytes > most_bytes or member.compress_type not in _METHODS:
        raise ValueError(f"{name} declares {declared_bytes} bytes, or an unknown method")
    # Else what goes on after that would be cut off unseen; zipfile unpacks a few kB at a time.
    member.file_size += 1 << 16
    with archive.open(member) as stream:
        content = stream.read(declared_bytes + 1)
    if len(content) != declared_bytes:
        raise ValueError(f"{name} does not hold the {declared_bytes} bytes that it declares")
    return content


_adapter_of: Callable[[Any], TypeAdapter[Any]] = functools.cache(TypeAdapter)


def to_json(value: object, indent: int | None = None) -> bytes:
    """Return a dataclass or model, of plain data all the way down, as JSON."""
    return _adapter_of(type(value)).dump_json(value, indent=indent)


def from_json(content: bytes, kind: type[_Content]) -> _Content:
    """Return what :func:`to_json` made ``content`` of.

    Raises:
        pydantic.ValidationError: it is something else.
    """
    result: _Content = _adapter_of(kind).validate_json(content)
    return result


def read_json(path: Path, kind: type[_Content], expected: str) -> _Content:
    """Read a plain file of JSON; see :func:`parsed`.

    Raises:
        InputError: it cannot be read, or is not what was ``expected``.
    """
    try:
        content = read_plain(path, MOST_RECORD_BYTES)
    except OSError as error:
        raise InputError(f"{path}: cannot read {expected}: {reason_of(error)}") from error
    return parsed(content, kind, f"{path}: this is not {expected}")


def parsed(content: bytes, kind: type[_Content], otherwise: str) -> _Content:
    """Return what the JSON ``content`` says, its texts fit to be shown.

    Raises:
        InputError: it is not JSON, is nested too deeply, or does not fit ``kind``; the text is
            ``otherwise`` with the first reason.
    """
    try:
        return from_json(_printable_json(content), kind)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"]))
        reason = f"{key}: {first['msg']}" if key else first["msg"]
        raise InputError(f"{otherwise}: {reason}") from error
    except ValueError as error:
        raise InputError(f"{otherwise}: {error}") from error


def reason_of(error: Exception) -> str:
    """Return the words of ``error`` without the name of the file, which stands before them."""
    words = error.strerror if isinstance(error, OSError) else None
    return words or str(error) or type(error).__name__


def _printable_json(content: bytes) -> bytes:
    if not _CONTROL_IN_JSON.search(content):
        return content
    return pydantic_core.to_json(_printable_within(pydantic_core.from_json(content)))


def _printable_within(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list):
        return [_printable_within(each) for each in value]
    if isinstance(value, dict):
        return {printable(key): _printable_within(each) for key, each in value.items()}
    return value


def _sync_directory(path: Path) -> None:
    """Put the names in the directory ``path`` on stable storage, where a system can."""
    if sys.platform == "win32":
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some file systems have nothing to do here, and say so.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def _refusal(path: Path, wanted: str, error: OSError) -> BenchError:
    if error.errno in _FULL:
        return UnavailableError(
            f"{path}: cannot {wanted}: {error.strerror}. What was written before is whole. Make "
            "room there and repeat the command; a run goes on with: checkpoint-bench run SCENARIO "
            "--resume"
        )
    return InputError(f"{path}: cannot {wanted}: {reason_of(error)}")
