"""The table that says whether windows are warm as they open."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from benchmarks.warm import changes, table
from tests.unit.analysis.paced import Paced, paced_run
from tests.unit.analysis.synthetic import MS


def test_the_beginning_is_compared_with_the_rest_trial_by_trial(tmp_path: Path) -> None:
    run = paced_run(tmp_path, lambda trial: Paced(growing=MS // 100))

    ((place, found),) = changes(run, beginning_s=0.5, rest_from_s=1.0).items()

    assert place[-1] == "put"
    # Cycles 0 to 49, and 100 to 199, each 10 µs longer than the one before.
    assert found == [pytest.approx(math.log(3.495 / 2.245))] * 3
    (line,) = table({place: found})
    assert "1.56  (1.56, 1.56, 1.56)  p 0.000  drifts" in line


def test_a_window_without_a_rest_is_left_out(tmp_path: Path) -> None:
    assert changes(paced_run(tmp_path, lambda trial: Paced())) == {}
