"""A trial's response times as a log of HdrHistogram, which its plotters and merging tools read.

One line for each operation and second of the window, tagged with the operation's name: when the
second began and how long it was, the largest response time in milliseconds, and the compressed
histogram in nanoseconds, exact to three digits (format 1.3 of the reference implementation's
``HistogramLogWriter``). An operation belongs to the second in which it was due. One that was cut
off stands with the time it had taken by then; one that was never started has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import numpy as np

from bench.errors import MissingPackageError
from bench.records.outcome import Outcome
from bench.records.sample import Integers, Samples
from bench.records.trial import TrialRecord

_SECOND_NS = 1_000_000_000
_NS_PER_MS = 1_000_000
_DIGITS = 3


def hdr_log(record: TrialRecord, samples: Samples) -> bytes:
    """Return the log of all operations that were due in the window of ``record``.

    Raises:
        MissingPackageError: ``hdrhistogram`` is not installed.
    """
    return ("\n".join(_lines(record, samples)) + "\n").encode()


def _lines(record: TrialRecord, samples: Samples) -> Iterator[str]:
    assert record.window is not None  # noqa: S101 - a trial with samples has one
    begun_s = datetime.fromisoformat(record.started_at).timestamp()
    yield "#[Histogram log format version 1.3]"
    yield f"#[StartTime: {begun_s:.3f} (seconds since epoch), {record.started_at}]"
    yield '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"'
    start_ns, end_ns = record.window.start_ns, record.window.end_ns
    due = samples.due_within(start_ns, end_ns)
    started = due.where(due.column("outcome") != Outcome.SHED)
    second = (started.column("due") - start_ns) // _SECOND_NS
    for at in np.unique(second).tolist():
        within = started.where(second == at)
        length_ns = min(_SECOND_NS, end_ns - start_ns - at * _SECOND_NS)
        for code in np.unique(within.column("operation")).tolist():
            response_ns = within.of(code).column("response")
            yield (
                f"Tag={record.operations[code]},{at:.3f},{length_ns / _SECOND_NS:.3f},"
                f"{response_ns.max() / _NS_PER_MS:.3f},{_compressed(response_ns)}"
            )


def _compressed(values_ns: Integers) -> str:
    try:
        from hdrh.histogram import HdrHistogram  # noqa: PLC0415 - only exports need the package
    except ImportError as error:
        raise MissingPackageError("an HdrHistogram log", "hdrh", "hdr") from error
    values, counts = np.unique(np.maximum(values_ns, 1), return_counts=True)
    histogram = HdrHistogram(1, max(2, int(values[-1])), _DIGITS)
    for value, count in zip(values.tolist(), counts.tolist(), strict=True):
        histogram.record_value(value, count)
    encoded: bytes = histogram.encode()
    return encoded.decode("ascii")
