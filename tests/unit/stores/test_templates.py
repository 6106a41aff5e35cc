"""Templates of stores: what they are found by, what is limited, and what ``clean`` removes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from bench.handover.interpreter import OWN
from bench.records.files import to_json
from bench.scenario.plan import expand
from bench.scenario.scenario import Scenario
from bench.scenario.scenario_file import parse_scenario
from bench.stores import templates

_DAY_S = 86_400.0


def scenario(options: str = "", threads: int = 3, workload: str = "walk_history") -> Scenario:
    text = f"""
schema_version = 2
question = "?"
[subjects.sqlite]
use = "sqlite"
options = {{ {options} }}
[workloads.reads]
use = "{workload}"
[stores.old]
preload = {{ threads = {threads}, checkpoints_per_thread = 2, payload = "1k" }}
[sweeps.all]
stores = ["old"]
"""
    return parse_scenario(text, "f.toml")


def key(made: Scenario) -> str:
    return templates._key(made, expand(made).trials[0], OWN)


def test_a_template_is_found_by_what_is_stored_and_not_by_who_reads_it() -> None:
    assert key(scenario()) == key(scenario(workload="append_steps"))
    others = [scenario('synchronous = "NORMAL"'), scenario(threads=4)]
    assert len({key(each) for each in [scenario(), *others]}) == 3


def test_versions_are_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    before = key(scenario())
    monkeypatch.setattr(templates, "version", lambda name: f"{name} of tomorrow")
    assert key(scenario()) != before


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    return templates.stores_directory()


def kept(directory: Path, name: str, used_s: float, size_bytes: int = 10) -> Path:
    folder = directory / name
    (folder / "data").mkdir(parents=True)
    told = templates.Description("sqlite, 3 × 2 checkpoints", "bench_0", "", size_bytes)
    (folder / templates.DESCRIPTION).write_bytes(to_json(told))
    os.utime(folder / templates.DESCRIPTION, (used_s, used_s))
    return folder


def test_what_is_left_over_is_removed_and_what_is_being_made_is_not(directory: Path) -> None:
    now_s = 100.0 * _DAY_S
    old, recent = kept(directory, "a" * 16, now_s - 31 * _DAY_S), kept(directory, "b" * 16, now_s)
    # No process has this id: it is above the most that Linux gives.
    killed, under_way = directory / ".99999999-x", directory / f".{os.getpid()}-x"
    killed.mkdir()
    under_way.mkdir()

    def states(*, remove: bool) -> dict[Path, Any]:
        found = templates.clean(now_s, 30.0, remove=remove)
        return {Path(each.name): each.state for each in found}

    spared = {recent: "recent", under_way: "in use"}
    assert states(remove=False) == {old: "left over", killed: "left over", **spared}
    assert states(remove=True) == {old: "removed", killed: "removed", **spared}
    assert set(directory.iterdir()) == {recent, under_way}


def test_the_least_recently_used_go_where_all_take_too_much(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(templates, "MOST_BYTES", 25)
    oldest, older, newest = (
        kept(directory, name * 16, at) for name, at in zip("abc", (1.0, 2.0, 3.0), strict=True)
    )
    templates._limit([oldest])
    assert set(directory.iterdir()) == {oldest, newest}
    assert not older.exists()
