"""Windows whose beginning differs from the rest are told, and the table that shows all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.analysis.analyse import analyse
from bench.analysis.summary import summarise
from bench.analysis.trial_summary import summarise_trial
from bench.records.outcome import COLUMNS
from bench.records.sample import Integers, Samples
from bench.records.store import Run
from bench.records.trial import TrialRecord, Window
from bench.scenario.plan import expand
from bench.stats.steadiness import drifts_over
from benchmarks.warm import table
from tests.unit.analysis.paced import Paced, paced_run, paced_text
from tests.unit.analysis.synthetic import MS, OPERATIONS, START_NS, found, make_run, scenario_text

PRIMARY = 'primary_metrics = ["put.response.p50"]'
CELLS = 60
CLIENTS = 4
WINDOW_S, BEGINNING_S = 3.0, 0.5


@pytest.mark.parametrize(
    ("growing_ns", "code", "said"),
    [
        ([MS // 100] * 3, "beginning_differs", "put.response rose by 51.2 % after the first half"),
        ([MS // 50, 0, 0], "drift_not_known", "put.response rose by 24.4 % after the first half"),
        ([MS // 1000] * 3, "", ""),
    ],
    ids=["all trials", "one trial", "hardly"],
)
def test_a_beginning_that_differs_is_told(
    tmp_path: Path, growing_ns: Sequence[int], code: str, said: str
) -> None:
    run = paced_run(
        tmp_path, lambda trial: Paced(growing=growing_ns[trial.repetition]), paced_text(top=PRIMARY)
    )
    analysis = analyse(run)
    findings = {name: found(analysis, name) for name in ("beginning_differs", "drift_not_known")}
    (line,) = table(summarise(run, expand(run.scenario).trials))

    assert {name for name, finding in findings.items() if finding} == {code} - {""}
    assert all(said in finding.message for finding in findings.values() if finding)
    assert line.endswith(code or "within 10 %")


def test_a_short_window_has_no_beginning(tmp_path: Path) -> None:
    run = make_run(tmp_path, text=scenario_text(top=PRIMARY))
    assert [*table(summarise(run, expand(run.scenario).trials))] == []


class Drawn(Run):
    """Four clients' cycles of a put, back to back; the speed of each wanders within a trial."""

    slower: float
    random: np.random.Generator

    def samples(self, trial: TrialRecord) -> Samples:
        return Samples(np.concatenate([self._client(client) for client in range(CLIENTS)]))

    def _client(self, client: int) -> Integers:
        wander = np.repeat(np.convolve(self.random.normal(0.0, 0.05, 43), np.ones(4), "valid"), 10)
        took = 10.0 * MS * np.exp(wander + self.random.normal(0.0, 0.4, wander.size))
        took[np.cumsum(took * self.slower) < BEGINNING_S * 1e9] *= self.slower
        due = START_NS + np.cumsum(took) - took
        rows = np.zeros((2, took.size, len(COLUMNS)), dtype=np.int64)
        rows[0, :, 0], rows[1, :, 0] = OPERATIONS.index("put"), OPERATIONS.index("cycle")
        rows[:, :, 1] = client
        for column, values in (("due", due), ("started", due), ("finished", due + took)):
            rows[:, :, COLUMNS.index(column)] = values
        return rows.reshape(-1, len(COLUMNS))


@pytest.mark.parametrize(
    ("slower", "least", "most"), [(1.0, 0.0, 0.05), (1.2, 0.8, 1.0)], ids=["equal", "20 % slower"]
)
def test_equal_beginnings_are_flagged_in_5_of_100_at_most_and_slower_ones_are(
    tmp_path: Path, slower: float, least: float, most: float
) -> None:
    top = 'primary_metrics = ["put.response.p50", "throughput"]'
    made = make_run(tmp_path, text=scenario_text(top=top, clients=CLIENTS))
    run = Drawn(**{name: getattr(made, name) for name in Run.__dataclass_fields__})
    object.__setattr__(run, "slower", slower)
    object.__setattr__(run, "random", np.random.default_rng(1))
    end = START_NS + round(WINDOW_S * 1e9)
    trials = [replace(record, window=Window(START_NS, end, end)) for record in made.trials]
    cells = [[summarise_trial(run, each, ()).beginnings for each in trials] for _ in range(CELLS)]

    for series in ("put.response", "throughput"):
        changes = {n: [trial[series] for trial in cell] for n, cell in enumerate(cells)}
        flagged = sum(drift.is_systematic for drift in drifts_over(changes).values())
        assert least <= flagged / CELLS <= most
