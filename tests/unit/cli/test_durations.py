"""How long measuring will take: the checks, and the trials."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench.cli.durations import Durations, in_words, taken_s
from bench.discovery import load
from bench.measure._host import read_host
from bench.records.store import Store
from bench.scenario.plan import Trial, expand
from bench.scenario.scenario_file import parse_scenario
from tests.unit.analysis.synthetic import Left, Load, Make, make_run

RESULTS = Path(__file__).parents[3] / "results"
TEXT = """
schema_version = 2
question = "Which?"
{checks}
[subjects]
memory = {{ use = "memory" }}
again = {{ same_as = "memory" }}
redis = {{ use = "redis" }}
[workloads.steps]
use = "append_steps"
"""


@pytest.mark.parametrize(
    ("checks", "expected"),
    [
        # 2 s in memory and 4.5 s with a server; the A/A arm is the same subject.
        ("", 6.5),
        ("conformance = false", 3.25),
        ("crash_check = false", 3.25),
        ("conformance = false\ncrash_check = false", 0.0),
    ],
)
def test_the_checks_of_each_distinct_subject_count(checks: str, expected: float) -> None:
    scenario = parse_scenario(TEXT.format(checks=checks), "text")
    plan, durations = expand(scenario), Durations()

    least, most = durations.minutes_of(scenario, plan)

    assert 60 * least - durations.expected_s(scenario, plan.trials) == pytest.approx(expected)
    assert most == least


def beside_s(durations: Durations) -> dict[str, float]:
    """Return by subject what a trial of ``TEXT`` is expected to take beside its window."""
    scenario = parse_scenario(TEXT.format(checks=""), "text")
    return {
        trial.subject: durations.trial_s(scenario, trial) - trial.warmup_s - trial.duration_s
        for trial in expand(scenario).trials
    }


def test_a_server_says_what_a_trial_on_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load("server", "redis"), "beside_s", 60.0)

    assert beside_s(Durations()) == pytest.approx({"memory": 1.0, "again": 1.0, "redis": 60.0})


def test_what_trials_of_this_machine_took_goes_before_the_newest_first(tmp_path: Path) -> None:
    def taking(longer_s: float) -> Make:
        def make(trial: Trial) -> Left | None:
            took_s = trial.warmup_s + trial.duration_s + longer_s
            return Left(Load(), {"took_s": took_s}) if trial.subject == "memory" else None

        return make

    here, elsewhere = read_host(), {"cpu_model": "another", "cores": "64"}
    for day, longer_s, host in ((1, 5.0, here), (2, 4.0, here), (3, 9.0, elsewhere)):
        run_id = f"2026010{day}T000000Z-made-up"
        make_run(tmp_path, taking(longer_s), TEXT.format(checks=""), run_id, host=host)

    known = beside_s(Durations.here(Store(tmp_path)))

    assert known == pytest.approx({"memory": 4.0, "again": 4.0, "redis": 2.6})


def test_a_subject_that_is_called_as_a_server_is_not_taken_for_it(tmp_path: Path) -> None:
    text = TEXT.format(checks="").replace('use = "memory"', 'use = "redis_shallow"')

    def make(trial: Trial) -> Left | None:
        took_s = trial.warmup_s + trial.duration_s + (1.0 if trial.subject == "redis" else 9.0)
        return Left(Load(), {"took_s": took_s}) if trial.arrival == "one" else None

    text += """
[arrivals.one]
kind = "closed"
clients = 1
[arrivals.same_amount]
kind = "closed"
clients = 1
think_s = 0.1
"""
    run = make_run(tmp_path, make, text)
    durations = Durations([taken_s(run)])
    expected = {
        trial.subject: durations.trial_s(run.scenario, trial) - trial.warmup_s - trial.duration_s
        for trial in expand(run.scenario).trials
        if trial.arrival == "same_amount"
    }

    assert expected == pytest.approx({"memory": 9.0, "again": 9.0, "redis": 1.0})


def test_what_was_not_measured_tells_nothing(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left:
        is_failed = trial.subject == "redis"
        took_s = 0.01 if is_failed else trial.warmup_s + trial.duration_s + 4.0
        status = "failed" if is_failed else "measured"
        return Left(Load(), {"took_s": took_s, "status": status})

    known = beside_s(Durations([taken_s(make_run(tmp_path, make, TEXT.format(checks="")))]))

    assert known == pytest.approx({"memory": 4.0, "again": 4.0, "redis": 2.6})


@pytest.mark.parametrize(
    ("ends", "expected"),
    [((0.6, 0.6), "36 s"), ((0.3, 0.5), "18 to 30 s"), ((0.3, 1.1), "0.3 to 1.1 minutes")],
)
def test_less_than_a_minute_is_told_in_seconds(ends: tuple[float, float], expected: str) -> None:
    assert in_words(*ends) == expected


def test_the_rest_of_a_recorded_run_takes_what_its_beginning_announces() -> None:
    store = Store(RESULTS)
    run = store.read(next(name for name in store.run_ids() if name.endswith("-savers")))
    first = [record for record in run.trials if record.trial.repetition < 2]
    rest = [record for record in run.trials if record.trial.repetition >= 2]

    announced_s = Durations([taken_s(replace(run, trials=tuple(first)))]).expected_s(
        run.scenario, (record.trial for record in rest)
    )

    assert announced_s == pytest.approx(sum(record.took_s for record in rest), rel=0.15)
