"""The loop by hand that benchmarks compare with ``append_steps`` makes the same calls."""

from __future__ import annotations

import asyncio
from typing import Any

from langgraph.checkpoint.memory import InMemorySaver

from bench.workloads.append_steps import AppendStepsWorkload
from benchmarks import closed_loop
from tests.clients import drive


class Recording(InMemorySaver):
    """Keeps what it is given, without what is new in every run: ids and instants."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Any] = []

    async def aget_tuple(self, config: Any) -> Any:
        self.calls.append(("get_tuple", sorted(config["configurable"])))
        return await super().aget_tuple(config)

    async def aput_writes(
        self, config: Any, writes: Any, task_id: str, task_path: str = ""
    ) -> None:
        given = (list(writes), len(task_id), task_path)
        self.calls.append(("put_writes", sorted(config["configurable"]), given))
        await super().aput_writes(config, writes, task_id, task_path)

    async def aput(self, config: Any, checkpoint: Any, metadata: Any, new_versions: Any) -> Any:
        same = {name: value for name, value in checkpoint.items() if name not in {"id", "ts"}}
        versions = ("channel_versions", "versions_seen")
        same |= {name: str(same[name])[:40] for name in versions}
        given = (same, metadata, sorted(new_versions), len(checkpoint["id"]), len(checkpoint["ts"]))
        self.calls.append(("put", sorted(config["configurable"]), given))
        return await super().aput(config, checkpoint, metadata, new_versions)


def test_the_loop_by_hand_makes_the_harness_s_calls() -> None:
    """Through several threads, each of which is left for a new one."""
    cycles = 300
    payload = closed_loop.payload_of(1_000)
    of_workload, of_hand = Recording(), Recording()

    async def both() -> None:
        workload = AppendStepsWorkload(closed_loop.SHAPE, payload, "same", 1)
        await drive(workload, of_workload, cycles)
        await closed_loop.by_hand(of_hand, payload, cycles, "same")

    asyncio.run(both())
    assert of_workload.calls == of_hand.calls
    assert len(of_hand.calls) > 2 * cycles
