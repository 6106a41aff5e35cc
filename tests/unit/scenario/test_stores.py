"""Stores that are filled before: which cells a sweep has of them, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from bench.errors import InputError
from bench.scenario.derived_scenario import part_of
from bench.scenario.plan import arms_of, expand, is_of
from bench.scenario.scenario import Preload, Scenario
from bench.scenario.scenario_file import parse_scenario
from bench.scenario.selection import labels_of

_STORE = '[stores.old]\npreload = { threads = 3, checkpoints_per_thread = 2, payload = "1k" }\n'


def scenario(stores: str = _STORE, sweep: str = 'stores = ["old"]') -> Scenario:
    text = f"""
schema_version = 2
question = "?"
[subjects.memory]
use = "memory"
[workloads.reads]
use = "walk_history"
[payloads.1k]
use = "messages"
[payloads.2k]
use = "messages"
{stores}
[sweeps.all]
payloads = ["2k"]
{sweep}
"""
    return parse_scenario(text, "f.toml")


def test_a_workload_is_measured_on_each_store() -> None:
    made = scenario()
    (arm,) = arms_of(made)
    assert arm.workload == "reads@old"
    assert made.workload(arm.workload).use == "walk_history"
    assert made.preload(arm.workload) == Preload(threads=3, checkpoints_per_thread=2, payload="1k")
    assert made.preload("reads") is None
    assert labels_of(arm, "workloads") == ("reads@old", "reads")
    assert all(is_of(trial, made) for trial in expand(made).trials)


def test_a_part_of_a_scenario_keeps_the_payload_of_its_stores() -> None:
    kept = part_of(scenario(), {"workloads": ["reads"]}, None, "f.toml")
    assert (set(kept.stores), set(kept.payloads)) == ({"old"}, {"1k", "2k"})


def test_without_stores_a_scenario_has_the_digest_that_it_had() -> None:
    without, unused = scenario("", ""), scenario(_STORE, "")
    assert without.digest() != unused.digest()
    assert without.digest() == without.model_copy(update={"stores": {}}).digest()
    assert '"stores"' not in str(expand(without).trials)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sweep": 'stores = ["odl"]'}, "sweeps.all.stores names 'odl', which is not defined in"),
        ({"sweep": 'stores = ["old", "old"]'}, "sweeps.all.stores names 'old' more than once"),
        (
            {"stores": _STORE.replace('"1k"', '"1kb"')},
            "stores.old.preload.payload names '1kb'. Did you mean '1k'?",
        ),
        (
            {
                "stores": _STORE + '[faults.kill]\nuse = "worker_kill"\n',
                "sweep": 'stores = ["old"]\nfaults = ["kill"]',
            },
            "sweeps.all: give 'stores' or 'faults'",
        ),
        ({"stores": _STORE.replace("= 3", "= 0")}, "stores.old.preload.threads = 0: "),
    ],
)
def test_what_is_wrong_is_named(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        scenario(**given)
    assert f"f.toml: {said}" in str(caught.value)


def test_ids_of_checkpoints_are_ordered_uuids_before_any_that_is_made_now() -> None:
    preload = Preload(threads=1, checkpoints_per_thread=5000, payload="1k")
    ids = [preload.checkpoint_id(step) for step in range(5000)]
    assert ids == sorted(set(ids))
    assert ids[-1] < "1f000000-0000-6000-8000-000000000000"
    assert {(len(each), each[14]) for each in ids} == {(36, "6")}
