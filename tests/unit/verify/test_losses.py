"""How many acknowledged writes are gone, and how old the oldest was."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.handover.acknowledgements import Acknowledged, ChainLog, Put
from bench.verify.differences import Discrepancy, Losses, losses

KEY = ("thread", "")
LOG = Acknowledged(
    {
        "thread": {
            "": ChainLog(
                *KEY,
                puts={"1": Put("", 100), "2": Put("1", 250), "3": Put("2", 0)},
                writes={("1", "a"): 2, ("1", "b"): 1, ("2", "a"): 1, ("2", "c"): 0},
                written_ns={"1": 320, "2": 330},
            )
        },
        "other": {"": ChainLog("other", "", puts={"9": Put("", 400)})},
    }
)


@pytest.mark.parametrize(
    ("discrepancies", "expected"),
    [
        ([], (0, 0)),
        ([Discrepancy("lost", KEY, "2", "gone")], (2, 150)),
        # Noticed twice, and with its writes: it is gone once.
        (
            [
                Discrepancy("lost", KEY, "1", "gone"),
                Discrepancy("lost_writes", KEY, "1", "gone", 3),
            ],
            (3, 300),
        ),
        # As old as a call, however long ago its checkpoint was put.
        ([Discrepancy("lost_writes", KEY, "1", "gone", 1)], (1, 80)),
        # A call may have had several values.
        ([Discrepancy("lost_writes", KEY, "1", "gone", 3)], (2, 80)),
        ([Discrepancy("corrupted", KEY, "1", "changed")], (0, 0)),
        ([Discrepancy("lost", ("other", ""), "9", "gone")], (1, 0)),
    ],
)
def test_losses(discrepancies: list[Discrepancy], expected: tuple[int, int]) -> None:
    found = losses(LOG, discrepancies)
    assert (found.count, found.oldest_ns) == expected


@pytest.mark.parametrize(
    ("broken_ns", "expected"),
    [
        # Nobody knows of a discrepancy: all of the log is one time, and the age ends with it.
        ((), Losses(3, 300, 1)),
        # The second was acknowledged after the discrepancy, so the first one's loss left no gap.
        ((200,), Losses(3, 100, 0)),
        ((260, 900), Losses(3, 160, 1)),
    ],
)
def test_ages_and_gaps_end_where_the_trial_was_broken(
    broken_ns: tuple[int, ...], expected: Losses
) -> None:
    log = replace(LOG, broken_ns=broken_ns)
    assert losses(log, [Discrepancy("lost", KEY, "1", "gone")]) == expected
