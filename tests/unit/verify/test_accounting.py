"""Every write is accounted for, whatever becomes of it, over LangGraph's in-memory saver."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph.checkpoint.memory import InMemorySaver

from bench.contracts import Place, PluginOptions
from bench.handover.acknowledgements import Acknowledged, AcknowledgementLog
from bench.handover.job import Ledger
from bench.measure.recorder import Recorder
from bench.measure.timing import OPERATIONS, Timing
from bench.payloads._sizes import SizedOptions
from bench.payloads.nested import NestedPayload
from bench.records.files import from_json, to_json
from bench.records.trial import Verification
from bench.subjects.memory import MemorySubject
from bench.verify.read_back import verify
from bench.workloads.append_steps import AppendStepsOptions, AppendStepsWorkload
from tests.clients import FakeClient

PAYLOAD = NestedPayload(SizedOptions(state_bytes=64), 7)
WRITES_PER_TASK = 2
OUTCOMES = ("stored", "refused", "stored, then failed", "lost")


class Scripted(InMemorySaver):
    """Does with each write what the script says, and stores it where that is at its end."""

    def __init__(self, outcome: Callable[[], str]) -> None:
        super().__init__()
        self.outcome = outcome
        self.begun = 0
        self.returned = 0
        self.lost: Counter[str] = Counter()

    async def _write(self, kind: str, store: Any, answer: Any) -> Any:
        self.begun += 1
        outcome = self.outcome()
        if outcome.startswith("stored"):
            answer = await store
        else:
            store.close()
        if outcome in {"refused", "stored, then failed"}:
            raise OSError(outcome)
        self.returned += 1
        self.lost[kind] += outcome == "lost"
        return answer

    async def aput(self, config: Any, checkpoint: Any, *rest: Any) -> Any:
        answer = {"configurable": {**config["configurable"], "checkpoint_id": checkpoint["id"]}}
        return await self._write("put", super().aput(config, checkpoint, *rest), answer)

    async def aput_writes(self, *arguments: Any) -> None:
        await self._write("put_writes", super().aput_writes(*arguments), None)


class Driven:
    """Cycles of one client until the script is used up; what then comes is stored."""

    def __init__(self, script: list[str], **options: Any) -> None:
        outcomes = iter(script)
        self.saver = Scripted(lambda: next(outcomes, "stored"))
        self.log = AcknowledgementLog()
        # No read: what was lost is to be found afterwards.
        shape: dict[str, Any] = {"threads_per_client": 1, "steps_per_turn": 1000}
        shape |= {"writes_per_task": WRITES_PER_TASK, **options}
        self.workload = AppendStepsWorkload(AppendStepsOptions(**shape), PAYLOAD, "trial", 1)
        timing = Timing(Recorder(tuple(OPERATIONS.values())), lambda: 1, self.log)
        timing.time_saver(self.saver)
        asyncio.run(self._run(len(script)))

    async def _run(self, length: int) -> None:
        client = FakeClient(0, self.saver)
        self.workload._visits[0].step_of_turn = 1
        while self.saver.begun < length + 1:
            try:
                await self.workload.cycle(client)
            except OSError:
                continue

    def verified(self) -> Verification:
        subject = MemorySubject(PluginOptions(), Place(Path(), None, "trial"))
        subject._saver = self.saver
        self.saver.outcome = lambda: "stored"
        ledger, log = Ledger.of(self.workload, 1), self.log.noted()
        return asyncio.run(verify(subject, self.workload, ledger, log, 1000.0, lambda: 0))


@given(st.lists(st.sampled_from(OUTCOMES), max_size=25), st.integers(min_value=1, max_value=3))
def test_acknowledged_and_indeterminate_are_what_was_attempted(
    script: list[str], tasks: int
) -> None:
    driven = Driven(script, tasks_per_step=tasks)

    log = driven.log.noted()

    assert log.attempted == driven.saver.begun
    assert log.puts_acknowledged + log.writes_acknowledged == driven.saver.returned
    (chain,) = log.chains
    acknowledged = chain.acknowledged
    assert len(acknowledged) == log.puts_acknowledged
    assert [chain.puts[name].parent_id for name in acknowledged] == ["", *acknowledged[:-1]]


@given(st.lists(st.sampled_from(("stored", "refused", "stored, then failed")), max_size=25))
def test_failures_alone_are_never_taken_for_losses(script: list[str]) -> None:
    assert Driven(script).verified().passed


@given(st.lists(st.sampled_from(OUTCOMES), max_size=25))
def test_every_acknowledged_checkpoint_that_is_missing_is_lost_exactly_once(
    script: list[str],
) -> None:
    driven = Driven(script)

    verification = driven.verified()

    assert verification.lost == driven.saver.lost["put"]
    # A write on a lost checkpoint is lost with it, and one that was repeated may be there.
    most = driven.saver.lost["put_writes"] * WRITES_PER_TASK
    assert verification.lost_writes <= most
    others = (verification.corrupted, verification.unexpected, verification.duplicated)
    assert (*others, verification.stale) == (0, 0, 0, 0)
    assert verification.passed == (not verification.lost and not verification.lost_writes)


@given(st.integers(min_value=0, max_value=20))
def test_a_lost_call_of_put_writes_loses_each_of_its_writes(before: int) -> None:
    # The input, then a call of aput_writes and a put in turn.
    verification = Driven(["stored"] * (2 * before + 1) + ["lost"]).verified()

    assert (verification.lost, verification.lost_writes) == (0, WRITES_PER_TASK)


def test_a_log_and_a_ledger_are_the_same_when_they_are_read_from_their_files(
    tmp_path: Path,
) -> None:
    driven = Driven(["stored"] * 9 + ["refused"])
    ledger = Ledger.of(driven.workload, 1)
    driven.log.save(tmp_path / "log")

    assert from_json(to_json(ledger), Ledger) == ledger
    assert Acknowledged.read(tmp_path / "log") == driven.log.noted()


def test_a_mapped_log_is_read_by_another_while_its_writer_writes(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = AcknowledgementLog.shared(path, 1 << 16)
    begin, end = log.operations["put"]
    config: Any = {"configurable": {"thread_id": "ä" * 50, "checkpoint_ns": "node:1"}}
    tokens = [begin(config, {"id": f"id{number}"}) for number in range(3)]
    end(tokens[0], None, 77)
    end(tokens[2], None, 99)

    (chain,) = Acknowledged.read(path).chains

    assert (chain.thread_id, chain.namespace) == ("ä" * 50, "node:1")
    assert [put.acknowledged_ns for put in chain.puts.values()] == [77, 0, 99]
    assert chain.acknowledged == ["id0", "id2"]
    assert chain.indeterminate == frozenset({"id1"})


@pytest.mark.parametrize("odd", ["\ud800", None, 7])
def test_an_id_that_cannot_be_noted_leaves_the_rest_of_the_log_as_it_is(odd: Any) -> None:
    log = AcknowledgementLog()
    begin, end = log.operations["put"]
    config: Any = {"configurable": {"thread_id": "t"}}
    end(begin(config, {"id": "first"}), None, 1)
    with pytest.raises((UnicodeEncodeError, AttributeError)):
        begin(config, {"id": odd})
    end(begin(config, {"id": "last"}), None, 2)

    (chain,) = log.noted().chains
    assert chain.acknowledged == ["first", "last"]


def test_a_log_that_is_full_refuses_instead_of_forgetting(tmp_path: Path) -> None:
    log = AcknowledgementLog.shared(tmp_path / "log", 4096)
    begin, _ = log.operations["put"]
    config: Any = {"configurable": {"thread_id": "t"}}
    refused = 0
    for number in range(60):
        try:
            begin(config, {"id": f"id{number}"})
        except (IndexError, ValueError):
            refused += 1

    assert refused > 0
    assert len(Acknowledged.read(tmp_path / "log").chains[0].puts) == 60 - refused
