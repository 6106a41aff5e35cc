"""The ledger's accounting, whatever becomes of the writes, over LangGraph's in-memory saver."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph.checkpoint.memory import InMemorySaver

from bench.contracts import Place, PluginOptions
from bench.payloads._sizes import SizedOptions
from bench.payloads.nested import NestedPayload
from bench.records.trial import Verification
from bench.subjects.memory import MemorySubject
from bench.verify.ledger import LEDGER, Ledger
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


def driven(script: list[str], **options: Any) -> tuple[AppendStepsWorkload, Scripted]:
    """Run cycles of one client until the script is used up; what then comes is stored."""
    outcomes = iter(script)
    saver = Scripted(lambda: next(outcomes, "stored"))
    # No read: what was lost is to be found by the ledger alone.
    shape = {"threads_per_client": 1, "steps_per_turn": 1000, "writes_per_task": WRITES_PER_TASK}
    workload = AppendStepsWorkload(AppendStepsOptions(**{**shape, **options}), PAYLOAD, "trial", 1)

    async def run() -> None:
        client = FakeClient(0, saver)
        workload._visits[0].step_of_turn = 1
        while saver.begun < len(script) + 1:
            try:
                await workload.cycle(client)
            except OSError:
                continue

    asyncio.run(run())
    return workload, saver


def verification(workload: AppendStepsWorkload, saver: InMemorySaver) -> Verification:
    subject = MemorySubject(PluginOptions(), Place(None, None, "trial"))  # type: ignore[arg-type] # unused
    subject._saver = saver
    ledger = Ledger.of(workload, 1, 10_000)
    if isinstance(saver, Scripted):
        saver.outcome = lambda: "stored"
    return asyncio.run(verify(subject, workload, ledger, 1000.0, lambda: 0))


@given(st.lists(st.sampled_from(OUTCOMES), max_size=25), st.integers(min_value=1, max_value=3))
def test_acknowledged_and_indeterminate_are_what_was_attempted(
    script: list[str], tasks: int
) -> None:
    workload, saver = driven(script, tasks_per_step=tasks)

    ledger = Ledger.of(workload, 1, 10_000)

    assert ledger.attempted == saver.begun
    assert ledger.acknowledged == saver.returned
    assert ledger.acknowledged + ledger.indeterminate == ledger.attempted
    ((_, checkpoints),) = ledger.histories.items()
    assert len(checkpoints) == ledger.checkpoints
    parents = ["", *(one.checkpoint_id for one in checkpoints[:-1])]
    assert [one.parent_id for one in checkpoints] == parents


@given(st.lists(st.sampled_from(("stored", "refused", "stored, then failed")), max_size=25))
def test_failures_alone_are_never_taken_for_losses(script: list[str]) -> None:
    workload, saver = driven(script)

    assert verification(workload, saver).passed


@given(st.lists(st.sampled_from(OUTCOMES), max_size=25))
def test_every_acknowledged_checkpoint_that_is_missing_is_lost_exactly_once(
    script: list[str],
) -> None:
    workload, saver = driven(script)

    found = verification(workload, saver)

    assert found.lost == saver.lost["put"]
    # A write on a lost checkpoint is lost with it, and one that was repeated may be there.
    assert found.lost_writes <= saver.lost["put_writes"] * WRITES_PER_TASK
    assert (found.corrupted, found.unexpected, found.duplicated, found.stale) == (0, 0, 0, 0)
    assert found.passed == (not saver.lost["put"] and not found.lost_writes)


@given(st.integers(min_value=0, max_value=20))
def test_a_lost_call_of_put_writes_loses_each_of_its_writes(before: int) -> None:
    # The input, then a call of aput_writes and a put in turn.
    workload, saver = driven(["stored"] * (2 * before + 1) + ["lost"])

    found = verification(workload, saver)

    assert (found.lost, found.lost_writes) == (0, WRITES_PER_TASK)


@pytest.mark.parametrize("most", [0, 1, 5, 10_000])
def test_whole_threads_are_taken_until_they_hold_enough(most: int) -> None:
    workload, _ = driven(["stored"] * 40, threads_per_client=3, steps_per_turn=2)

    ledger = Ledger.of(workload, 1, most)

    held = [len(checkpoints) for checkpoints in ledger.histories.values()]
    assert sum(held) >= min(most, ledger.checkpoints)
    assert sum(held[:-1]) < max(1, most)


def test_a_ledger_is_the_same_when_it_is_read_from_its_file() -> None:
    workload, _ = driven(["stored"] * 9 + ["refused"])
    ledger = Ledger.of(workload, 1, 10_000)

    assert LEDGER.validate_json(LEDGER.dump_json(ledger)) == ledger
