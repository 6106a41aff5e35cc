"""Scenarios of version 1, as recorded runs hold them, are read and give the same trials."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.errors import InputError
from bench.scenario.arrival import Search
from bench.scenario.plan import expand
from bench.scenario.scenario_file import load_scenario, parse_scenario
from tests.unit.analysis.synthetic import scenario_text

ROOT = Path(__file__).parents[3]
RUNS = sorted(ROOT.glob("results/*/run.json"))
SEARCH = 'kind = "search"\nrates_per_s = [10.0, 20.0]\nobjective = {}'
# What version 1 gave for the scenario below.
DIGEST = "b3e1e223227bf12d"


def of_version_1(text: str) -> str:
    return text.replace("schema_version = 2", "schema_version = 1")


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.parent.name)
def test_a_recorded_run_has_the_trials_that_it_had(path: Path) -> None:
    record = json.loads(path.read_text(encoding="utf-8"))
    scenario = parse_scenario(record["scenario_text"], str(path))

    assert scenario.digest() == record["scenario_digest"]
    assert expand(scenario).digest == record["plan_digest"]


@pytest.mark.parametrize(
    ("keys", "require", "expected"),
    [
        ("", "p(99)<20ms", "cycle.response.p99 < 20 ms"),
        ('operation = "put"\ntime = "wait"', "p(50) <= 1.5 s", "put.wait.p50 <= 1.5 s"),
        ('operation = "put"', "rate(errors) == 0", "errors == 0"),
        ("", "rate(throughput) >= 5e2/s", "throughput >= 500/s"),
        ("", "rate( operations ) > 20 / s", None),
        ("", "rate(operations) > 20/s", "operation_rate > 20/s"),
        ("", "metric(stored.bytes) < 3 MB", "stored.bytes < 3 MB"),
        ("", "p(50) <= 1.1*baseline", "cycle.response.p50 <= 1.1 x baseline"),
        ("", "rate(operations) >= baseline", "operation_rate >= 1 x baseline"),
        ("", "p(99) < 20", None),
        ("", "q(99) < 20ms", None),
        ("operation = 3", "p(99) < 20ms", None),
    ],
)
def test_a_requirement_is_the_limit_that_it_was(
    keys: str, require: str, expected: str | None
) -> None:
    tables = f'[baseline]\nsubjects = ["a"]\n[[thresholds]]\n{keys}\nrequire = ["{require}"]'
    text = of_version_1(scenario_text("a b", tables=tables))
    if expected is None:
        with pytest.raises(InputError, match=r"^made up: thresholds\.0\.require\.0 = .*: expected"):
            parse_scenario(text, "made up")
        return
    (threshold,) = parse_scenario(text, "made up").thresholds
    assert [str(limit) for limit in threshold.require] == [expected]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("{ at_most_s = 0.05 }", "cycle.response.p99 <= 0.05 s"),
        ('{ metric = "put.service.p50", at_most_s = 2 }', "put.service.p50 <= 2 s"),
    ],
)
def test_an_objective_is_the_limit_that_it_was(given: str, expected: str) -> None:
    text = scenario_text(arrival=SEARCH.replace("{}", given))
    (search,) = parse_scenario(of_version_1(text), "made up").arrivals.values()

    assert isinstance(search, Search)
    assert str(search.objective) == expected
    with pytest.raises(InputError, match=r"arrivals\.some\.objective = .*expected a limit as text"):
        parse_scenario(text, "made up")


def test_a_renewed_search_has_the_trials_that_it_had() -> None:
    digests = {
        parse_scenario(text, "made up").digest()
        for text in (
            of_version_1(scenario_text(arrival=SEARCH.replace("{}", "{ at_most_s = 0.057 }"))),
            scenario_text(arrival=SEARCH.replace("{}", '"cycle.response.p99 <= 57 ms"')),
            scenario_text(arrival=SEARCH.replace("{}", '"cycle.response.p99 <= 0.057 s"')),
        )
    }
    assert digests == {DIGEST}


def test_what_is_no_limit_is_refused_as_in_version_2() -> None:
    path = ROOT / "scenarios" / "smoke.toml"
    text = path.read_text(encoding="utf-8")
    assert parse_scenario(of_version_1(text), "made up") == load_scenario(path)
    for broken in ("thresholds = 3", "thresholds = [3]", "arrivals = []"):
        with pytest.raises(InputError, match=r"^made up: "):
            parse_scenario(f"{broken}\n{of_version_1(text)}", "made up")
