"""What a run says of savers, loads and states as people had them: from the scenario to its code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench.analysis.analyse import analyse
from bench.analysis.result import Analysis
from bench.cli import main
from bench.records.store import Store
from bench.records.trial import Verification
from tests.services._platforms import needs_redis
from tests.their_plugins import TYPES

pytestmark = [pytest.mark.services, needs_redis]

THEIRS = "tests.their_plugins"
FAST = {"postgres": 'synchronous_commit = "off"', "redis": 'persistence = "none"'}


def text_of(
    subjects: dict[str, str],
    workload: str = 'use = "append_steps"',
    payload: str = 'use = "nested"',
    arrival: str = "clients = 2",
    duration_s: float = 0.2,
) -> str:
    described = "\n\n".join(f"[subjects.{label}]\n{use}" for label, use in subjects.items())
    return f"""
schema_version = 2
question = "Is it told as it is?"
seed = 11
repetitions = 1
warmup_s = 0.05
warmup_cycles = 1
duration_s = {duration_s}
verify_s = 0.2
conformance = false
crash_check = false
probes = []
primary_metrics = ["cycle.response.p50"]

[baseline]
subjects = ["{next(iter(subjects))}"]
across_durability = true

{described}

[workloads.work]
{workload}

[payloads.state]
{payload}

[arrivals.some]
kind = "closed"
{arrival}

[sweeps.all]
subjects = {list(subjects)}
workloads = ["work"]
payloads = ["state"]
arrivals = ["some"]
loops = ["selector"]
"""


def plain(*names: str) -> dict[str, str]:
    return {name: f'use = "{name}"\noptions = {{ {FAST.get(name, "")} }}' for name in names}


def ran(directory: Path, text: str) -> tuple[int, Analysis, dict[str, Verification]]:
    path = directory / "theirs.toml"
    path.write_text(text, encoding="utf-8")
    places = ["--results", str(directory / "results"), "--reports", str(directory / "reports")]
    code = main(["run", str(path), *places])
    store = Store(directory / "results")
    run = store.read(store.newest())
    verified = {t.trial.subject: t.verification for t in run.trials if t.verification is not None}
    return code, analyse(run), verified


def told_of(analysis: Analysis) -> dict[str, str]:
    """Return by subject why it is compared with nothing, or why it was not measured."""
    return {
        cell.subject: cell.unusable_because("cycle.response.p50") or cell.reason
        for cell in analysis.cells
    }


def compared(analysis: Analysis) -> set[str]:
    """Return the subjects whose cycles are compared with those of the baseline."""
    primary = (one for one in analysis.comparisons if one.metric.name == "cycle.response.p50")
    return {one.candidate for one in primary}


def test_writers_of_one_file_that_do_not_wait_are_told_and_not_compared(tmp_path: Path) -> None:
    subjects = {
        "shared": 'use = "sqlite"',
        "per-client": 'use = "sqlite"\noptions = { saver_per = "client" }',
        "no-patience": f'use = "{THEIRS}:impatient"\noptions = {{ saver_per = "client" }}',
    }
    code, analysis, verified = ran(tmp_path, text_of(subjects, arrival="clients = 8"))

    assert code == 3
    told = told_of(analysis)
    assert (told["shared"], told["per-client"]) == ("", "")
    assert re.fullmatch(
        r"[0-9.]+ % of its cycles failed \(OperationalError: database is locked\)",
        told["no-patience"],
    )
    assert compared(analysis) == {"per-client"}
    assert all(one.passed for one in verified.values())


def test_a_pool_that_hands_out_ended_connections_is_told_and_one_that_checks_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def subject(is_checked: str) -> dict[str, str]:
        return {"theirs": f'use = "{THEIRS}:Ended"\noptions = {{ is_checked = {is_checked} }}'}

    _, analysis, verified = ran(tmp_path, text_of(subject("true"), arrival="clients = 1"))
    assert "connection" not in told_of(analysis)["theirs"]
    assert verified["theirs"].passed

    path = tmp_path / "ended.toml"
    path.write_text(text_of(subject("false"), arrival="clients = 1"), encoding="utf-8")
    places = ["--results", str(tmp_path / "ended"), "--reports", str(tmp_path / "ended")]
    # The try finds it out, or the run where anything succeeded in the try.
    assert main(["run", str(path), *places]) in (2, 3)
    told = " ".join("".join(capsys.readouterr()).split())
    assert "terminating connection" in told or "server closed the connection" in told


def test_puts_that_are_given_up_half_way_lose_nothing_and_are_not_compared(tmp_path: Path) -> None:
    subjects = {
        "pool": 'use = "postgres"\noptions = { pool_size = 5, saver_per = "trial" }',
        "pipeline": 'use = "postgres"\noptions = { connection = "pipeline" }',
        **plain("sqlite", "redis"),
    }
    code, analysis, verified = ran(
        tmp_path,
        text_of(
            subjects,
            f'use = "{THEIRS}:Endless"\noptions = {{ threads_per_client = 1, steps_per_turn = 1 }}',
            'use = "messages"\noptions = { state_bytes = 20_000 }',
            "clients = 8\ntimeout_s = 0.5",
            duration_s=1.0,
        ),
    )

    assert code == 3
    told = told_of(analysis)
    assert set(told) == set(subjects)
    for because in told.values():
        assert re.search("cut off|never started|pipeline aborted", because)
    assert compared(analysis) == set()
    assert [name for name, one in verified.items() if not one.passed] == []


def test_subgraphs_that_keep_checkpoints_of_their_own_accuse_no_right_saver(tmp_path: Path) -> None:
    subjects = plain("memory", "sqlite", "postgres", "redis")
    workload = f'use = "{THEIRS}:FanOut"'
    code, analysis, verified = ran(tmp_path, text_of(subjects, workload, duration_s=1.0))

    assert code == 0
    assert {name: one.passed for name, one in verified.items()} == dict.fromkeys(subjects, True)
    assert {name for name, one in verified.items() if one.listing_problems} == {"redis"}
    (listing,) = (one for one in analysis.findings if one.code == "listing_wrong")
    assert re.match(r"redis: [0-9]+ checkpoints of other namespaces listed", listing.message)
    assert all(cell.invalid_because == "" for cell in analysis.cells)


def test_types_that_a_saver_changes_are_named_by_channel_expected_and_found(tmp_path: Path) -> None:
    subjects = plain("memory", "sqlite", "redis")
    code, analysis, verified = ran(tmp_path, text_of(subjects, payload=f'use = "{THEIRS}:Typed"'))

    assert code == 4
    changed = {
        name: {each for each in TYPES if f"[{each!r}]" in one.problems[0]}
        for name, one in verified.items()
    }
    by_serde = {"dataclass", "defaultdict", "counter", "tuple"}
    by_json = {"pydantic", "nan", "datetime", "decimal", "enum", "int_keys"}
    assert changed == {"memory": by_serde, "sqlite": by_serde, "redis": by_serde | by_json}
    assert (
        "channel 'channel_0' came back changed: ['dataclass']: expected Made("
        in (verified["sqlite"].problems[0])
    )
    assert all(" came back changed in " in cell.invalid_because for cell in analysis.cells)
