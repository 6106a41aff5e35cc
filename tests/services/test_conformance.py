"""LangGraph's own conformance suite, run over every saver that is measured.

The suite decides what a saver does, not how fast. What fails here fails for every user of that
saver: nothing in the table is caused by the harness (the Redis savers give the same with their
default key prefix). A change in either direction is a change of the saver and should be noticed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.conformance import validate
from langgraph.checkpoint.conformance.capabilities import BASE_CAPABILITIES
from langgraph.checkpoint.conformance.initializer import RegisteredCheckpointer
from langgraph.checkpoint.conformance.report import CapabilityReport

from bench.contracts import Place, Subject
from bench.discovery import names
from bench.subjects._factory import subject_class
from tests.services.test_subjects import served

pytestmark = pytest.mark.services

# Subject → capability → the tests that its saver fails.
FAILING: dict[str, dict[str, set[str]]] = {
    "memory": {},
    "sqlite": {},
    "postgres": {},
    "postgres_sync": {},
    "redis": {
        "list": {
            "test_list_by_namespace",
            "test_list_metadata_custom_keys",
            "test_list_before",
            "test_list_limit_plus_before",
            "test_list_multiple_namespaces",
        },
    },
    "redis_shallow": {
        "put": {
            "test_put_multiple_checkpoints_same_thread",
            "test_put_parent_config",
            "test_put_incremental_channel_update",
        },
        "put_writes": {"test_put_writes_cleared_on_next_checkpoint"},
        "get_tuple": {
            "test_get_tuple_specific_checkpoint_id",
            "test_get_tuple_parent_config",
            "test_get_tuple_nonexistent_checkpoint_id",
        },
        "list": {
            "test_list_all",
            "test_list_by_thread",
            "test_list_by_namespace",
            "test_list_ordering",
            "test_list_metadata_filter_single_key",
            "test_list_metadata_filter_step",
            "test_list_metadata_custom_keys",
            "test_list_before",
            "test_list_limit",
            "test_list_limit_plus_before",
            "test_list_combined_thread_and_filter",
            "test_list_includes_pending_writes",
            "test_list_multiple_namespaces",
        },
    },
}


def registered(name: str, found: type[Subject], place: Place) -> RegisteredCheckpointer:
    """Register a saver that is opened anew for each capability, over the same place."""

    async def factory() -> AsyncGenerator[BaseCheckpointSaver[Any], None]:
        subject = found(found.Options(), place)
        try:
            await subject.open(1)
            yield subject.saver(0)
        finally:
            await subject.close()

    return RegisteredCheckpointer(name, factory)


def failing(report: CapabilityReport) -> dict[str, set[str]]:
    tests = {
        capability: {failure.partition(":")[0] for failure in result.failures}
        for capability, result in report.results.items()
    }
    return {capability: failures for capability, failures in tests.items() if failures}


def test_every_subject_but_the_null_one_is_in_the_table() -> None:
    assert set(FAILING) == set(names("subject")) - {"null"}


@pytest.mark.parametrize("name", sorted(FAILING))
def test_a_saver_fails_exactly_what_the_table_says(name: str, tmp_path: Path) -> None:
    found = subject_class(name)
    base = {capability.value for capability in BASE_CAPABILITIES}
    with served(found, found.Options(), tmp_path) as place:
        report = asyncio.run(validate(registered(name, found, place), capabilities=base))
    tried = {capability for capability, result in report.results.items() if result.detected}
    assert tried == base
    assert failing(report) == FAILING[name]
