"""Samples: the three times, the window, and storing them without loss."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.records.outcome import COLUMNS
from bench.records.sample import Samples, read_raw, read_samples, write_samples

# operation, client, due, started, lock wait, pool wait, finished, outcome
ROWS = np.array(
    [[0, 0, 100, 110, 2, 3, 150, 0], [1, 0, 150, 150, 0, 0, 400, 1], [0, 1, 300, 350, 1, 0, 360, 0]]
)


def test_the_three_times_are_differences_of_the_instants() -> None:
    samples = Samples(ROWS)

    assert samples.column("wait").tolist() == [10, 0, 50]
    assert samples.column("service").tolist() == [40, 250, 10]
    assert samples.column("response").tolist() == [50, 250, 60]


def test_the_window_is_about_when_an_operation_was_due() -> None:
    assert Samples(ROWS).due_within(101, 300).column("due").tolist() == [150]


def test_operations_are_told_apart() -> None:
    assert len(Samples(ROWS).of(0)) == 2


def test_a_wrong_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(n, 8\)"):
        Samples(np.zeros((2, 7), dtype=np.int64))


@given(st.lists(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=8, max_size=8), max_size=20))
def test_storing_loses_nothing(rows: list[list[int]]) -> None:
    array = np.array(rows, dtype=np.int64).reshape(-1, 8)
    with tempfile.TemporaryDirectory() as name:
        write_samples(Path(name) / "samples.npz", array)
        found = read_samples(Path(name) / "samples.npz")

    assert array.tolist() == np.column_stack([found.column(name) for name in COLUMNS]).tolist()


def test_what_a_worker_wrote_is_read(tmp_path: Path) -> None:
    path = tmp_path / "samples.bin"
    ROWS.astype(np.int64).tofile(path)

    assert ROWS.tolist() == read_raw(path).tolist()
