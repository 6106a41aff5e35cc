"""A saver that drops, corrupts, refuses or hangs is noticed by ``append_steps``."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from bench.payloads._sizes import SizedOptions
from bench.payloads.messages import MessagesPayload
from bench.records.trial import Verification
from bench.workloads.append_steps import AppendStepsOptions, AppendStepsWorkload
from tests.clients import drive, measured, verified


def workload(**options: Any) -> AppendStepsWorkload:
    payload = MessagesPayload(SizedOptions(state_bytes=300), 7)
    options = {"threads_per_client": 1, "steps_per_turn": 2, **options}
    return AppendStepsWorkload(AppendStepsOptions(**options), payload, "trial", 1)


def is_of_trial(config: Any) -> bool:
    return bool(config["configurable"]["thread_id"] == "trial-c0-t0")


class FaultySaver(InMemorySaver):
    """Fails a trial as it is asked to, from its third put on; or once, at its third."""

    def __init__(self, fault: str, *, once: bool = False) -> None:
        super().__init__()
        self.fault = fault
        self.once = once
        self.puts = 0

    async def aput(self, config: Any, checkpoint: Any, metadata: Any, new_versions: Any) -> Any:
        self.puts += 1
        fails = self.puts == 3 or (self.puts > 3 and not self.once)
        fault = self.fault if fails and is_of_trial(config) else ""
        if fault == "drops":
            return {"configurable": {**config["configurable"], "checkpoint_id": checkpoint["id"]}}
        if fault == "corrupts":
            (name,) = new_versions
            state = checkpoint["channel_values"][name]
            changed = [state[0].model_copy(update={"content": state[0].text + " "}), *state[1:]]
            checkpoint = {**checkpoint, "channel_values": {name: changed}}
        if fault == "refuses":
            raise OSError("refused")
        returned = await super().aput(config, checkpoint, metadata, new_versions)
        if fault == "forgets to answer":
            raise OSError("the connection was closed")
        return returned

    async def aput_writes(
        self, config: Any, writes: Any, task_id: str, task_path: str = ""
    ) -> None:
        fault = self.fault if is_of_trial(config) else ""
        if fault == "refuses writes" and task_id.endswith("1"):
            raise OSError("refused")
        if fault == "drops writes" and self.puts == 2:
            return
        await asyncio.sleep(0)
        await super().aput_writes(config, writes, task_id, task_path)


def judged(saver: InMemorySaver, cycles: int = 4, **options: Any) -> Verification:
    return asyncio.run(verified(lambda: workload(**options), saver, cycles))


def test_a_dropped_put_is_lost_and_made_the_reads_stale() -> None:
    found = judged(FaultySaver("drops"))
    assert (found.lost, found.stale) == (3, 1)
    assert any("older checkpoint than the last acknowledged" in text for text in found.problems)


def test_a_corrupted_put_is_told_with_its_place() -> None:
    found = judged(FaultySaver("corrupts", once=True))
    assert (found.corrupted, found.lost) == (1, 0)
    (text,) = found.problems
    assert "channel 'channel_0' came back changed: [0].content: expected " in text


def test_dropped_writes_are_lost_writes() -> None:
    found = judged(FaultySaver("drops writes"))
    assert (found.lost_writes, found.lost) == (2, 0)


@pytest.mark.parametrize(("fault", "stored"), [("refuses", 4), ("forgets to answer", 5)])
def test_a_put_that_raised_is_indeterminate_and_its_step_is_tried_again(
    fault: str, stored: int
) -> None:
    found = judged(FaultySaver(fault, once=True))
    assert found.passed, found
    assert (found.checkpoints, found.indeterminate) == (stored, 1)


def test_what_was_refused_is_tried_again_until_it_succeeds() -> None:
    async def scenario() -> None:
        saver = FaultySaver("refuses")
        made = workload()
        _, log = await measured(made, saver, 4)
        (chain,) = log.chains
        assert (len(chain.acknowledged), len(chain.indeterminate)) == (2, 3)
        assert log.attempted - log.puts_acknowledged - log.writes_acknowledged == 3

    asyncio.run(scenario())


def test_a_cancelled_put_is_indeterminate() -> None:
    class Hanging(InMemorySaver):
        hangs = False

        async def aput(self, *arguments: Any) -> Any:
            if not self.hangs:
                return await super().aput(*arguments)
            reached.set()
            return await asyncio.Event().wait()

    reached = asyncio.Event()

    async def scenario() -> None:
        saver = Hanging()
        made = workload()
        (client,) = await drive(made, saver, 0)
        saver.hangs = True
        task = asyncio.create_task(made.cycle(client))
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        (thread,) = made._visits[0].threads
        # It has made no step beside the one that prepared it.
        assert thread.step == 0

    asyncio.run(scenario())


def test_a_failed_write_ends_the_cycle_when_all_writes_have_ended() -> None:
    async def scenario() -> None:
        saver = FaultySaver("refuses writes")
        made = workload(tasks_per_step=3)
        (client,) = await drive(made, saver, 0)
        with pytest.raises(OSError, match="refused"):
            await made.cycle(client)
        assert client.performed[-3:] == ["aput_writes"] * 3
        assert [len({task for task, _ in held}) for held in saver.writes.values()] == [2]

    asyncio.run(scenario())
    found = judged(FaultySaver("refuses writes"), cycles=1, tasks_per_step=3)
    assert found.passed, found
    assert (found.acknowledged, found.indeterminate) == (1 + 2, 1)


class Reading(InMemorySaver):
    """Gives back what was not put, in the reads of the trial."""

    def __init__(self, change: Any) -> None:
        super().__init__()
        self.change = change

    async def aget_tuple(self, config: Any) -> Any:
        found: Any = await super().aget_tuple(config)
        is_trial = found is not None and len(self.storage["trial-c0-t0"][""]) < 4
        return self.change(found) if is_trial else found


def another_id(found: Any) -> Any:
    return found._replace(checkpoint={**found.checkpoint, "id": "ffffffff"})


def another_value(found: Any) -> Any:
    values = {**found.checkpoint["channel_values"], "channel_0": []}
    return found._replace(checkpoint={**found.checkpoint, "channel_values": values})


@pytest.mark.parametrize(
    ("change", "kind", "text"),
    [
        (another_id, "unexpected", "2 reads of the trial returned a checkpoint that was never"),
        (another_value, "corrupted", "a read of the trial: channel 'channel_0' came back changed"),
        (lambda _: None, "stale", "2 reads of the trial returned nothing, though"),
    ],
)
def test_a_read_of_the_trial_that_was_wrong_is_told(change: Any, kind: str, text: str) -> None:
    found = judged(Reading(change), cycles=4)
    assert not found.passed
    assert getattr(found, kind) >= 1
    assert any(text in problem for problem in found.problems), found.problems
