"""What callers felt of a trial that was broken: from its samples, and from when it was broken."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bench.records.outcome import Outcome
from bench.records.sample import Integers, Samples
from bench.records.trial import FaultRecord, Strike, Timeline, Window
from bench.scenario.metric import CYCLE

Booleans = npt.NDArray[np.bool_]
SLOT_NS = 50_000_000


def fault_record(
    strikes: Sequence[Strike],
    rows: Integers | None,
    window: Window | None,
    operations: Sequence[str],
) -> FaultRecord:
    """Return the record of a trial; ``operations`` names the codes in its samples."""
    if rows is None or window is None or not strikes:
        return FaultRecord(tuple(strikes))
    samples = Samples(rows)
    operation = samples.column("operation")
    cycles = Samples(rows[operation == operations.index(CYCLE)])
    due, finished = cycles.column("due"), cycles.column("finished")
    is_ok = cycles.column("outcome") == Outcome.OK
    ends_ns = [strike.began_ns for strike in strikes[1:]] + [window.drained_ns]
    first = [
        min(map(int, finished[is_ok & (due >= strike.done_ns) & (due < end_ns)]), default=None)
        for strike, end_ns in zip(strikes, ends_ns, strict=True)
    ]
    gaps = _gaps(due, finished, is_ok)
    felt = [
        (finished > strike.began_ns) & (finished <= end_ns)
        for strike, end_ns in zip(strikes, ends_ns, strict=True)
    ]
    return FaultRecord(
        strikes=tuple(strikes),
        outages_ns=tuple(
            None if at is None else int(gaps[ended].max(initial=0))
            for at, ended in zip(first, felt, strict=True)
        ),
        responses_ns=tuple(int(cycles.column("response")[ended].max(initial=0)) for ended in felt),
        recoveries_ns=tuple(
            None if at is None or not strike.back_ns else max(0, at - strike.back_ns)
            for at, strike in zip(first, strikes, strict=True)
        ),
        timeline=_timeline(due, cycles.column("response"), is_ok, window),
        done=_done(samples, window, operations),
    )


def _gaps(due: Integers, finished: Integers, is_ok: Booleans) -> Integers:
    """Return for each cycle how long nobody was served as it ended, though somebody waited."""
    order = np.argsort(finished, kind="stable")
    succeeded = np.where(is_ok[order], np.arange(len(order)), -1)
    before = np.concatenate(([-1], np.maximum.accumulate(succeeded)[:-1]))
    first_due = np.minimum.accumulate(due[order][::-1])[::-1]
    waiting = first_due[before + 1]
    since = np.where(before < 0, waiting, np.maximum(finished[order][before], waiting))
    gaps = np.empty_like(finished)
    gaps[order] = finished[order] - since
    return gaps


def _done(samples: Samples, window: Window, operations: Sequence[str]) -> dict[str, int]:
    due, is_ok = samples.column("due"), samples.column("outcome") == Outcome.OK
    counts = is_ok & (due >= window.start_ns) & (due < window.end_ns)
    done = np.bincount(samples.column("operation")[counts], minlength=len(operations))
    return {name: int(count) for name, count in zip(operations, done, strict=True) if count}


def _timeline(due: Integers, response: Integers, is_ok: Booleans, window: Window) -> Timeline:
    count = -(-(window.end_ns - window.start_ns) // SLOT_NS)
    slots = (due - window.start_ns) // SLOT_NS
    inside = (slots >= 0) & (slots < count)
    medians = [0] * count
    for slot in np.unique(slots[inside]):
        medians[slot] = int(np.median(response[slots == slot]))

    def per_slot(chosen: Booleans) -> tuple[int, ...]:
        return tuple(map(int, np.bincount(slots[chosen & inside], minlength=count)))

    return Timeline(
        start_ns=window.start_ns,
        slot_ns=SLOT_NS,
        due=per_slot(inside),
        ok=per_slot(is_ok),
        failed=per_slot(~is_ok),
        response_ns=tuple(medians),
    )
