"""Shows how far a run is: a bar on a terminal, plain lines with figures elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn
from rich.progress import Progress as Bar

from bench.measure.runner import Progress

# Lines for a log come this often, and always when a trial was not measured.
_SECONDS_BETWEEN_LINES = 5.0

OnProgress = Callable[[Progress], None]


class Shown(Protocol):
    """Shows how far a run is as it is called, and says what else is worth telling."""

    def __call__(self, progress: Progress, /) -> None:
        """Show ``progress``."""

    def say(self, text: str) -> None:
        """Print a line."""


@contextmanager
def shown(total: int, stream: TextIO) -> Iterator[Shown]:
    """Give what shows progress on ``stream`` as it is told of it."""
    if not stream.isatty():
        yield Lines(stream, time.monotonic)
        return
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[left]}"),
        TextColumn("{task.description}", markup=False),
    )
    with Bar(*columns, console=Console(file=stream)) as bar:
        yield _OnBar(bar, bar.add_task("starting", total=total, left=""))


class _OnBar:
    def __init__(self, bar: Bar, task: TaskID) -> None:
        self._bar = bar
        self._task = task

    def __call__(self, progress: Progress) -> None:
        self._bar.update(
            self._task,
            completed=progress.done,
            total=progress.total,
            description=describe(progress),
            left=f"{duration(progress.remaining_s)} left",
        )

    def say(self, text: str) -> None:
        self._bar.console.print(text, markup=False, highlight=False)


class Lines:
    """Writes a line every few seconds, and one for each trial that was not measured."""

    def __init__(self, stream: TextIO, clock_s: Callable[[], float]) -> None:
        self._stream = stream
        self._clock_s = clock_s
        self._next_s = clock_s()

    def __call__(self, progress: Progress) -> None:
        """Tell of ``progress`` if it is time to, or if something is worth telling."""
        now_s = self._clock_s()
        is_last = progress.done == progress.total
        if now_s < self._next_s and progress.record.status == "measured" and not is_last:
            return
        self._next_s = now_s + _SECONDS_BETWEEN_LINES
        share = 100 * progress.done / progress.total
        left = duration(progress.remaining_s)
        line = f"trial {progress.done}/{progress.total} ({share:.0f} %), {left} left: "
        self.say(line + describe(progress))

    def say(self, text: str) -> None:
        """Print a line."""
        print(text, file=self._stream, flush=True)


def describe(progress: Progress) -> str:
    """Say which trial has ended, and how."""
    trial, record = progress.record.trial, progress.record
    text = f"{trial.subject} on {trial.loop}, {trial.payload}, {trial.arrival}: {record.status}"
    if record.failure is not None:
        message = record.failure.message.splitlines()[0] if record.failure.message else ""
        text += f" ({record.failure.error_class}: {message})"
    return text


def duration(seconds: float) -> str:
    """Write a duration as ``1 min 20 s``."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
