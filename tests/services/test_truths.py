"""Over their servers, savers hold exactly what every graph must leave, where they can."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bench.contracts import Place, Workload
from bench.payloads._sizes import SizedOptions
from bench.payloads.application_state import (
    TYPES,
    ApplicationStateOptions,
    ApplicationStatePayload,
)
from bench.payloads.messages import MessagesPayload
from bench.records.trial import Verification
from bench.subjects._factories.factory import subject_class
from bench.workloads._graphs import GRAPHS
from bench.workloads.append_steps import AppendStepsOptions, AppendStepsWorkload
from bench.workloads.run_graph import RunGraphOptions, RunGraphWorkload
from tests.clients import verified
from tests.services.test_subjects import served

pytestmark = pytest.mark.services

# Where a saver does not hold what it acknowledged, and how that is told.
NOT_HELD: Mapping[tuple[str, str], str] = {
    ("redis", "pydantic_state"): "came back changed",
}


NOT_DURABLE = {"postgres": {"synchronous_commit": "off"}, "redis": {"persistence": "none"}}


def run_of(graph: str, namespace: str) -> Workload:
    payload = MessagesPayload(SizedOptions(state_bytes=100), 7)
    sizes = GRAPHS[graph].sizes
    options = RunGraphOptions.model_validate({"graph": graph, **dict.fromkeys(sizes, 2)})
    return RunGraphWorkload(options, payload, f"{namespace}-{graph}", 1)


def state_of(name: str, namespace: str) -> Workload:
    payload = ApplicationStatePayload(ApplicationStateOptions(types=(name,)), 7)
    return AppendStepsWorkload(AppendStepsOptions(), payload, f"{namespace}-{name}", 1)


def held(name: str, made: Any, what: list[str], directory: Path) -> dict[str, Verification]:
    """Verify each of ``what`` over one server, as what the subject ``name`` holds of it."""
    found = subject_class(name)
    options = found.Options.model_validate(NOT_DURABLE[name])

    async def scenario(place: Place) -> dict[str, Verification]:
        async def of(one: str) -> Verification:
            # A graph that is given another type than it has saved may raise.
            work = partial(made, one, place.namespace)
            return await verified(work, subject.saver(0), 3, may_raise=Exception)

        subject = found(options, place)
        await subject.open(1)
        try:
            return {one: await of(one) for one in what}
        finally:
            await subject.close()

    with served(found, options, directory) as place:
        return asyncio.run(scenario(place))


@pytest.mark.parametrize("name", ["postgres", "redis"])
def test_every_graph_is_held(name: str, tmp_path: Path) -> None:
    for graph, found in held(name, run_of, list(GRAPHS), tmp_path).items():
        said = NOT_HELD.get((name, graph))
        assert found.passed == (said is None), (graph, found)
        assert found.steps > 0, graph
        if said:
            assert any(said in problem for problem in found.problems), found


# As memory and SQLite do.
CHANGED_BY_POSTGRES = {
    *("bytearray", "counter", "dataclass_uninitialised", "defaultdict", "pydantic_generic"),
    *("tuple", "tuple_nested"),
}
CHANGED = {
    "postgres": CHANGED_BY_POSTGRES,
    "redis": CHANGED_BY_POSTGRES
    | {
        *("date", "datetime_aware", "datetime_naive", "datetime_offset", "time", "timedelta"),
        *("decimal", "enum", "float", "float_nan", "frozenset", "int_enum", "int_keys", "uuid"),
        *("pydantic", "pydantic_in_list", "pydantic_with_types"),
    },
}
# Every put of it raises.
REFUSED = ("redis", "tuple_keys")


@pytest.mark.parametrize("name", ["postgres", "redis"])
def test_each_type_that_does_not_come_back_is_named(name: str, tmp_path: Path) -> None:
    found = held(name, state_of, [one for one in TYPES if (name, one) != REFUSED], tmp_path)
    assert {one for one, verification in found.items() if not verification.passed} == CHANGED[name]
    for one in CHANGED[name]:
        said = f"channel 'channel_0' came back changed: [{one!r}]"
        assert any(said in problem for problem in found[one].problems), found[one]
