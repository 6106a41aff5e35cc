"""What claims need of a scenario: the cells that are judged and the A/A arms, nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.claims.claim import ClaimsFile, Judgement, claims_of, load_claims
from bench.claims.claim_scenario import measured_scenario, run_name, scenario_for
from bench.errors import InputError
from bench.scenario.plan import expand
from bench.scenario.scenario import Scenario
from bench.scenario.scenario_file import load_scenario, parse_scenario
from bench.scenario.toml_file import parse_model

ROOT = Path(__file__).parents[3]
TEXT = """
schema_version = 2
question = "Which?"
seed = 7
repetitions = 3
warmup_s = 0.1
duration_s = 0.2
thresholds = []

[baseline]
subjects = ["base", "other"]

[subjects.base]
use = "memory"
[subjects.again]
same_as = "base"
[subjects.fast]
use = "memory"
[subjects.other]
use = "null"

[workloads.steps]
use = "append_steps"
[workloads.graph]
use = "run_graph"
[payloads.1k]
use = "messages"
[payloads.50k]
use = "messages"

[arrivals.one]
kind = "closed"
clients = 1
[arrivals.many]
kind = "closed"
clients = 8

[sweeps.main]
subjects = ["other", "fast", "again", "base"]
workloads = ["steps"]
payloads = ["1k", "50k"]
arrivals = ["one", "many"]
loops = ["selector"]
repetitions = 5

[sweeps.loops]
subjects = ["fast", "other"]
workloads = ["graph"]
payloads = ["1k"]
arrivals = ["one"]
loops = ["selector", "uvloop"]
duration_s = 0.7
aside = true
"""


def judgements(*tables: str) -> tuple[Judgement, ...]:
    text = (
        'schema_version = 2\ndocument = "S9"\nfile = "nine.txt"\nsystem = "A saver"\n'
        '[claims.it]\nkind = "ratio"\nstatement = "It is."\nwhy = "So."\n'
        + "\n".join(f'[[claims.it.{table}\nscenario = "made-up"' for table in tables)
    )
    (claim,) = claims_of(parse_model(text, "made up", ClaimsFile))
    return claim.judgements


def derived(*tables: str) -> Scenario:
    return scenario_for(parse_scenario(TEXT, "made up"), judgements(*tables))


def bound(**keys: Any) -> str:
    lines = [f"{key} = {value!r}".replace("'", '"') for key, value in keys.items()]
    return "\n".join(['bounds]]\nrequire = ["errors <= 0"]', *lines])


RATIO = """ratios]]
pairs = [{ candidate = "fast", baseline = "other" }]
require = ["throughput >= 1 x baseline"]
workloads = ["steps"]"""
SCALING = """scalings]]
subjects = ["fast"]
require = ["throughput of many >= 1 x one"]"""


def test_only_what_is_judged_is_measured_beside_the_arms_that_are_measured_twice() -> None:
    found = derived(bound(subjects=["fast"], payloads=["50k"], arrivals=["many"]))

    assert list(found.sweeps) == ["main"]
    sweep = found.sweeps["main"]
    assert sweep.subjects == ("fast", "again", "base")
    assert (sweep.workloads, sweep.payloads, sweep.arrivals) == (("steps",), ("50k",), ("many",))
    assert list(found.subjects) == ["base", "again", "fast"]
    assert [list(getattr(found, t)) for t in ("workloads", "payloads", "arrivals")] == [
        ["steps"],
        ["50k"],
        ["many"],
    ]
    assert found.baseline.subjects == ("base",)


def test_what_is_not_about_labels_stays() -> None:
    whole = parse_scenario(TEXT, "made up")
    found = derived(bound(subjects=["other"]))

    kept = ("seed", "repetitions", "warmup_s", "duration_s", "probes", "primary_metrics")
    assert [getattr(whole, key) for key in kept] == [getattr(found, key) for key in kept]
    assert found.sweeps["main"].repetitions == 5
    assert found.sweeps["loops"].duration_s == 0.7
    assert found.sweeps["loops"].aside


def test_a_pair_is_measured_with_both_its_sides() -> None:
    found = derived(RATIO)

    assert found.sweeps["main"].subjects == ("other", "fast", "again", "base")
    assert list(found.sweeps) == ["main"]


def test_what_a_bound_is_counted_above_is_measured_too() -> None:
    found = derived(bound(subjects=["fast"], above="other", workloads=["graph"]))

    assert found.sweeps["loops"].subjects == ("fast", "other")


def test_a_scaling_is_measured_at_both_its_ends_and_nowhere_between() -> None:
    text = TEXT.replace('["one", "many"]', '["one", "mid", "many"]')
    text += '[arrivals.mid]\nkind = "closed"\nclients = 4\n'

    found = scenario_for(parse_scenario(text, "made up"), judgements(SCALING))

    assert found.sweeps["main"].arrivals == ("one", "many")


def test_what_several_judgements_select_is_joined() -> None:
    found = derived(
        bound(subjects=["fast"], loops=["uvloop"]),
        bound(subjects=["other"], loops=["selector"], workloads=["graph"]),
    )

    assert list(found.sweeps) == ["loops"]
    assert found.sweeps["loops"].subjects == ("fast", "other")
    assert found.sweeps["loops"].loops == ("selector", "uvloop")


def test_an_arm_that_is_measured_twice_keeps_its_subject_in_the_table() -> None:
    text = TEXT.replace('["fast", "other"]', '["again", "other"]')

    found = scenario_for(
        parse_scenario(text, "made up"), judgements(bound(subjects=["again"], workloads=["graph"]))
    )

    assert found.sweeps["loops"].subjects == ("again",)
    assert found.resolve("again").use == "memory"


@pytest.mark.parametrize(
    "keys", [{"subjects": ["gone"]}, {"subjects": ["fast"], "payloads": ["1g"]}]
)
def test_a_scenario_without_what_is_judged_is_an_input_error(keys: Any) -> None:
    with pytest.raises(InputError, match="measures nothing that the claims are judged on"):
        derived(bound(**keys))


def test_a_run_has_a_name_of_its_own_and_is_judged_as_its_scenario() -> None:
    assert run_name("savers") == "savers-claims"
    assert measured_scenario("savers-claims") == "savers"
    assert measured_scenario("savers") == "savers"


def project_scenarios() -> list[str]:
    claims = load_claims(ROOT / "claims")
    return sorted({name for claim in claims for name in claim.scenarios})


@pytest.mark.parametrize("name", project_scenarios())
def test_what_the_projects_claims_select_is_in_their_scenarios(name: str) -> None:
    """A label that a claim names and no sweep holds would never be measured."""
    whole = load_scenario(ROOT / "scenarios" / f"{name}.toml")
    for claim in load_claims(ROOT / "claims"):
        for judgement in claim.judgements:
            if judgement.scenario != name:
                continue
            found = scenario_for(whole, [judgement], f"{claim.id}, {name}")
            named = {
                *getattr(judgement, "subjects", ()),
                *(arm for pair in getattr(judgement, "pairs", ()) for arm in dict(pair).values()),
            }
            assert named <= set(found.subjects), claim.id
            for axis in ("payloads", "workloads", "arrivals"):
                wanted = judgement.labels.get(axis, frozenset())
                assert wanted <= set(getattr(found, axis)), claim.id
            assert len(expand(found).trials) <= len(expand(whole).trials), claim.id
