"""Windows whose beginning differs from the rest are told, and the table that shows all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.analysis.analyse import analyse
from bench.analysis.summary import summarise
from bench.scenario.plan import expand
from benchmarks.warm import table
from tests.unit.analysis.paced import Paced, paced_run, paced_text
from tests.unit.analysis.synthetic import MS, found, make_run, scenario_text

PRIMARY = 'primary_metrics = ["put.response.p50"]'


@pytest.mark.parametrize(
    ("growing_ns", "said"),
    [(MS // 100, "put.response rose by 51.2 % after the first half second"), (MS // 1000, "")],
)
def test_a_beginning_that_differs_is_told(tmp_path: Path, growing_ns: int, said: str) -> None:
    run = paced_run(tmp_path, lambda trial: Paced(growing=growing_ns), paced_text(top=PRIMARY))
    finding = found(analyse(run), "beginning_differs")
    (line,) = table(summarise(run, expand(run.scenario).trials))

    assert (finding is not None) == bool(said)
    assert said in (finding.message if finding else "")
    assert line.endswith("beginning_differs" if said else "  ")


def test_a_short_window_has_no_beginning(tmp_path: Path) -> None:
    run = make_run(tmp_path, text=scenario_text(top=PRIMARY))
    assert [*table(summarise(run, expand(run.scenario).trials))] == []
