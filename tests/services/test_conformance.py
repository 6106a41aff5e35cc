"""The checks of every saver that is measured: conformance, and what a killed process leaves.

What fails here fails for every user of that saver: nothing in the table is caused by the harness
(the Redis savers give the same with their default key prefix). A change in either direction is a
change of the saver and should be noticed.
"""

from __future__ import annotations

import os

import pytest

from bench.checks.conformance import conformance
from bench.checks.crash import crash
from bench.checks.trials import CheckTrials, check_trials
from bench.discovery import names
from bench.records.check import Conformance
from bench.scenario.scenario import SubjectUse
from bench.verify.verifier_process import VerifierProcess

pytestmark = pytest.mark.services

# Subject → capability → the tests that its saver fails.
FAILING: dict[str, dict[str, set[str]]] = {
    "memory": {},
    "sqlite": {},
    "postgres": {},
    "postgres_sync": {},
    "degrading": {},
    "redis": {
        "list": {
            "listing_leaves_out_sub_namespaces",
            "test_list_by_namespace",
            "test_list_metadata_custom_keys",
            "test_list_before",
            "test_list_limit_plus_before",
            "test_list_multiple_namespaces",
        },
        "prune": {"test_prune_keep_latest_across_namespaces", "test_prune_empty_list_noop"},
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
            "listing_leaves_out_sub_namespaces",
            "limit_counts_what_the_filter_leaves",
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
        "prune": {"test_prune_keep_latest_across_namespaces", "test_prune_empty_list_noop"},
    },
}


def trials_of(name: str) -> CheckTrials:
    return check_trials({name.replace("_", "-"): SubjectUse(use=name)}, seed=1)


def failing(result: Conformance) -> dict[str, set[str]]:
    return {each.capability: {test.name for test in each.failed} for each in result.failed}


def test_every_subject_but_the_null_one_is_in_the_table() -> None:
    assert set(FAILING) == set(names("subject")) - {"null", "session_store"}


@pytest.mark.parametrize("name", sorted(FAILING))
def test_a_saver_fails_exactly_what_the_table_says(name: str) -> None:
    trials = trials_of(name)
    result, left_behind = conformance(trials, trials.trials[0].subject, os.environ)

    assert (result.not_checked, left_behind) == ("", "")
    offered = {each.capability for each in result.capabilities if each.status != "not offered"}
    assert {"put", "put_writes", "get_tuple", "list", "delete_thread"} <= offered
    assert failing(result) == FAILING[name]


@pytest.mark.parametrize("name", ["sqlite", "postgres", "redis"])
def test_a_killed_process_takes_nothing_along_that_was_acknowledged(name: str) -> None:
    trials = trials_of(name)
    with VerifierProcess(trials.scenario, os.environ) as verifier:
        found, left_behind = crash(trials, trials.trials[0].subject, os.environ, verifier)

    assert (found.not_checked, found.problems, left_behind) == ("", (), "")
    assert (found.kills, found.lost) == (2, 0)
    assert found.acknowledged > 0
