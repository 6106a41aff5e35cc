"""What callers felt of a fault, of samples that are made up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bench.faults._machinery.timeline import SLOT_NS, fault_record
from bench.records.outcome import Outcome
from bench.records.trial import FaultRecord, Strike, Window
from bench.scenario.metric import CYCLE
from tests.unit.analysis.synthetic import MS, OPERATIONS, START_NS, row

WINDOW = Window(START_NS, START_NS + 4 * SLOT_NS, START_NS + 5 * SLOT_NS)
# Broken from 50 to 60 ms until 110 ms, and again from 180 ms on for good.
STRIKES = (
    Strike(START_NS + 50 * MS, START_NS + 60 * MS, START_NS + 110 * MS),
    Strike(START_NS + 180 * MS, START_NS + 190 * MS),
)
ROWS = np.array(
    [
        row(CYCLE, 10 * MS, 5 * MS),
        row(CYCLE, 20 * MS, 7 * MS),
        # Due before it was broken, and done in spite of it.
        row(CYCLE, 55 * MS, 30 * MS),
        row(CYCLE, 65 * MS, 20 * MS, outcome=Outcome.FAILED),
        row(CYCLE, 90 * MS, 40 * MS),
        row(CYCLE, 140 * MS, 5 * MS),
        row(CYCLE, 195 * MS, 5 * MS, outcome=Outcome.TIMED_OUT),
        row("put", 70 * MS, 1 * MS),
    ]
)


def test_an_outage_is_the_longest_time_in_which_some_waited_and_none_succeeded() -> None:
    record = fault_record(STRIKES, ROWS, WINDOW, OPERATIONS)

    assert record.strikes == STRIKES
    # From the success at 85 ms to that at 130 ms, as one was due at 65 ms already.
    assert record.outages_ns == (45 * MS, None)
    assert record.responses_ns == (40 * MS, 5 * MS)
    assert record.recoveries_ns == (20 * MS, None)
    assert record.done == {CYCLE: 5, "put": 1}


def test_a_later_gap_counts_and_so_does_who_waited_while_others_were_served() -> None:
    rows = np.array(
        [
            row(CYCLE, 61 * MS, 1 * MS),
            row(CYCLE, 62 * MS, 400 * MS),
            row(CYCLE, 100 * MS, 90 * MS, outcome=Outcome.FAILED),
            row(CYCLE, 195 * MS, 5 * MS),
        ]
    )
    record = fault_record(STRIKES[:1], rows, WINDOW, OPERATIONS)

    assert record.outages_ns == (138 * MS,)
    assert record.responses_ns == (90 * MS,)
    late = replace(WINDOW, drained_ns=START_NS + 500 * MS)
    record = fault_record(STRIKES[:1], rows, late, OPERATIONS)
    assert record.outages_ns == (262 * MS,)
    assert record.responses_ns == (400 * MS,)


def test_the_timeline_counts_cycles_by_when_they_were_due() -> None:
    timeline = fault_record(STRIKES, ROWS, WINDOW, OPERATIONS).timeline

    assert timeline is not None
    assert (timeline.start_ns, timeline.slot_ns) == (START_NS, 50 * MS)
    assert timeline.due == (2, 3, 1, 1)
    assert timeline.ok == (2, 2, 1, 0)
    assert timeline.failed == (0, 1, 0, 1)
    assert timeline.response_ns == (6 * MS, 30 * MS, 5 * MS, 5 * MS)


def test_a_load_that_ended_before_the_fault_has_no_outage() -> None:
    assert fault_record((), ROWS, WINDOW, OPERATIONS) == FaultRecord()


def test_callers_that_died_felt_nothing() -> None:
    assert fault_record(STRIKES[:1], None, None, OPERATIONS) == FaultRecord(STRIKES[:1])
