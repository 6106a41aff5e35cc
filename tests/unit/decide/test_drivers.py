"""A drivers file says clearly what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.decide.drivers import Drivers
from bench.errors import InputError
from bench.scenario.plan import arms_of
from bench.scenario.scenario_file import load_scenario
from bench.scenario.toml_file import parse_model, read_model

ROOT = Path(__file__).parents[3]
TEXT = """
schema_version = 2
title = "Store"
context = "We store."

[requirements]
least_durability = "fsync"

[[drivers]]
metric = "put.response.p50"
weight = 3

[[limits]]
require = "throughput >= 20/s"
"""


def test_a_file_is_read() -> None:
    found = parse_model(TEXT, "made up", Drivers)

    assert [(driver.metric, driver.weight) for driver in found.drivers] == [("put.response.p50", 3)]
    assert found.requirements.least_durability == "fsync"
    assert str(found.limits[0].require) == "throughput >= 20/s"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("weight = 3", "weigth = 3", "unknown key 'drivers.0.weigth'. Did you mean 'weight'?"),
        ("weight = 3", "", "the key 'drivers.0.weight' is missing"),
        ("weight = 3", "weight = -1", "drivers.0.weight = -1: Input should be greater"),
        ("weight = 3", "weight = nan", "drivers.0.weight"),
        ("weight = 3", "weight = 0", "expected a driver with a weight above 0"),
        ('"fsync"', '"fsnc"', "'volatile', 'relaxed' or 'fsync'"),
        ("throughput >= 20/s", "", "limits.0.require = '': expected a metric, a relation and a"),
        ("20/s", "20/sec", "expected a number with a unit (ns, us"),
        ("20/s", "1.1 x baseline", "expected a number with a unit, not 'baseline'"),
        ("throughput >=", "throughput of a >=", "expected a number with a unit, not 'a'"),
        ("[requirements]", "[requirement]", "Did you mean 'requirements'?"),
        ("schema_version = 2", "schema_version = 1", "docs/limits.md says how to renew the file"),
        (
            "[[limits]]",
            '[[drivers]]\nmetric = "put.response.p50"\nweight = 1\n[[limits]]',
            "'put.response.p50' is a driver more than once",
        ),
        ("title =", "title", "this is not valid TOML"),
    ],
)
def test_what_is_wrong_is_named(old: str, new: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_model(TEXT.replace(old, new), "made-up.toml", Drivers)
    assert expected in str(caught.value)
    assert str(caught.value).startswith("made-up.toml: ")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the drivers"):
        read_model(tmp_path / "none.toml", "the drivers", Drivers)


def test_layout_does_not_change_the_digest() -> None:
    digest = parse_model(TEXT, "made up", Drivers).digest()

    assert parse_model(f"# more\n{TEXT}\n\n", "elsewhere", Drivers).digest() == digest
    assert parse_model(TEXT.replace("= 20", "= 21"), "made up", Drivers).digest() != digest


def test_the_example_fits_the_scenario_that_it_names() -> None:
    found = read_model(ROOT / "docs" / "drivers.example.toml", "the drivers", Drivers)
    scenario = load_scenario(ROOT / "scenarios" / "savers.toml")

    arms = [arm for arm in arms_of(scenario) if not scenario.sweeps[arm.sweep].aside]
    assert [*found.system.problems("system", arms)] == []
    assert set(found.requirements.must_run_on) <= {arm.loop for arm in arms_of(scenario)}
