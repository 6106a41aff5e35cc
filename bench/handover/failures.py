"""Why something failed or hung, with the places in the code, as a record keeps it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
import sysconfig
import threading
import traceback
from collections.abc import Awaitable, Callable, Iterable, Iterator
from pathlib import Path

import bench
from bench.errors import InputError, UnsupportedError
from bench.records.redaction import shortened
from bench.records.trial import Failure

_MESSAGE_CHARACTERS = 1000
_DETAIL_CHARACTERS = 3000
_FRAMES = 4
_EXCEPTIONS = 5
_OURS = str(Path(bench.__file__).parent)
# Its savers are under test, as those of others are.
_SELF_TEST = str(Path(_OURS, "selftest"))
_STANDARD = sysconfig.get_path("stdlib")
_PACKAGES = (sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))
# Of executors: asyncio's own, and that which calls a synchronous saver. They end with the loop.
_ENDING_THREADS = ("asyncio_", "saver_")
# As faulthandler writes them.
_FRAME = re.compile(r'^  File "(.+)", line (\d+) in (.+)$')


class HangError(Exception):
    """Something was ended since it took too long."""


def failure_of(error: BaseException, stage: str, secrets: Iterable[str]) -> Failure:
    """Return what ``error`` says, and where it and what led to it were raised; no ``secrets``.

    Of an unsupported combination it is what showed it.
    """
    secrets = tuple(secrets)
    cause = error.__cause__ if isinstance(error, UnsupportedError) else None
    name = type(cause or error).__name__
    text = (str(error) or repr(error)).removeprefix(f"{name}: ")
    message = shortened(text, secrets, _MESSAGE_CHARACTERS)
    # What a person is to correct says itself where.
    lines = [] if isinstance(error, InputError) else list(_lines(error))
    return Failure(name, message, stage, details_of(lines, secrets))


def details_of(lines: Iterable[str], secrets: Iterable[str]) -> str:
    """Return ``lines`` as a record keeps them."""
    return shortened("\n".join(lines), secrets, _DETAIL_CHARACTERS)


async def within(limit_s: float, what: str, step: Callable[[], Awaitable[None]]) -> None:
    """Do ``step``; one that waits for longer than ``limit_s`` seconds is cancelled.

    Raises:
        HangError: it was; the exception that it comes from shows for what it waited.
    """
    try:
        async with asyncio.timeout(limit_s) as limit:
            await step()
    except TimeoutError as error:
        if not limit.expired():
            raise
        hang = HangError(f"{what} hung, and was ended after {limit_s:g} s")
        for line in _other_threads():
            hang.add_note(line)
        # Early releases of CPython 3.11 keep what was cancelled as the context alone.
        raise hang from error.__cause__ or error.__context__


def running(grace_s: float = 0.0) -> frozenset[str]:
    """Name the threads that keep this process from ending, and on Linux its child processes.

    Each thread has ``grace_s`` seconds to end.
    """
    threads = [
        thread
        for thread in threading.enumerate()
        if not thread.daemon and not thread.name.startswith(_ENDING_THREADS)
    ]
    for thread in set(threads) - {threading.current_thread()}:
        thread.join(grace_s)
    commands = filter(None, map(_command, _children()))
    return frozenset(
        {f"the thread {thread.name!r}" for thread in threads if thread.is_alive()}
        | {f"the process {command!r}" for command in commands}
    )


def _children() -> list[str]:
    found: list[str] = []
    for task in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += task.read_text(encoding="utf-8").split()
    return found


def places(dump: str) -> list[str]:
    """Return the places in what faulthandler wrote, innermost first, of each thread in turn."""
    found: list[str] = []
    for thread in re.split(r"^(?:Current t|T)hread .*$", dump, flags=re.MULTILINE):
        lines = thread.splitlines()
        frames = [match.group(1, 2, 3) for line in lines if (match := _FRAME.match(line))]
        found += [_place(*frame) for frame in frames if _is_theirs(frame[0])][:_FRAMES]
    return found


def _lines(error: BaseException) -> Iterator[str]:
    for each in _chain(error):
        yield f"{type(each).__name__}: {' '.join(str(each).split())}".removesuffix(": ")
        yield from _places(traceback.extract_tb(each.__traceback__))
        yield from getattr(each, "__notes__", ())


def _chain(error: BaseException) -> list[BaseException]:
    """Return the exceptions that led to ``error``, the last one first."""
    found: list[BaseException] = []
    left: list[BaseException | None] = [error]
    while left and len(found) < _EXCEPTIONS:
        each = left.pop(0)
        if each is None or each in found:
            continue
        found.append(each)
        left += each.exceptions if isinstance(each, BaseExceptionGroup) else ()
        left.append(each.__cause__ or (None if each.__suppress_context__ else each.__context__))
    return found


def _other_threads() -> Iterator[str]:
    """Say where threads are that run neither this program nor Python's own code alone."""
    current = sys._current_frames()  # noqa: SLF001 - there is no other way to look at a thread
    for thread in threading.enumerate():
        if thread is threading.current_thread() or thread.ident not in current:
            continue
        yield from _places(traceback.extract_stack(current[thread.ident]))


def _places(stack: traceback.StackSummary) -> Iterator[str]:
    for frame in [one for one in stack if _is_theirs(one.filename)][-_FRAMES:]:
        yield f"{_place(frame.filename, frame.lineno, frame.name)}: {frame.line}"


def _place(path: str, line: object, name: str) -> str:
    return f"  {path.removeprefix(str(Path(_OURS).parent) + os.sep)}, line {line}, in {name}"


def _command(process_id: str) -> str:
    """Return what a process runs; nothing of one that has ended."""
    try:
        words = Path(f"/proc/{process_id}/cmdline").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return words.replace("\0", " ").strip()[:100]


def _is_theirs(path: str) -> bool:
    """Tell whether a file is neither this program's nor of Python itself."""
    if path.startswith(("<", _OURS)):
        return path.startswith(_SELF_TEST)
    return not path.startswith(_STANDARD) or path.startswith(_PACKAGES)
