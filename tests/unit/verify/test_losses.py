"""How many acknowledged writes are gone, and how old the oldest was."""

from __future__ import annotations

import pytest

from bench.handover.acknowledgements import Acknowledged, ChainLog, Put
from bench.verify.differences import Fault, losses

KEY = ("thread", "")
LOG = Acknowledged(
    {
        "thread": {
            "": ChainLog(
                *KEY,
                puts={"1": Put("", 100), "2": Put("1", 250), "3": Put("2", 0)},
                writes={("1", "a"): 2, ("1", "b"): 1, ("2", "a"): 1, ("2", "c"): 0},
            )
        },
        "other": {"": ChainLog("other", "", puts={"9": Put("", 400)})},
    }
)


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        ([], (0, 0)),
        ([Fault("lost", KEY, "2", "gone")], (2, 150)),
        # Noticed twice, and with its writes: it is gone once.
        ([Fault("lost", KEY, "1", "gone"), Fault("lost_writes", KEY, "1", "gone", 3)], (3, 300)),
        ([Fault("lost_writes", KEY, "1", "gone", 1)], (1, 300)),
        # A call may have had several values.
        ([Fault("lost_writes", KEY, "1", "gone", 3)], (2, 300)),
        ([Fault("corrupted", KEY, "1", "changed")], (0, 0)),
        ([Fault("lost", ("other", ""), "9", "gone")], (1, 0)),
    ],
)
def test_losses(faults: list[Fault], expected: tuple[int, int]) -> None:
    assert losses(LOG, faults) == expected
