"""Savers that are LangGraph's ``InMemorySaver`` but for one defect each."""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any, ClassVar

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import CheckpointTuple
from langgraph.checkpoint.memory import InMemorySaver

from bench.contracts import Stored
from bench.subjects.memory import MemorySubject

BLOCKING_S = 0.002
HELD_S = 0.3
HELD_AT_PUT = 140
DROPPED_ONE_IN = 1_000
CORRUPTED_ONE_IN = 100
STALE_ONE_IN = 10
LEAKED_BYTES = 100 * 1024
HANGS_AT_PUT = 40
HOARDED_BYTES = 10_000_000


class BlockingSaver(InMemorySaver):
    """Sleeps in a coroutine without yielding, as a synchronous driver does."""

    async def aput(self, config: RunnableConfig, *given: Any) -> RunnableConfig:
        time.sleep(BLOCKING_S)  # noqa: ASYNC251 - this is its defect
        return await super().aput(config, *given)


class HoldingSaver(InMemorySaver):
    """Holds the event loop once, in one put of the load, as a first call that connects does."""

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        """``sleep`` (seconds) is what holds the loop."""
        super().__init__()
        self._sleep = sleep
        self.puts = 0

    async def aput(self, config: RunnableConfig, *given: Any) -> RunnableConfig:
        _, metadata, _ = given
        # What prepares the threads is not counted.
        if metadata["source"] != "input":
            self.puts += 1
            if self.puts == HELD_AT_PUT:
                self._sleep(HELD_S)
        return await super().aput(config, *given)


class _CountingSaver(InMemorySaver):
    """Knows how many puts there were, and how many reads of a latest checkpoint."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.puts = 0
        self.reads = 0


class DroppingSaver(_CountingSaver):
    """Acknowledges one put in a thousand without storing anything, the 500th first."""

    async def aput(self, config: RunnableConfig, *given: Any) -> RunnableConfig:
        self.puts += 1
        if self.puts % DROPPED_ONE_IN != DROPPED_ONE_IN // 2:
            return await super().aput(config, *given)
        return {"configurable": {**config["configurable"], "checkpoint_id": given[0]["id"]}}


class StaleSaver(_CountingSaver):
    """Answers one read of a latest checkpoint in ten with the one before, as a replica may."""

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        found = await super().aget_tuple(config)
        if "checkpoint_id" in config["configurable"] or found is None:
            return found
        self.reads += 1
        if self.reads % STALE_ONE_IN or found.parent_config is None:
            return found
        return await super().aget_tuple(found.parent_config)


class CorruptingSaver(_CountingSaver):
    """Flips the last bit of one channel in every hundredth put; states are bytes."""

    async def aput(self, config: RunnableConfig, *given: Any) -> RunnableConfig:
        checkpoint, metadata, new_versions = given
        self.puts += 1
        if self.puts % CORRUPTED_ONE_IN == 0:
            values = dict(checkpoint["channel_values"])
            channel = next(name for name in new_versions if name in values)
            values[channel] = _last_bit_flipped(values[channel])
            checkpoint = {**checkpoint, "channel_values": values}
        return await super().aput(config, checkpoint, metadata, new_versions)


class NamespaceLosingSaver(InMemorySaver):
    """Acknowledges what subgraphs write into namespaces of their own, and drops their writes."""

    async def aput_writes(
        self, config: RunnableConfig, writes: Any, task_id: str, task_path: str = ""
    ) -> None:
        if not config["configurable"].get("checkpoint_ns"):
            await super().aput_writes(config, writes, task_id, task_path)


class TypeChangingSaver(InMemorySaver):
    """Stores numbers of the type ``Decimal`` as text, as a saver that keeps JSON may."""

    async def aput(self, config: RunnableConfig, *given: Any) -> RunnableConfig:
        checkpoint, *rest = given
        values = {
            channel: {key: str(v) if isinstance(v, Decimal) else v for key, v in state.items()}
            for channel, state in checkpoint["channel_values"].items()
        }
        changed: Any = {**checkpoint, "channel_values": values}
        return await super().aput(config, changed, *rest)


def _last_bit_flipped(value: Any) -> bytes:
    if not isinstance(value, bytes) or not value:
        raise TypeError(f"this saver corrupts bytes, not {type(value).__name__}; use binary states")
    return value[:-1] + bytes([value[-1] ^ 1])


class _ReferenceSerializer:
    """Does not serialise: what is "stored" is the caller's own object."""

    def dumps_typed(self, obj: Any) -> tuple[str, Any]:
        return "reference", obj

    def loads_typed(self, data: tuple[str, Any]) -> Any:
        return data[1]


class ReferencingSaver(InMemorySaver):
    """Keeps references to what it was given, so that the caller's changes reach the store."""

    def __init__(self) -> None:
        super().__init__(serde=_ReferenceSerializer())


class LeakingSaver(InMemorySaver):
    """Keeps 100 KiB of every put that nobody will ask for."""

    def __init__(self) -> None:
        super().__init__()
        self._leaked: list[bytearray] = []

    async def aput(self, config: RunnableConfig, *given: Any) -> RunnableConfig:
        # Not zeros: pages that nobody has written to take no memory.
        self._leaked.append(bytearray(b"\x01" * LEAKED_BYTES))
        return await super().aput(config, *given)


class HangingSaver(_CountingSaver):
    """Does not come back from one put of the load, as a driver without a time limit."""

    async def aput(self, config: RunnableConfig, *given: Any) -> RunnableConfig:
        self.puts += 1
        while self.puts == HANGS_AT_PUT:
            time.sleep(1.0)  # noqa: ASYNC251 - this is its defect
        return await super().aput(config, *given)


class HoardingSaver(_CountingSaver):
    """Takes 10 MB more with every put."""

    def __init__(self) -> None:
        super().__init__()
        self._hoard: list[bytearray] = []

    async def aput(self, config: RunnableConfig, *given: Any) -> RunnableConfig:
        self._hoard.append(bytearray(b"\x01" * HOARDED_BYTES))
        return await super().aput(config, *given)


class DefectiveSubject(MemorySubject):
    """The subject ``memory`` with another saver."""

    saver_class: ClassVar[type[InMemorySaver]]

    async def open(self, clients: int) -> None:
        self._saver = self.saver_class()


class ReferencingSubject(DefectiveSubject):
    """One :class:`ReferencingSaver`."""

    saver_class = ReferencingSaver

    async def stored(self) -> Stored:
        """Count checkpoints alone: references have no size."""
        by_thread = self._saver.storage.values()
        counts = (len(by_id) for namespaces in by_thread for by_id in namespaces.values())
        return Stored(checkpoints=sum(counts), stored_bytes=None)


def _subject(saver_class: type[InMemorySaver]) -> type[DefectiveSubject]:
    name = saver_class.__name__.replace("Saver", "Subject")
    return type(name, (DefectiveSubject,), {"saver_class": saver_class, "__module__": __name__})


BlockingSubject = _subject(BlockingSaver)
HoldingSubject = _subject(HoldingSaver)
DroppingSubject = _subject(DroppingSaver)
StaleSubject = _subject(StaleSaver)
CorruptingSubject = _subject(CorruptingSaver)
NamespaceLosingSubject = _subject(NamespaceLosingSaver)
TypeChangingSubject = _subject(TypeChangingSaver)
LeakingSubject = _subject(LeakingSaver)
HangingSubject = _subject(HangingSaver)
HoardingSubject = _subject(HoardingSaver)
