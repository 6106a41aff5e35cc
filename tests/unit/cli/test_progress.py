"""Progress: plain lines with figures, not too many."""

from __future__ import annotations

import io

from bench.cli.progress import Lines, duration, shown
from bench.measure.runner import Progress
from bench.records.trial import Failure, Status, TrialRecord
from bench.scenario.durability import Durability
from bench.scenario.plan import Trial

TRIAL = Trial(
    "s", "redis", "steps", "1k", "many", "uvloop", 0, "b", 0, 1, 0.1, 0.2, "d"
)  # fmt: skip


def progress(done: int, status: Status = "measured", failure: Failure | None = None) -> Progress:
    record = TrialRecord(
        trial=TRIAL,
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
    )
    return Progress(done, 10, 75.0, record)


def test_a_line_every_few_seconds_and_at_the_end() -> None:
    stream, clock = io.StringIO(), iter([0.0, 0.0, 1.0, 4.9, 5.0, 6.0, 7.0])
    lines = Lines(stream, lambda: next(clock))

    for done in (1, 2, 3, 4, 5, 10):
        lines(progress(done))

    written = stream.getvalue().splitlines()
    assert [line.split()[1] for line in written] == ["1/10", "4/10", "10/10"]
    assert written[0] == ("trial 1/10 (10 %), 1 min 15 s left: redis on uvloop, 1k, many: measured")


def test_what_was_not_measured_is_always_told_with_its_reason() -> None:
    stream, clock = io.StringIO(), iter([0.0, 0.0, 0.1])
    lines = Lines(stream, lambda: next(clock))

    lines(progress(1))
    lines(progress(2, "unsupported", Failure("NotImplementedError", "no\nadd_reader", "open")))

    assert "redis on uvloop, 1k, many: unsupported (NotImplementedError: no)" in stream.getvalue()


def test_a_reason_is_told_to_its_end() -> None:
    stream = io.StringIO()
    reason = "'yes' is needed; set it in the server's configuration, " * 3 + "or use another"

    Lines(stream, lambda: 0.0)(progress(1, "unsupported", Failure("E", reason, "open")))

    assert stream.getvalue().endswith(f"unsupported (E: {reason})\n")


def test_durations_are_words() -> None:
    assert [duration(seconds) for seconds in (0.4, 59.4, 59.6, 600)] == [
        "0 s",
        "59 s",
        "1 min 00 s",
        "10 min 00 s",
    ]


def test_what_is_said_is_a_line() -> None:
    stream = io.StringIO()

    Lines(stream, lambda: 0.0).say("another block of x")

    assert stream.getvalue() == "another block of x\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_bar_grows_with_the_total() -> None:
    stream = Terminal()

    with shown(8, stream) as bar:
        bar(progress(8))
        bar.say("another block of [x]")

    assert "another block of [x]" in stream.getvalue()
    assert "8/10" in stream.getvalue()
