"""Progress: what is told of a run under way, how often, and how the time left is estimated."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import pytest
from rich.cells import cell_len

from bench.cli.progress import Lines, Pace, Shown, displayed, duration
from bench.measure.runner import Progress
from bench.records.trial import Failure, Status, TrialRecord
from bench.scenario.durability import Durability
from bench.scenario.plan import Trial

TRIAL = Trial(
    "s", "redis", "steps", "1k", "many", "uvloop", 0, "b", 0, 1, 0.1, 0.2, "d"
)  # fmt: skip
NOON = datetime(2026, 1, 1, 12, 0, 7)  # noqa: DTZ001 - shown as the clock on the wall has it


def record(
    status: Status = "measured",
    failure: Failure | None = None,
    trial: Trial = TRIAL,
    took_s: float = 2.0,
) -> TrialRecord:
    return TrialRecord(
        trial=trial,
        status=status,
        started_at="",
        loop_class="",
        loop_kind="native",
        interpreter="",
        durability=Durability.FSYNC,
        settings={},
        server="",
        operations=(),
        window=None,
        readings=(),
        errors={},
        error_texts={},
        verification=None,
        failure=failure,
        samples_file=None,
        took_s=took_s,
    )


def at(position: int, block: str = "b") -> Trial:
    return replace(TRIAL, position=position, block=block)


def lines(stream: io.StringIO, clock_s: Callable[[], float], every_s: float = 10.0) -> Shown:
    """Ten trials of a second, of which each takes two."""
    lengths_s = {at(position).id: 1.0 for position in range(10)}
    return Shown(
        Lines(stream, clock_s, lambda: NOON, every_s), Pace(lengths_s, {}), lambda _: "put p50 2 ms"
    )


def ended(position: int, status: Status = "measured", failure: Failure | None = None) -> Progress:
    return Progress(position + 1, 10, record(status, failure, at(position)))


def test_a_line_every_ten_seconds_and_at_the_end() -> None:
    stream, clock = io.StringIO(), iter([0.0, 0.0, 1.0, 9.9, 10.0, 11.0, 12.0])
    shown = lines(stream, lambda: next(clock))

    for position in (0, 1, 2, 3, 4, 9):
        shown(ended(position))

    written = stream.getvalue().splitlines()
    assert [line.split()[2] for line in written] == ["1/10", "4/10", "10/10"]
    assert written[0] == (
        "12:00:07 trial 1/10 (10 %), 18 s left: redis on uvloop, 1k, many: put p50 2 ms"
    )


def test_every_trial_has_its_line_where_that_is_asked_for() -> None:
    stream = io.StringIO()
    shown = lines(stream, lambda: 0.0, every_s=0.0)

    for position in range(4):
        shown(ended(position))

    assert len(stream.getvalue().splitlines()) == 4


def test_what_was_not_measured_is_always_told_with_its_reason_and_counted() -> None:
    stream, clock = io.StringIO(), iter([0.0, 0.0, 0.1, 0.2, 10.3])
    shown = lines(stream, lambda: next(clock))
    reason = "'yes' is needed; set it in the server's configuration, " * 3 + "or use another"

    shown(ended(0))
    shown(ended(1, "unsupported", Failure("NotImplementedError", "no\nadd_reader", "open")))
    shown(ended(2, "failed", Failure("E", reason, "open")))
    shown(ended(3))

    _, unsupported, failed, after = stream.getvalue().splitlines()
    assert unsupported.endswith("redis on uvloop, 1k, many: unsupported (NotImplementedError: no)")
    assert failed.endswith(f"failed (E: {reason})")
    assert ", 1 failed, " in after


@pytest.mark.parametrize(
    ("took_s", "finished", "expected_s"),
    [
        # One of 1 s took 2, so the other nine, of 1 s and one of 21, take twice as long as planned.
        ([2.0], (), 58.0),
        ([2.0, 4.0], (), 84.0),
        ([2.0], (3, 4), 54.0),
    ],
)
def test_the_time_left_goes_by_planned_lengths_and_by_how_long_trials_took(
    took_s: Sequence[float], finished: Sequence[int], expected_s: float
) -> None:
    lengths_s = {at(position).id: 21.0 if position == 9 else 1.0 for position in range(10)}
    pace = Pace(lengths_s, {}, [at(position).id for position in finished])

    left_s = [
        pace.after(record(trial=at(position), took_s=took)) for position, took in enumerate(took_s)
    ]

    assert left_s[-1] == pytest.approx(expected_s)


def test_an_optional_block_counts_once_it_has_begun() -> None:
    trials = [at(0), at(1, "more"), at(2, "more"), at(3, "most")]
    optional = {trial.id: trial.block for trial in trials[1:]}
    pace = Pace({trial.id: 1.0 for trial in trials}, optional)

    left_s = [pace.after(record(trial=trial)) for trial in trials[:3]]

    assert left_s == pytest.approx([0.0, 2.0, 0.0])


def test_durations_are_words() -> None:
    assert [duration(seconds) for seconds in (0.4, 59.4, 59.6, 600)] == [
        "0 s",
        "59 s",
        "1 min 00 s",
        "10 min 00 s",
    ]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def drawn(monkeypatch: pytest.MonkeyPatch, columns: int) -> str:
    """Return the last line that is drawn on a terminal of so many columns."""
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    # A trial of a second took two.
    lengths_s = {TRIAL.id: 1.0, "later": 37.5}
    with displayed(8, stream) as display:
        shown = Shown(display, Pace(lengths_s, {}), lambda _: "put p50 2 ms")
        shown(Progress(8, 10, record(), TRIAL))
        shown.say("another block of [x]")
    assert "another block of [x]" in stream.getvalue()
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())
    return next(line for line in reversed(re.split(r"[\r\n]", text)) if "8/10" in line)


def test_where_it_is_narrow_the_text_gives_way_and_not_the_bar(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wide, narrow = drawn(monkeypatch, 120), drawn(monkeypatch, 60)

    assert "1:15 left last put p50 2 ms · now redis on uvloop, 1k, many" in wide
    assert "…" in narrow
    assert cell_len(narrow.rstrip()) <= 60
    assert narrow.count("━") == wide.count("━")


def test_nothing_is_told_where_quiet_is_asked_for() -> None:
    stream = io.StringIO()

    with displayed(1, stream, "quiet") as display:
        shown = Shown(display, Pace({TRIAL.id: 1.0}, {}))
        shown.begin("measuring")
        shown(Progress(1, 1, record("failed", Failure("E", "no", "open"))))

    assert stream.getvalue() == ""
