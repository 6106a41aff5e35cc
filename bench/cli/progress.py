"""Shows how far a run is: a bar on a terminal, lines with a time and figures elsewhere."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Column

from bench.measure.runner import Progress
from bench.records.trial import TrialRecord
from bench.scenario.plan import Trial

# Lines for a log come this often, and always when a trial was not measured.
_SECONDS_BETWEEN_LINES = 10.0
# Whoever measures beside it must not feel it.
_DRAWN_PER_SECOND = 1.0
_BAR_WIDTH = 12

OnProgress = Callable[[Progress], None]
Detail = Literal["quiet", "normal", "verbose"]


def add_detail(parser: argparse.ArgumentParser) -> None:
    """Declare how much is told while something is measured."""
    parser.set_defaults(detail="normal")
    for flag, detail, text in (
        ("quiet", "quiet", "print only the result"),
        ("verbose", "verbose", "print every trial as it ends"),
    ):
        parser.add_argument(
            f"-{flag[0]}", f"--{flag}", dest="detail", action="store_const", const=detail, help=text
        )


@dataclass(frozen=True, slots=True)
class State:
    """How far it is after a trial: what ran, how it went, what comes next, how long it takes.

    ``figure`` gives the headline number of the trial in words, or nothing; asked where shown.
    """

    progress: Progress
    left_s: float
    failed: int
    figure: Callable[[TrialRecord], str]


class Display:
    """Where it is shown; this one shows nothing."""

    def begin(self, phase: str) -> None:
        """Tell what is done from here on."""

    def say(self, text: str) -> None:
        """Print a line."""

    def show(self, state: State) -> None:
        """Tell that a trial has ended."""


class Pace:
    """Estimates the time left: planned lengths, as much longer as those so far really were.

    ``lengths_s`` has all trials in seconds by id; of those in an ``optional`` block, named by
    trial, only what has begun counts.
    """

    def __init__(
        self,
        lengths_s: Mapping[str, float],
        optional: Mapping[str, str],
        finished: Collection[str] = (),
    ) -> None:
        self._lengths_s = lengths_s
        self._optional = optional
        self._done = set(finished)
        self._took_s = self._planned_s = 0.0

    def after(self, record: TrialRecord) -> float:
        """Take a finished trial into account, and return the seconds that are left."""
        trial_id = record.trial.id
        self._done.add(trial_id)
        self._took_s += record.took_s
        self._planned_s += self._lengths_s[trial_id]
        begun = {self._optional[each] for each in self._done if each in self._optional}
        left_s = sum(
            length_s
            for each, length_s in self._lengths_s.items()
            if each not in self._done and self._optional.get(each, "") in {"", *begun}
        )
        return left_s * self._took_s / self._planned_s


class Shown:
    """Takes what a runner tells, and shows it with the time left and how many have failed."""

    def __init__(
        self, display: Display, pace: Pace, figure: Callable[[TrialRecord], str] = lambda _: ""
    ) -> None:
        self._display = display
        self._pace = pace
        self._figure = figure
        self._failed = 0
        self.say = display.say
        self.begin = display.begin

    def __call__(self, progress: Progress) -> None:
        """Show that a trial has ended."""
        self._failed += progress.record.status == "failed"
        left_s = self._pace.after(progress.record)
        self._display.show(State(progress, left_s, self._failed, self._figure))


@contextmanager
def displayed(
    total: int, stream: TextIO, detail: Detail = "normal", done: int = 0
) -> Iterator[Display]:
    """Give what shows on ``stream`` how far it is with ``total`` trials, some of them ``done``."""
    if detail == "quiet":
        yield Display()
    elif not stream.isatty():
        every_s = 0.0 if detail == "verbose" else _SECONDS_BETWEEN_LINES
        yield Lines(stream, time.monotonic, datetime.now, every_s)
    else:
        cut = Column(ratio=1, no_wrap=True, overflow="ellipsis")
        columns = (
            BarColumn(_BAR_WIDTH),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            TextColumn("{task.description}", markup=False, table_column=cut),
        )
        console = Console(file=stream)
        with Bar(
            *columns, console=console, refresh_per_second=_DRAWN_PER_SECOND, expand=True
        ) as bar:
            yield _OnBar(bar, bar.add_task("", total=total, completed=done, left="…"), detail)


class _OnBar(Display):
    def __init__(self, bar: Bar, task: TaskID, detail: Detail) -> None:
        self._bar = bar
        self._task = task
        self._is_verbose = detail == "verbose"

    def begin(self, phase: str) -> None:
        self._bar.update(self._task, description=phase, refresh=True)

    def say(self, text: str) -> None:
        self._bar.console.print(text, markup=False, highlight=False)

    def show(self, state: State) -> None:
        progress = state.progress
        figure = state.figure(progress.record)
        if self._is_verbose or progress.record.status != "measured":
            self.say(described(progress.record, figure))
        parts = (
            f"{state.failed} failed" if state.failed else "",
            f"last {figure or progress.record.status}",
            f"now {place(progress.following)}" if progress.following else "",
        )
        self._bar.update(
            self._task,
            completed=progress.done,
            total=progress.total,
            description=" · ".join(filter(None, parts)),
            left="{}:{:02d} left".format(*divmod(round(state.left_s), 60)),
            refresh=True,
        )


class Lines(Display):
    """Writes a line every few seconds, and one for each trial that was not measured."""

    def __init__(
        self,
        stream: TextIO,
        clock_s: Callable[[], float],
        now: Callable[[], datetime],
        every_s: float = _SECONDS_BETWEEN_LINES,
    ) -> None:
        self._stream = stream
        self._clock_s = clock_s
        self._now = now
        self._every_s = every_s
        self._next_s = clock_s()

    def begin(self, phase: str) -> None:
        """Print it."""
        self.say(phase)

    def say(self, text: str) -> None:
        """Print a line with the time."""
        print(f"{self._now():%H:%M:%S} {text}", file=self._stream, flush=True)

    def show(self, state: State) -> None:
        """Tell of a trial if it is time to, or if it is worth telling."""
        now_s = self._clock_s()
        progress = state.progress
        is_last = progress.done == progress.total
        if now_s < self._next_s and progress.record.status == "measured" and not is_last:
            return
        self._next_s = now_s + self._every_s
        share = 100 * progress.done / progress.total
        failed = f", {state.failed} failed" if state.failed else ""
        self.say(
            f"trial {progress.done}/{progress.total} ({share:.0f} %){failed}, "
            f"{duration(state.left_s)} left: "
            f"{described(progress.record, state.figure(progress.record))}"
        )


def place(trial: Trial) -> str:
    """Name a trial by what it measures."""
    fault = f", {trial.fault}" if trial.fault else ""
    return f"{trial.subject} on {trial.loop}, {trial.payload}, {trial.arrival}{fault}"


def described(record: TrialRecord, figure: str) -> str:
    """Say which trial has ended and its ``figure``, or why it has none."""
    if record.failure is None:
        return f"{place(record.trial)}: {figure or record.status}"
    message = record.failure.message.splitlines()[0] if record.failure.message else ""
    reason = f"{record.failure.error_class}: {message}"
    return f"{place(record.trial)}: {record.status} ({reason})"


def duration(seconds: float) -> str:
    """Write a duration as ``1 min 20 s``."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
