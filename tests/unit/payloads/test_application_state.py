"""Which types of a state come back as they were, and how it is said where they do not."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import ValidationError

from bench.payloads.application_state import (
    TYPES,
    ApplicationStateOptions,
    ApplicationStatePayload,
)
from bench.workloads.append_steps import AppendStepsOptions, AppendStepsWorkload
from tests.clients import opened, verified

CHANGED = {
    *("bytearray", "counter", "dataclass_uninitialised", "defaultdict", "pydantic_generic"),
    *("tuple", "tuple_nested"),
}


def payload(*types: str) -> ApplicationStatePayload:
    return ApplicationStatePayload(ApplicationStateOptions(types=types), 7)


@pytest.mark.parametrize("saver", ["memory", "sqlite"])
def test_each_type_that_a_saver_changes_is_named(saver: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        made = partial(AppendStepsWorkload, AppendStepsOptions(), payload(), "trial", 1)
        async with opened(saver, tmp_path) as own:
            found = await verified(made, own, 3)
        first, *others = sorted(CHANGED, key=list(TYPES).index)
        also = ", ".join(f"[{name!r}]" for name in others)
        said = f"channel 'channel_0' came back changed: [{first!r}]: expected bytearray("
        assert found.corrupted >= found.steps
        assert any(said in problem for problem in found.problems), found.problems
        assert any(problem.endswith(f"; also different: {also}") for problem in found.problems)

    asyncio.run(scenario())


def test_what_is_kept_by_a_saver_passes() -> None:
    kept = tuple(name for name in TYPES if name not in CHANGED)
    made = partial(AppendStepsWorkload, AppendStepsOptions(), payload(*kept), "trial", 1)
    found = asyncio.run(verified(made, InMemorySaver(), 5))
    assert found.passed, found


def test_a_state_holds_the_types_that_are_asked_for() -> None:
    assert list(payload("uuid", "decimal").state(0, 0)) == ["uuid", "decimal"]
    assert payload("uuid", "decimal").describe() == "application_state, uuid, decimal"
    assert payload().state(0, 0).keys() == TYPES.keys()


def test_an_unknown_type_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValidationError, match=r"no type 'decimals'. Did you mean 'decimal'\?"):
        ApplicationStateOptions(types=("decimals",))
