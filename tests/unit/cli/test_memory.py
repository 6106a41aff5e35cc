"""What a plan says of memory before anything is measured."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from bench.cli import main
from bench.cli.memory import expected_bytes, warnings
from bench.scenario.plan import expand
from bench.scenario.scenario_file import parse_scenario

MB = 1_000_000
CLOSED = 'kind = "closed"\nclients = 2'
CONSTANT = 'kind = "constant"\nrate_per_s = 5\nmax_in_flight = 2'


def text(
    subject: str = "memory",
    arrival: str = CLOSED,
    payload: str = "state_bytes = 10_000_000",
    top: str = "",
) -> str:
    return f"""
schema_version = 2
question = "Does it fit?"
warmup_s = 1.0
duration_s = 9.0
{top}
[subjects.it]
use = "{subject}"
[workloads.steps]
use = "append_steps"
[payloads.big]
use = "messages"
options = {{ {payload} }}
[arrivals.load]
{arrival}
"""


@pytest.mark.parametrize(
    ("given", "expected_mb"),
    [
        # 100 MB of the worker, 3 × 2 states under way; kept are two of each of 2 × 16 cycles, and
        # of those of 10 s at 26.1 ms.
        (text(), 100 + 10 * (6 + 2 * (32 + 10 / 0.0261))),
        (text(arrival=f"{CLOSED}\nthink_s = 0.1"), 100 + 10 * (6 + 2 * (32 + 200))),
        (text(arrival=CONSTANT), 100 + 10 * (6 + 2 * (32 + 50))),
        # It keeps nothing in its process, or no copies.
        (text("sqlite"), 160),
        (text("null"), 160),
        # At most 8 turns, the default of the workload: 4.5 increments on average.
        (text("sqlite", payload='state_bytes = 1_000_000, growth = "by_turn"'), 100 + 6 * 4.5),
    ],
)  # fmt: skip
def test_a_worker_takes_what_is_under_way_and_what_its_saver_keeps(
    given: str, expected_mb: float
) -> None:
    scenario = parse_scenario(given, "a.toml")

    found = expected_bytes(scenario, expand(scenario).trials[0])

    assert found == pytest.approx(expected_mb * MB, rel=1e-3)


def test_a_payload_without_a_size_says_nothing() -> None:
    sized = '"messages"\noptions = { state_bytes = 10_000_000 }'
    scenario = parse_scenario(text().replace(sized, '"application_state"'), "a.toml")

    assert expected_bytes(scenario, expand(scenario).trials[0]) is None


@pytest.mark.parametrize(("limit", "is_told"), [(1_000 * MB, True), (100_000 * MB, False)])
def test_a_plan_warns_where_a_worker_takes_more_than_it_may(
    limit: int, is_told: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "big.toml"
    path.write_text(text(top=f"worker_memory_bytes = {limit}"))

    assert main(["plan", str(path), "--results", str(tmp_path)]) == 0

    told = " ".join(capsys.readouterr().out.split())
    expected = "it with the payload big at load takes about 8.46 GB of memory, and a worker may"
    assert (expected in told) == is_told


def test_without_a_limit_it_is_what_the_machine_can_spare(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    free = SimpleNamespace(available=2_500 * MB)
    monkeypatch.setattr("bench.measure.worker_process.psutil.virtual_memory", lambda: free)
    monkeypatch.setattr("bench.measure.worker_process.memory_limit", lambda: None)
    scenario = parse_scenario(text(), "a.toml")

    (told,) = warnings(scenario, expand(scenario))

    assert "may take 2 GB (worker_memory_bytes): its trials will be ended" in told
