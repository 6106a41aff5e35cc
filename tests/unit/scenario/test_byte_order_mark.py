"""Files that people write may begin with the mark that some editors put before UTF-8."""

from __future__ import annotations

import codecs
from pathlib import Path

from bench.claims.claim import load_claims
from bench.decide.drivers import Drivers
from bench.scenario.scenario_file import load_scenario
from bench.scenario.toml_file import read_model

ROOT = Path(__file__).parents[3]


def marked(path: Path, directory: Path) -> Path:
    copy = directory / path.name
    copy.write_bytes(codecs.BOM_UTF8 + path.read_bytes())
    return copy


def test_a_scenario_with_a_mark_is_the_same(tmp_path: Path) -> None:
    path = ROOT / "scenarios" / "smoke.toml"

    assert load_scenario(marked(path, tmp_path)) == load_scenario(path)


def test_drivers_with_a_mark_are_the_same(tmp_path: Path) -> None:
    path = ROOT / "docs" / "drivers.example.toml"

    marked_path = marked(path, tmp_path)
    assert read_model(marked_path, "it", Drivers) == read_model(path, "it", Drivers)


def test_claims_with_a_mark_are_the_same(tmp_path: Path) -> None:
    for path in (ROOT / "claims").glob("*.toml"):
        marked(path, tmp_path)

    assert load_claims(tmp_path) == load_claims(ROOT / "claims")
