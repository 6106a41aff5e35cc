"""Coding samples is undone exactly, for every 64-bit integer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.records.archive import decode, encode
from bench.records.outcome import COLUMNS

ANY = st.integers(-(2**63), 2**63 - 1)


@given(st.lists(st.lists(ANY, min_size=8, max_size=8), max_size=20))
def test_coding_is_undone_exactly_and_in_order(rows: list[list[int]]) -> None:
    array = np.array(rows, dtype=np.int64).reshape(-1, 8)

    content = encode(array)

    assert len(content) == 64 * len(rows)
    assert array.tolist() == decode(content).rows.tolist()


def test_small_differences_become_small_numbers_with_their_low_bytes_first() -> None:
    # operation, client, due, started, lock wait, pool wait, finished, outcome
    rows = np.array([[3, 0, 90, 97, 0, 0, 100, 1], [3, 1, 120, 110, 0, 0, 101, 0]])

    planes = np.frombuffer(encode(rows), dtype=np.uint8).reshape(len(COLUMNS), 8, 2)

    assert planes[:, 0].tolist() == [
        [6, 6],  # 3 and 3, zig-zag coded
        [0, 2],
        [14, 19],  # waits of 7 and −10
        [6, 17],  # services of 3 and −9
        [0, 0],
        [0, 0],
        [200, 2],  # 100, then 1 later
        [2, 0],
    ]
    assert not planes[:, 1:].any()


def test_what_is_no_whole_number_of_samples_is_refused() -> None:
    with pytest.raises(ValueError, match="65 bytes are no whole number of samples"):
        decode(b"\0" * 65)
