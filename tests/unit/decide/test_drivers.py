"""A drivers file says clearly what is wrong with it."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from bench.decide.drivers_file import load_drivers, parse_drivers
from bench.errors import InputError
from bench.scenario.scenario_file import load_scenario
from bench.scenario.selection import Range

ROOT = Path(__file__).parents[3]
TEXT = """
schema_version = 1
title = "Store"
context = "We store."

[requirements]
least_durability = "fsync"

[[drivers]]
metric = "put.response.p50"
weight = 3

[[limits]]
metric = "throughput"
at_least_per_s = 20
"""


def test_a_file_is_read() -> None:
    found = parse_drivers(TEXT, "made up")

    assert [(driver.metric, driver.weight) for driver in found.drivers] == [("put.response.p50", 3)]
    assert found.requirements.least_durability == "fsync"
    assert (found.limits[0].key, found.limits[0].bound) == ("at_least_per_s", 20.0)


@pytest.mark.parametrize(
    ("relation", "expected", "text"),
    [
        ("at_most_ms = 2", Range(-math.inf, 2e6), "at most 2 ms"),
        ("at_most_s = 2", Range(-math.inf, 2e9), "at most 2 s"),
        ("at_most_kb = 2", Range(-math.inf, 2e3), "at most 2 kB"),
        ("at_most_mb = 2", Range(-math.inf, 2e6), "at most 2 MB"),
        ("at_most_gb = 2", Range(-math.inf, 2e9), "at most 2 GB"),
        ("at_most = 2", Range(-math.inf, 2.0), "at most 2"),
        ("at_least = 2", Range(2.0, math.inf), "at least 2"),
        ("at_least_per_s = 2", Range(2.0, math.inf), "at least 2/s"),
    ],
)
def test_a_limit_has_its_unit_in_the_key(relation: str, expected: Range, text: str) -> None:
    found = parse_drivers(TEXT.replace("at_least_per_s = 20", relation), "made up")

    assert (found.limits[0].range, found.limits[0].text) == (expected, text)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("weight = 3", "weigth = 3", "unknown key 'drivers.0.weigth'. Did you mean 'weight'?"),
        ("weight = 3", "", "the key 'drivers.0.weight' is missing"),
        ("weight = 3", "weight = -1", "drivers.0.weight = -1: Input should be greater"),
        ("weight = 3", "weight = nan", "drivers.0.weight"),
        ("weight = 3", "weight = 0", "expected a driver with a weight above 0"),
        ('"fsync"', '"fsnc"', "'volatile', 'relaxed' or 'fsync'"),
        ("at_least_per_s = 20", "", "expected exactly one of at_most_ms, at_most_s"),
        ("at_least_per_s = 20", "at_most = 1\nat_least = 0", "expected exactly one of"),
        ("at_least_per_s", "at_least_per_sec", "Did you mean 'at_least_per_s'?"),
        ("[requirements]", "[requirement]", "Did you mean 'requirements'?"),
        ("schema_version = 1", "schema_version = 2", "schema_version = 2"),
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
        parse_drivers(TEXT.replace(old, new), "made-up.toml")
    assert expected in str(caught.value)
    assert str(caught.value).startswith("made-up.toml: ")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the drivers"):
        load_drivers(tmp_path / "none.toml")


def test_layout_does_not_change_the_digest() -> None:
    digest = parse_drivers(TEXT, "made up").digest()

    assert parse_drivers(f"# more\n{TEXT}\n\n", "elsewhere").digest() == digest
    assert parse_drivers(TEXT.replace("= 20", "= 21"), "made up").digest() != digest


def test_the_example_fits_the_scenario_that_it_names() -> None:
    found = load_drivers(ROOT / "docs" / "drivers.example.toml")
    scenario = load_scenario(ROOT / "scenarios" / "savers.toml")

    cells = [
        (workload, payload, arrival, loop)
        for sweep in scenario.sweeps.values()
        if not sweep.aside
        for workload in sweep.workloads
        for payload in sweep.payloads
        for arrival in scenario.arrivals_of(sweep)
        for loop in sweep.loops
    ]
    system = found.system
    assert set(system.workloads) <= {cell[0] for cell in cells}
    assert set(system.payloads) <= {cell[1] for cell in cells}
    assert set(system.arrivals) <= {cell[2] for cell in cells}
    assert set(system.loops) <= {cell[3] for cell in cells}
    loops = {loop for sweep in scenario.sweeps.values() for loop in sweep.loops}
    assert set(found.requirements.must_run_on) <= loops
