"""The verbs ``compact`` and ``trial``: a run in one file, and one trial of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hdrh.histogram import HdrHistogram

from bench.analysis.trial_summary import summarise_trial
from bench.cli import main
from bench.records.sample import read_samples
from bench.records.store import Run
from bench.scenario.plan import Trial
from tests.unit.analysis.synthetic import MS, Left, Load, healthy, make_run, scenario_text

RUN_ID = "20260101T000000Z-made-up"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return make_run(tmp_path / "results", healthy(put=3 * MS, cycles=40))


@pytest.fixture
def places(run: Run) -> list[str]:
    return ["--results", str(run.directory.parent)]


def shown(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main(arguments) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_run_becomes_one_file(
    run: Run, places: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compact", RUN_ID, *places]) == 0

    assert "records.zip: 0." in capsys.readouterr().out
    names = sorted(path.name for path in run.directory.iterdir())
    assert names == ["records.zip", "run.json"]


def test_a_run_that_wants_another_block_stays_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = "[precision]\nhalf_width = 0.001\nmost_repetitions = 20\nbudget_s = 900"
    text = scenario_text("a b=a", repetitions=5, tables=wanted)
    factors = {"a": 1.0, "b": 1.1}

    def make(trial: Trial) -> Left | None:
        put = round(MS * factors[trial.subject] ** (-1) ** trial.repetition)
        return Left(Load(put=put)) if trial.repetition < 12 else None

    run = make_run(tmp_path, make, text)

    assert main(["compact", RUN_ID, "--results", str(tmp_path)]) == 2
    assert "not precise enough yet" in capsys.readouterr().err
    assert (run.directory / "trials").is_dir()


def test_a_trial_is_shown_with_its_record_and_the_values_of_its_metrics(
    run: Run, places: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    trial = run.trials[1].trial

    found = shown(["trial", RUN_ID, trial.id, *places], capsys)

    assert (found["run_id"], found["trial_id"]) == (RUN_ID, trial.id)
    assert found["record"]["trial"]["repetition"] == trial.repetition
    assert found["operations"] == {"put": 160, "get_tuple": 160, "cycle": 160}
    assert found["values"]["put.response.p50"] == 3 * MS


def test_a_trial_is_shown_from_either_form_alike(
    run: Run, places: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["trial", RUN_ID, run.trials[0].trial.id, *places]
    samples = [tmp_path / "before.npz", tmp_path / "after.npz"]
    before = shown([*arguments, "--samples", str(samples[0])], capsys)
    assert main(["compact", RUN_ID, *places]) == 0
    capsys.readouterr()

    after = shown([*arguments, "--samples", str(samples[1])], capsys)

    assert before == after
    first, second = (read_samples(path).rows.tolist() for path in samples)
    assert first == second
    assert len(first) == 480


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["trial", RUN_ID, "none"], f"{RUN_ID} has no trial 'none'."),
        (["trial", RUN_ID[:-1], "none"], f"Did you mean '{RUN_ID}'?"),
        (["compact", RUN_ID[:-1]], f"Did you mean '{RUN_ID}'?"),
    ],
)
def test_what_does_not_exist_is_an_input_error(
    places: list[str], arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, *places]) == 2
    assert expected in capsys.readouterr().err


def test_a_trial_is_exported_for_tools_of_hdr_histogram(
    run: Run, places: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Read back by the package's own reader: all that was due, to three digits."""
    path = tmp_path / "trial.hlog"
    record = run.trials[0]
    shown(["trial", RUN_ID, record.trial.id, "--hdr", str(path), *places], capsys)

    header, *lines = [line for line in path.read_text("ascii").splitlines() if line[0] != "#"]
    assert header.startswith('"StartTimestamp"')
    counts: dict[str, int] = {}
    for line in lines:
        tag, _, _, longest_ms, encoded = line.split(",")
        histogram = HdrHistogram.decode(encoded)
        name = tag.removeprefix("Tag=")
        counts[name] = counts.get(name, 0) + histogram.get_total_count()
        assert histogram.get_max_value() == pytest.approx(float(longest_ms) * MS, rel=1e-3)
        if name == "put":
            assert histogram.get_value_at_percentile(50) == pytest.approx(3 * MS, rel=1e-3)
    assert counts == dict(summarise_trial(run, record).operations)
