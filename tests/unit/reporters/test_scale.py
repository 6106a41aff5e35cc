"""A run of 200 cells is read once, and its page stays small."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.analysis.analyse import analyse
from bench.records.sample import Samples
from bench.records.store import Run
from bench.records.trial import TrialRecord
from tests.unit.analysis.synthetic import healthy, make_run, scenario_text
from tests.unit.reporters.telling import html

SUBJECTS = [f"s{at}" for at in range(20)]
ARRIVALS = {f"clients-{count}": count for count in range(1, 11)}
MOST_BYTES = 3_000_000


def scenario(repetitions: int) -> str:
    arrivals = "\n".join(
        f'[arrivals.{label}]\nkind = "closed"\nclients = {count}'
        for label, count in ARRIVALS.items()
    )
    return scenario_text(
        subjects=" ".join(SUBJECTS),
        arrivals=" ".join(ARRIVALS),
        repetitions=repetitions,
        tables=f'{arrivals}\n[baseline]\nsubjects = ["s0"]',
    )


@pytest.mark.slow
def test_each_trial_is_read_once_and_the_page_is_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    samples = Run.samples

    def counted(run: Run, trial: TrialRecord) -> Samples:
        read.append(trial.trial.id)
        return samples(run, trial)

    run = make_run(tmp_path, healthy(), scenario(repetitions=1))
    monkeypatch.setattr(Run, "samples", counted)
    analysis = analyse(run)

    assert len(analysis.cells) == 200
    assert sorted(read) == sorted(record.trial.id for record in run.trials)
    assert len(html(analysis).encode()) < MOST_BYTES
