"""Runs that go on until their ratios are precise: through the command line, in real workers."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench.cli import main
from bench.records.store import Store
from bench.scenario.plan import Trial
from tests.unit.analysis.synthetic import MS, Left, Load, measure_nothing

SCENARIO = """
schema_version = 2
question = "How often?"
seed = 3
repetitions = 4
warmup_s = 0.05
conformance = false
crash_check = false
duration_s = 0.1
verify_s = 0.05
probes = []

[precision]
half_width = {half_width}
most_repetitions = 6
budget_s = {budget_s}

[baseline]
subjects = ["first"]

[subjects.first]
use = "memory"

[subjects.second]
use = "memory"

[workloads.steps]
use = "append_steps"

[payloads.small]
use = "nested"

[arrivals.one]
kind = "closed"
clients = 1
think_s = 0.001

[sweeps.all]
subjects = ["first", "second"]
workloads = ["steps"]
payloads = ["small"]
arrivals = ["one"]
loops = ["selector"]
"""


class Bench:
    """The command line with places of its own."""

    def __init__(self, directory: Path, half_width: float, budget_s: float) -> None:
        self.path = directory / "wanted.toml"
        text = SCENARIO.format(half_width=half_width, budget_s=budget_s)
        self.path.write_text(text, encoding="utf-8")
        self.store = Store(directory / "results")
        self._places = ["--results", str(directory / "results"), "--reports", str(directory / "r")]

    def run(self, *options: str) -> int:
        return main(["run", str(self.path), *options, *self._places])

    def repetitions(self) -> list[int]:
        run = self.store.read(self.store.newest())
        return sorted(record.trial.repetition for record in run.trials)


@pytest.fixture(autouse=True)
def early_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look from the third block on: ten take too long here."""
    monkeypatch.setattr("bench.analysis.precision.FIRST_LOOK", 3)


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trials that nobody measures; each reading of the runner's clock is a second later."""

    def make(trial: Trial) -> Left:
        later = trial.repetition * MS // 100 if trial.subject == "second" else 0
        return Left(Load(put=2 * MS + later))

    measure_nothing(monkeypatch, make)
    clock = SimpleNamespace(monotonic=count().__next__)
    monkeypatch.setattr("bench.measure.runner.time", clock)


@pytest.mark.usefixtures("made_up")
def test_what_is_precise_gets_no_more_blocks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = Bench(tmp_path, half_width=10.0, budget_s=600.0)

    assert bench.run() == 0
    assert bench.repetitions() == [0, 0, 1, 1, 2, 2, 3, 3]
    told = capsys.readouterr().out
    assert "8 of 8 trials" in told
    assert "another block" not in told

    assert bench.run("--resume") == 2
    assert "is complete" in capsys.readouterr().err


def test_what_never_is_gets_all_blocks_and_resumes_at_the_one_that_is_lacking(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = Bench(tmp_path, half_width=1e-9, budget_s=600.0)

    assert bench.run() == 0
    assert bench.repetitions() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    told = capsys.readouterr().out
    assert told.count("another block of all · steps · small · one: the interval of") == 2
    assert "trial 12/12" in told
    assert "12 of 12 trials" in told
    run = bench.store.read(bench.store.newest())
    reports = tmp_path / "r" / run.record.run_id
    assert "precision_not_reached" in (reports / "analysis.json").read_text(encoding="utf-8")

    assert all(record.took_s > 0.0 for record in run.trials)
    for record in run.trials[9:]:
        (run.directory / "trials" / f"{record.trial.id}.json").unlink()
    assert bench.run("--resume") == 0
    assert bench.repetitions() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    # The fifth block had begun; only the sixth is asked for again.
    assert capsys.readouterr().out.count("another block of") == 1
    assert bench.run("--resume") == 2


@pytest.mark.usefixtures("made_up")
def test_a_budget_that_is_spent_ends_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bench = Bench(tmp_path, half_width=1e-9, budget_s=0.01)

    assert bench.run() == 0
    assert bench.repetitions() == [0, 0, 1, 1, 2, 2, 3, 3]
    told = capsys.readouterr().out
    assert told.count("no more blocks of all · steps · small · one: the trials took") == 1
    assert bench.run("--resume") == 2
