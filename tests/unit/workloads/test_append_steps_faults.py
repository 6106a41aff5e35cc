"""A saver that drops, corrupts, refuses or hangs is noticed by ``append_steps``."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from bench.payloads._sizes import SizedOptions
from bench.payloads.messages import MessagesPayload
from bench.workloads._errors import StaleReadError
from bench.workloads.append_steps import AppendStepsOptions, AppendStepsWorkload
from tests.clients import FakeClient, acknowledged, drive, read_back


def workload(**options: Any) -> AppendStepsWorkload:
    payload = MessagesPayload(SizedOptions(state_bytes=300), 7)
    return AppendStepsWorkload(AppendStepsOptions(**options), payload, "trial", 1)


class FaultySaver(InMemorySaver):
    """Fails in the way that is asked for."""

    fault = ""

    async def aput(self, config: Any, checkpoint: Any, metadata: Any, new_versions: Any) -> Any:
        if self.fault == "drops":
            return {"configurable": {**config["configurable"], "checkpoint_id": checkpoint["id"]}}
        if self.fault == "corrupts":
            (name,) = new_versions
            state = checkpoint["channel_values"][name]
            changed = [state[0].model_copy(update={"content": state[0].text + " "}), *state[1:]]
            checkpoint = {**checkpoint, "channel_values": {name: changed}}
        if self.fault == "refuses":
            raise OSError("refused")
        returned = await super().aput(config, checkpoint, metadata, new_versions)
        if self.fault == "forgets to answer":
            raise OSError("the connection was closed")
        return returned

    async def aput_writes(
        self, config: Any, writes: Any, task_id: str, task_path: str = ""
    ) -> None:
        if self.fault == "refuses writes" and task_id.endswith("1"):
            raise OSError("refused")
        await asyncio.sleep(0)
        await super().aput_writes(config, writes, task_id, task_path)


def test_a_dropped_put_is_noticed_by_the_next_read_and_afterwards() -> None:
    async def scenario() -> None:
        saver = FaultySaver()
        made = workload(threads_per_client=1, steps_per_turn=1)
        (client,) = await drive(made, saver, 1)
        last_stored = made.expected()["trial-c0-t0"].checkpoint_id
        saver.fault = "drops"
        await made.cycle(client)
        last = made.expected()["trial-c0-t0"].checkpoint_id
        expected = f"trial-c0-t0: expected checkpoint {last}, .* found {last_stored}"
        with pytest.raises(StaleReadError, match=expected):
            await made.cycle(client)
        assert await read_back(saver, made) != acknowledged(made)
        assert made.expected()["trial-c0-t0"].stale == 1

    asyncio.run(scenario())


def test_an_empty_store_is_a_stale_read() -> None:
    async def scenario() -> None:
        made = workload()
        await drive(made, InMemorySaver(), 0)
        with pytest.raises(StaleReadError, match="found nothing"):
            await made.cycle(FakeClient(0, InMemorySaver()))
        assert made.expected()["trial-c0-t0"].stale == 1

    asyncio.run(scenario())


def test_a_corrupted_put_is_noticed_by_its_hash() -> None:
    async def scenario() -> None:
        saver = FaultySaver()
        made = workload(threads_per_client=1)
        (client,) = await drive(made, saver, 1)
        saver.fault = "corrupts"
        await made.cycle(client)
        found, expected = await read_back(saver, made), acknowledged(made)
        assert found["trial-c0-t0"][:2] == expected["trial-c0-t0"][:2]
        assert found["trial-c0-t0"][2] != expected["trial-c0-t0"][2]

    asyncio.run(scenario())


@pytest.mark.parametrize(("fault", "stored"), [("refuses", 2), ("forgets to answer", 4)])
def test_a_put_that_raised_is_indeterminate_and_its_step_is_tried_again(
    fault: str, stored: int
) -> None:
    async def scenario() -> None:
        saver = FaultySaver()
        made = workload(threads_per_client=1, steps_per_turn=1)
        (client,) = await drive(made, saver, 1)
        before = made.expected()["trial-c0-t0"]
        saver.fault = fault
        for _ in range(2):
            with pytest.raises(OSError, match=r"refused|closed"):
                await made.cycle(client)
        after = made.expected()["trial-c0-t0"]
        assert (after.checkpoints, after.indeterminate) == (2, 2)
        assert (after.checkpoint_id, after.content_hash) == (
            before.checkpoint_id,
            before.content_hash,
        )
        assert (await read_back(saver, made))["trial-c0-t0"][0] == stored
        saver.fault = ""
        await made.cycle(client)
        last = made.expected()["trial-c0-t0"]
        assert (last.checkpoints, last.indeterminate) == (3, 2)
        found = (await read_back(saver, made))["trial-c0-t0"]
        assert found == (stored + 1, last.checkpoint_id, last.content_hash)

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
        made = workload(threads_per_client=1)
        (client,) = await drive(made, saver, 0)
        saver.hangs = True
        task = asyncio.create_task(made.cycle(client))
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        thread = made.expected()["trial-c0-t0"]
        assert (thread.checkpoints, thread.indeterminate) == (1, 1)

    asyncio.run(scenario())


def test_a_failed_write_ends_the_cycle_when_all_writes_have_ended() -> None:
    async def scenario() -> None:
        saver = FaultySaver()
        made = workload(threads_per_client=1, tasks_per_step=3)
        (client,) = await drive(made, saver, 0)
        saver.fault = "refuses writes"
        with pytest.raises(OSError, match="refused"):
            await made.cycle(client)
        assert client.performed[-3:] == ["aput_writes"] * 3
        assert [len({task for task, _ in held}) for held in saver.writes.values()] == [2]
        assert made.expected()["trial-c0-t0"].indeterminate == 0

    asyncio.run(scenario())


def test_a_checkpoint_that_nobody_wrote_is_no_stale_read() -> None:
    class Ahead(InMemorySaver):
        async def aget_tuple(self, config: Any) -> Any:
            found: Any = await super().aget_tuple(config)
            return found._replace(checkpoint={**found.checkpoint, "id": "ffffffff"})

    async def scenario() -> None:
        saver = Ahead()
        made = workload(threads_per_client=1)
        with pytest.raises(StaleReadError, match="found ffffffff"):
            await drive(made, saver, 1)
        assert made.expected()["trial-c0-t0"].stale == 0

    asyncio.run(scenario())


def test_a_read_may_return_what_was_put_without_an_answer() -> None:
    async def scenario() -> None:
        saver = FaultySaver()
        made = workload(threads_per_client=1, steps_per_turn=1)
        (client,) = await drive(made, saver, 1)
        saver.fault = "forgets to answer"
        with pytest.raises(OSError, match="closed"):
            await made.cycle(client)
        saver.fault = ""
        await made.cycle(client)
        thread = made.expected()["trial-c0-t0"]
        assert (thread.checkpoints, thread.indeterminate, thread.stale) == (3, 1, 0)
        assert len(thread.indeterminate_ids) == 1

    asyncio.run(scenario())


def test_writes_that_raised_are_indeterminate() -> None:
    async def scenario() -> None:
        saver = FaultySaver()
        made = workload(threads_per_client=1, tasks_per_step=3)
        (client,) = await drive(made, saver, 0)
        saver.fault = "refuses writes"
        with pytest.raises(OSError, match="refused"):
            await made.cycle(client)
        thread = made.expected()["trial-c0-t0"]
        assert (thread.writes, thread.indeterminate_writes) == (2, 1)
        (first,) = made.history("trial-c0-t0")
        # Two tasks with two values each.
        assert len(first.writes) == 4

    asyncio.run(scenario())
