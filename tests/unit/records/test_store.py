"""Records are written once, whole, and read back as they were."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.errors import InputError
from bench.records.run import FORMAT_VERSION, Environment, RunRecord
from bench.records.store import Store
from bench.records.trial import Failure, Reading, TrialRecord, Verification, Window
from bench.scenario.durability import Durability
from bench.scenario.plan import expand
from bench.scenario.scenario_file import load_scenario

SCENARIO = Path(__file__).parents[3] / "scenarios" / "smoke.toml"


def run_record(run_id: str = "20260101T000000Z-smoke") -> RunRecord:
    scenario = load_scenario(SCENARIO)
    plan = expand(scenario)
    environment = Environment(
        host={"system": "Linux", "load_average": "0.1"},
        packages={"redis": "8"},
        python={"version": "3.11.7"},
        servers={"redis": "embedded Redis 8.2"},
        commit="abc",
        dirty=False,
    )
    return RunRecord(
        format_version=FORMAT_VERSION,
        run_id=run_id,
        scenario_name="smoke",
        scenario_text=SCENARIO.read_text(encoding="utf-8"),
        scenario_digest=scenario.digest(),
        plan_digest=plan.digest,
        trials_planned=len(plan.trials),
        started_at="2026-01-01T00:00:00+00:00",
        environment=environment,
    )


def trial_record(number: int = 0) -> TrialRecord:
    trial = expand(load_scenario(SCENARIO)).trials[number]
    return TrialRecord(
        trial=trial,
        status="measured",
        started_at="2026-01-01T00:00:00.000+00:00",
        loop_class="asyncio.unix_events._UnixSelectorEventLoop",
        loop_kind="native",
        interpreter="3.11.7",
        durability=Durability.FSYNC,
        settings={"fsync": "on"},
        server="embedded",
        operations=("put", "cycle"),
        window=Window(1, 2, 3),
        readings=(Reading("loop_lag.p99", 5.0, "ns", "lower", "how late"),),
        errors={"KeyError": 1},
        error_texts={"KeyError": "'x'"},
        verification=Verification(1, 2, 0, 0, 0, ()),
        failure=Failure("X", "y", "open"),
        samples_file=f"{trial.id}.npz",
    )


def test_a_run_is_read_back_as_it_was(tmp_path: Path) -> None:
    store, record = Store(tmp_path), run_record()
    rows = np.arange(16, dtype=np.int64).reshape(2, 8)
    store.begin(record)
    store.add(record.run_id, trial_record(1), rows)
    store.add(record.run_id, replace(trial_record(0), samples_file=None), None)

    run = store.read(record.run_id)

    assert run.record == record
    assert [trial.trial.position for trial in run.trials] == [0, 1]
    assert replace(run.trials[1], samples_bytes=0, samples_sha256="") == trial_record(1)
    assert run.samples(run.trials[1]).column("due").tolist() == [2, 10]


def test_a_verification_of_an_older_record_has_the_counts_that_it_had(tmp_path: Path) -> None:
    store, record = Store(tmp_path), run_record()
    store.begin(record)
    store.add(record.run_id, replace(trial_record(), samples_file=None), None)
    path = tmp_path / record.run_id / "trials" / f"{trial_record().trial.id}.json"
    content = json.loads(path.read_text())
    old = ("threads", "checkpoints", "lost", "corrupted", "unexpected", "problems", "steps")
    content["verification"] = {name: content["verification"][name] for name in old}
    path.write_text(json.dumps(content))

    (trial,) = store.read(record.run_id).trials

    assert trial.verification == Verification(1, 2, 0, 0, 0, ())
    assert trial.verification.passed


def test_finished_trials_are_known_by_their_ids(tmp_path: Path) -> None:
    store, record = Store(tmp_path), run_record()
    store.begin(record)
    assert store.finished(record.run_id) == frozenset()

    store.add(record.run_id, replace(trial_record(), samples_file=None), None)

    assert store.finished(record.run_id) == {trial_record().trial.id}


def test_a_half_written_file_is_no_record(tmp_path: Path) -> None:
    store, record = Store(tmp_path), run_record()
    store.begin(record)
    (tmp_path / record.run_id / "trials" / "abc.partial").write_text("{")

    assert store.finished(record.run_id) == frozenset()
    assert store.read(record.run_id).trials == ()


def test_a_run_is_begun_once(tmp_path: Path) -> None:
    store, record = Store(tmp_path), run_record()
    store.begin(record)

    with pytest.raises(InputError, match="exists already"):
        store.begin(record)


def test_the_newest_run_is_the_last_by_time(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for run_id in ("20260102T000000Z-a", "20260101T000000Z-z"):
        store.begin(run_record(run_id))

    assert store.newest() == "20260102T000000Z-a"


def test_no_run_at_all_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no run"):
        Store(tmp_path).newest()


def test_an_unknown_run_names_the_nearest(tmp_path: Path) -> None:
    Store(tmp_path).begin(run_record("20260102T000000Z-savers"))

    with pytest.raises(InputError, match="Did you mean '20260102T000000Z-savers'"):
        Store(tmp_path).read("20260102T000000Z-saver")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("not json", "not a run's record"),
        ("[]", "not a run's record"),
        ('{"format_version": 99}', "format_version is 99, this program reads 1"),
        ('{"format_version": 1}', "not a run's record: run_id: Field required"),
        ("[" * 100_000, "not a run's record: Invalid JSON: recursion limit exceeded"),
    ],
)
def test_a_damaged_record_is_an_input_error(tmp_path: Path, text: str, expected: str) -> None:
    store, record = Store(tmp_path), run_record()
    store.begin(record)
    (tmp_path / record.run_id / "run.json").write_text(text)

    with pytest.raises(InputError, match=expected):
        store.read(record.run_id)


def test_missing_samples_are_an_input_error(tmp_path: Path) -> None:
    store, record = Store(tmp_path), run_record()
    store.begin(record)
    store.add(record.run_id, trial_record(), None)

    with pytest.raises(InputError, match="cannot read the samples"):
        store.read(record.run_id).samples(trial_record())


def test_what_changes_by_itself_is_no_part_of_the_fingerprint() -> None:
    environment = run_record().environment
    other = replace(environment, host={**environment.host, "load_average": "9"})

    assert environment.fingerprint() == other.fingerprint()
    assert environment.fingerprint() != replace(environment, packages={}).fingerprint()
