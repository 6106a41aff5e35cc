"""Calls inside operations are counted, exactly, and the classes get their own methods back."""

from __future__ import annotations

import asyncio

import pytest

from bench.contracts import CountedCalls
from bench.errors import InputError
from bench.measure.call_counts import CallCounts
from bench.measure.recorder import Recorder
from bench.measure.timing import OPERATIONS, Timing
from bench.scenario.metric import CYCLE
from bench.subjects.null import NullSaver


class Driver:
    def execute(self) -> str:
        return "done"


class Pipeline(Driver):
    pass


class CallingSaver(NullSaver):
    """Reads with two statements, one of them in a thread."""

    def __init__(self) -> None:
        super().__init__()
        self.driver = Pipeline()
        self.lock = asyncio.Lock()

    async def aget_tuple(self, config: object) -> None:
        async with self.lock:
            self.driver.execute()
            await asyncio.to_thread(self.driver.execute)


def made() -> Recorder:
    return Recorder((*OPERATIONS.values(), CYCLE))


async def counted(counts: CallCounts, recorder: Recorder) -> dict[str, float]:
    saver = Timing(recorder, lambda: 0).time_saver(CallingSaver())
    counts.watch([CountedCalls("statements", Pipeline, "execute")])
    await saver.aget_tuple({})
    counts.start()
    for _ in range(3):
        await saver.aget_tuple({})
    saver.driver.execute()  # outside an operation
    return {reading.name: reading.value for reading in counts.stop()}


def test_calls_are_counted_per_operation_from_the_start_on() -> None:
    recorder = made()
    counts = CallCounts(recorder)
    found = asyncio.run(counted(counts, recorder))
    counts.restore()

    assert found == {"get_tuple.statements": 2.0, "get_tuple.lock_acquisitions": 1.0}


def test_classes_get_their_methods_back() -> None:
    counts = CallCounts(made())
    own = Driver.execute
    counted = [CountedCalls("statements", owner, "execute") for owner in (Driver, Pipeline, Driver)]
    counts.watch(counted)
    assert Driver.execute is not own
    assert Pipeline().execute() == "done"

    counts.restore()

    assert Driver.execute is own
    assert "execute" not in vars(Pipeline)


@pytest.mark.parametrize(("what", "method"), [("guesses", "execute"), ("statements", "fetch")])
def test_what_cannot_be_counted_is_refused(what: str, method: str) -> None:
    with pytest.raises(InputError, match="cannot count Driver"):
        CallCounts(made()).watch([CountedCalls(what, Driver, method)])


class Remote:
    async def exchange(self) -> None:
        await asyncio.sleep(0)


class BranchingSaver(NullSaver):
    """Reads with one exchange, then two and three of them side by side, then one."""

    def __init__(self) -> None:
        super().__init__()
        self.remote = Remote()

    async def _branch(self, exchanges: int) -> None:
        for _ in range(exchanges):
            await self.remote.exchange()

    async def aget_tuple(self, config: object) -> None:
        await self.remote.exchange()
        await asyncio.gather(self._branch(2), self._branch(3), self.remote.exchange())
        await self.remote.exchange()


def test_round_trips_that_are_under_way_at_once_count_as_one() -> None:
    async def found(counts: CallCounts) -> dict[str, float]:
        saver = Timing(recorder, lambda: 0).time_saver(BranchingSaver())
        counts.watch([CountedCalls("round_trips", Remote, "exchange")])
        counts.start()
        await asyncio.gather(*(saver.aget_tuple({}) for _ in range(4)))
        return {reading.name: reading.value for reading in counts.stop()}

    recorder = made()
    counts = CallCounts(recorder)
    assert asyncio.run(found(counts)) == {"get_tuple.round_trips": 5.0}
    counts.restore()


def test_a_call_may_not_count() -> None:
    class Quiet(NullSaver):
        async def aget_tuple(self, config: object) -> None:
            remote.answer(1)
            remote.answer(2)

    class Answering:
        def answer(self, number: int) -> int:
            return number

    async def found() -> dict[str, float]:
        saver = Timing(recorder, lambda: 0).time_saver(Quiet())
        even = CountedCalls("statements", Answering, "answer", lambda _, number: number % 2 == 0)
        counts.watch([even])
        counts.start()
        await saver.aget_tuple({})
        return {reading.name: reading.value for reading in counts.stop()}

    recorder, remote = made(), Answering()
    counts = CallCounts(recorder)
    assert asyncio.run(found()) == {"get_tuple.statements": 1.0}
    counts.restore()
