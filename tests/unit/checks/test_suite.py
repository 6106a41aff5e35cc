"""The conformance suite, with what it leaves out, over savers with one defect each."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import CheckpointTuple
from langgraph.checkpoint.memory import InMemorySaver

from bench.checks import additions
from bench.checks.suite import capability_checks, changed_types, name_after, reason_of
from bench.records.check import CapabilityCheck, FailedTest

CAPABILITIES = ("put", "put_writes", "get_tuple", "list", "delete_thread")


SUITE = "langgraph.checkpoint.conformance."


class Listing(InMemorySaver):
    """Lists as the in-memory saver does, but for what a subclass changes."""

    async def alist(
        self, config: RunnableConfig | None, **asked: Any
    ) -> AsyncIterator[CheckpointTuple]:
        for read in self.listed(config, **asked):
            yield read

    def listed(self, config: RunnableConfig | None, **asked: Any) -> Sequence[CheckpointTuple]:
        return list(self.list(config, **asked))


class WithoutFilter(Listing):
    """Ignores the filter of a listing."""

    def listed(self, config: RunnableConfig | None, **asked: Any) -> Sequence[CheckpointTuple]:
        return super().listed(config, **{**asked, "filter": None})


class WithSubNamespaces(Listing):
    """Lists all namespaces of a thread."""

    def listed(self, config: RunnableConfig | None, **asked: Any) -> Sequence[CheckpointTuple]:
        assert config is not None
        thread_id = config["configurable"]["thread_id"]
        return super().listed({"configurable": {"thread_id": thread_id}}, **asked)


class LimitFirst(Listing):
    """Applies the filter to what the limit has left."""

    def listed(self, config: RunnableConfig | None, **asked: Any) -> Sequence[CheckpointTuple]:
        wanted = asked.pop("filter", None) or {}
        found = super().listed(config, **asked)
        return [read for read in found if wanted.items() <= dict(read.metadata).items()]


class Repeating(InMemorySaver):
    """Keeps the writes of a task twice where they are sent twice."""

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        configurable = config["configurable"]
        key = (configurable["thread_id"], configurable["checkpoint_ns"])
        known = self.writes[(*key, configurable["checkpoint_id"])]
        task = task_id if (task_id, 0) not in known else str(uuid4())
        await super().aput_writes(config, writes, task, task_path)


class LeavingWrites(InMemorySaver):
    """Forgets the checkpoints of a deleted thread, and not its writes."""

    async def adelete_thread(self, thread_id: str) -> None:
        kept = {key: dict(writes) for key, writes in self.writes.items()}
        await super().adelete_thread(thread_id)
        self.writes.update(kept)


class NeverDeleting(InMemorySaver):
    """Waits for something that never happens."""

    async def adelete_thread(self, thread_id: str) -> None:
        await asyncio.Event().wait()


def checked(saver: InMemorySaver, **limit: float) -> dict[str, CapabilityCheck]:
    announced: list[str] = []
    found = asyncio.run(capability_checks(saver, announced.append, **limit))
    assert announced == [each.capability for each in found]
    return {each.capability: each for each in found}


def test_a_right_saver_passes_what_it_offers() -> None:
    found = checked(InMemorySaver())

    assert {name for name, each in found.items() if each.status == "passed"} == set(CAPABILITIES)
    assert {each.status for each in found.values()} == {"passed", "not offered"}
    assert found["copy_thread"] == CapabilityCheck("copy_thread", "not offered")
    assert found["list"].tests == 18
    assert not any(each.failed for each in found.values())


@pytest.mark.parametrize(
    ("saver", "capability", "failing"),
    [
        (WithoutFilter, "list", "limit_counts_what_the_filter_leaves"),
        (WithoutFilter, "list", "test_list_metadata_filter_single_key"),
        (WithSubNamespaces, "list", "listing_leaves_out_sub_namespaces"),
        (LimitFirst, "list", "limit_counts_what_the_filter_leaves"),
        (Repeating, "put_writes", "test_put_writes_idempotent"),
        (LeavingWrites, "delete_thread", "deletion_takes_the_writes"),
    ],
)
def test_a_defect_fails_its_capability_alone(
    saver: type[InMemorySaver], capability: str, failing: str
) -> None:
    found = checked(saver())

    assert [name for name, each in found.items() if each.status == "failed"] == [capability]
    assert failing in {test.name for test in found[capability].failed}
    assert all(test.reason for test in found[capability].failed)


def test_the_suite_alone_sees_neither_a_limit_before_a_filter_nor_writes_left() -> None:
    for saver, capability in ((LimitFirst, "list"), (LeavingWrites, "delete_thread")):
        names = [test.name for test in checked(saver())[capability].failed]
        assert [name for name in names if name.startswith("test_")] == []


def test_types_that_come_back_as_another_one_are_named_with_both_values() -> None:
    class Texts(InMemorySaver):
        async def aput(self, config: Any, checkpoint: Any, *rest: Any) -> Any:
            values = checkpoint["channel_values"]
            changed = {n: str(v) if isinstance(v, Decimal) else v for n, v in values.items()}
            as_text: Any = {**checkpoint, "channel_values": changed}
            return await super().aput(config, as_text, *rest)

    right, wrong = (asyncio.run(changed_types(saver())) for saver in (InMemorySaver, Texts))

    more = {each.name: each.reason for each in wrong if each not in right}
    assert more == {"decimal": "expected Decimal('1.10'), found '1.10'"}
    assert "set" not in {each.name for each in right}


def test_what_the_tests_store_is_named_after_the_namespace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in [m for name, m in sys.modules.items() if name.startswith(SUITE)] + [additions]:
        if hasattr(module, "uuid4"):
            # So that it is given back.
            monkeypatch.setattr(module, "uuid4", module.uuid4)
    threads = set[str]()

    class Noting(InMemorySaver):
        async def aput(self, config: Any, *given: Any) -> Any:
            threads.add(config["configurable"]["thread_id"])
            return await super().aput(config, *given)

    name_after("bench_0123456789ab")
    checked(Noting())

    assert len(threads) > 40
    assert [name for name in threads if not name.startswith("bench_0123456789ab-")] == []


def test_the_reason_that_is_worded_here_comes_first() -> None:
    first, *others = checked(WithSubNamespaces())["list"].failed

    assert first.reason == "its listing of a namespace contains checkpoints of sub-namespaces"
    assert "test_list_by_namespace" in {test.name for test in others}


def test_one_that_never_answers_fails_and_the_others_are_tested() -> None:
    found = checked(NeverDeleting(), limit_s=0.3)

    assert found["list"].status == "passed"
    told = "no answer within 0.3 s; the last test that ended: none"
    assert found["delete_thread"].failed == (FailedTest("time limit", told),)


def test_a_reason_is_one_line() -> None:
    assert reason_of(ValueError("first\n  second")) == "ValueError: first second"
    assert reason_of(AssertionError("Expected 1,\ngot 2")) == "Expected 1, got 2"
    assert len(reason_of(ValueError("x" * 1_000))) == 300


def test_an_assertion_without_words_is_told_by_its_source() -> None:
    with pytest.raises(AssertionError) as caught:
        raise AssertionError
    assert reason_of(caught.value) == "raise AssertionError"
