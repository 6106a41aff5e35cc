"""The load: what is due when, who waits for whom, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest

from bench.contracts import Client, ExpectedThread, Payload, PluginOptions, Workload
from bench.measure.load_generator import Load, Offer
from bench.measure.recorder import Recorder
from bench.measure.timing import OPERATIONS, Timing
from bench.records.outcome import COLUMNS, Outcome
from bench.scenario.arrival import Closed, Constant, Open, schedule_ns
from tests.unit.measure.savers import Plain, Ticks

CONFIG: Any = {"configurable": {"thread_id": "t"}}


class OnePut(Workload):
    """One put per cycle, and a note of who was served in which order."""

    marks = ("halfway",)

    def __init__(self) -> None:
        self.served: list[int] = []
        self.prepared: list[int] = []
        self.hangs = False
        self.fails = False
        self.converts = False
        self.raises: BaseException | None = None

    async def prepare(self, client: Client) -> None:
        self.prepared.append(client.index)

    async def cycle(self, client: Client) -> None:
        self.served.append(client.index)
        if self.raises is not None:
            raise type(self.raises)(*self.raises.args)
        if self.hangs:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError as error:
                if self.converts:
                    raise ConnectionError("gone") from error
                raise
        client.mark("halfway")
        if self.fails:
            raise ValueError("broken")
        await client.perform(client.saver().aput, CONFIG, *([{}] * 3))

    def expected(self) -> Mapping[str, ExpectedThread]:
        return {}


def run(
    workload: OnePut,
    arrival: Closed | Open,
    *,
    end_ns: int,
    step_ns: int = 1,
    drain_s: float = 5.0,
) -> tuple[list[dict[str, Any]], Load]:
    clock = Ticks(step_ns)
    recorder = Recorder((*OPERATIONS.values(), "cycle", "halfway"))
    saver = Timing(recorder, clock).time_saver(Plain(clock))
    loads = []

    async def main() -> None:
        offer = Offer.of(arrival, 0, 0.0, end_ns / 1e9)
        load = Load(workload, offer, lambda _: saver, recorder, clock, clock.sleep)
        loads.append(load)
        await load.prepare()
        load.start()
        load.end_at(end_ns)
        await load.drain(drain_s)

    asyncio.run(main())
    names = recorder.operations
    rows = [
        {**dict(zip(COLUMNS, row, strict=True)), "name": names[row[0]]} for row in recorder.rows()
    ]
    return rows, loads[0]


def of(rows: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [row for row in rows if row["name"] == name]


def test_each_client_prepares_once() -> None:
    workload = OnePut()
    run(workload, Closed(kind="closed", clients=3), end_ns=0)

    assert workload.prepared == [0, 1, 2]


def test_cycles_of_a_rehearsal_are_none_of_the_running_load() -> None:
    clock = Ticks(1)
    recorder = Recorder((*OPERATIONS.values(), "cycle", "halfway"))
    saver = Timing(recorder, clock).time_saver(Plain(clock))
    offer = Offer(Closed(kind="closed", clients=2))
    load = Load(OnePut(), offer, lambda _: saver, recorder, clock, clock.sleep)

    async def main() -> tuple[int, int]:
        await load.rehearse(lambda: load.fewest_cycles >= 3)
        load.start()
        found = load.fewest_cycles, load.fewest_cycles_since_start
        load.end_at(0)
        await load.drain(5.0)
        return found

    cycles, since_start = asyncio.run(main())

    assert cycles >= 3
    assert since_start == 0


def test_callers_that_give_up_go_on_with_the_next_cycle() -> None:
    clock = Ticks(10_000_000)
    recorder = Recorder((*OPERATIONS.values(), "cycle", "halfway"))
    saver = Timing(recorder, clock).time_saver(Plain(clock))
    workload, offer = OnePut(), Offer(Closed(kind="closed", clients=2))
    workload.hangs = True
    load = Load(workload, offer, lambda _: saver, recorder, clock)
    load.cancelled_share = 1.0

    async def main() -> None:
        load.start()
        load.end_at(10**15)
        while load.fewest_cycles < 2:  # noqa: ASYNC110 - nothing tells of a cycle's end
            await asyncio.sleep(0)
        load.end_at(0)
        await load.drain(1e6)

    asyncio.run(main())
    outcomes = {dict(zip(COLUMNS, row, strict=True))["outcome"] for row in recorder.rows()}
    assert outcomes == {Outcome.TIMED_OUT}
    # It was not the saver that failed.
    assert recorder.errors == {}


def test_clients_take_turns_although_the_saver_never_yields() -> None:
    """Without a yield before each cycle one client would run to its end and look fastest of all."""
    workload = OnePut()
    run(workload, Closed(kind="closed", clients=4), end_ns=2_000)

    assert workload.served[:4] == [0, 1, 2, 3]
    counts = [workload.served.count(client) for client in range(4)]
    assert max(counts) - min(counts) <= 1


def test_time_blocked_behind_other_clients_is_waiting() -> None:
    rows, _ = run(OnePut(), Closed(kind="closed", clients=4), end_ns=2_000)

    last_in_line = [row for row in of(rows, "put") if row["client"] == 3]
    # Three others were served (each looks at the clock several times) between due and started.
    assert all(row["started"] - row["due"] >= 3 * 4 for row in last_in_line[1:])
    assert all(row["finished"] - row["started"] == 4 for row in last_in_line)


def test_the_first_operation_is_due_when_its_cycle_was() -> None:
    rows, _ = run(OnePut(), Closed(kind="closed", clients=2), end_ns=500)

    assert [row["due"] for row in of(rows, "cycle")] == [row["due"] for row in of(rows, "put")]


def test_nothing_becomes_due_at_or_after_the_end() -> None:
    rows, _ = run(OnePut(), Closed(kind="closed", clients=2), end_ns=700)

    assert rows
    assert all(row["due"] < 700 for row in rows)


def test_a_mark_reaches_from_the_cycle_s_due_time_to_its_instant() -> None:
    rows, _ = run(OnePut(), Closed(kind="closed", clients=1), end_ns=100)

    for mark, cycle in zip(of(rows, "halfway"), of(rows, "cycle"), strict=True):
        assert cycle["due"] == mark["due"]
        assert cycle["started"] < mark["finished"] < cycle["finished"]


def test_a_failing_cycle_is_recorded_and_the_load_goes_on() -> None:
    workload = OnePut()
    workload.fails = True
    # The clock jumps over the pause after a failure, which is so waited for by nobody.
    rows, load = run(workload, Closed(kind="closed", clients=1), end_ns=10**9, step_ns=60_000_000)

    cycles = of(rows, "cycle")
    assert {row["outcome"] for row in cycles} == {int(Outcome.FAILED)}
    assert len(cycles) > 1
    assert load._recorder.errors["ValueError"] == len(cycles)


def test_after_thinking_a_client_is_due_whether_or_not_the_loop_has_come_to_it() -> None:
    thinking = Closed(kind="closed", clients=2, think_s=5e-9)
    rows, _ = run(OnePut(), thinking, end_ns=300)

    for client in (0, 1):
        cycles = [row for row in of(rows, "cycle") if row["client"] == client]
        assert len(cycles) > 3
        for earlier, later in pairwise(cycles):
            # One look at the clock lies between the end of a cycle and the planning of the next.
            assert later["due"] - earlier["finished"] in range(5, 9)
            assert later["started"] >= later["due"]


def test_what_hangs_is_cut_off_as_timed_out() -> None:
    workload = OnePut()
    workload.hangs = True
    rows, _ = run(workload, Closed(kind="closed", clients=2), end_ns=900, drain_s=1e-7)

    assert [row["outcome"] for row in of(rows, "cycle")] == [Outcome.TIMED_OUT] * 2


@pytest.mark.parametrize("in_flight", [1, 3])
def test_an_open_schedule_keeps_its_due_times(in_flight: int) -> None:
    arrival = Constant(kind="constant", rate_per_s=1e6, max_in_flight=in_flight)
    rows, _ = run(OnePut(), arrival, end_ns=20_500, step_ns=10)

    due = sorted(row["due"] for row in of(rows, "cycle"))
    assert [offset + due[0] for offset in schedule_ns(arrival, 0, 0.0, 20_500 / 1e9)] == due
    assert len(due) == 20
    assert max(row["client"] for row in rows) < in_flight


def test_what_queues_for_a_place_is_told_from_what_the_loop_was_late_for() -> None:
    """A single place, and cycles longer than the gap: all but the first of a burst queue."""
    arrival = Constant(kind="constant", rate_per_s=1e6, max_in_flight=1)
    rows, _ = run(OnePut(), arrival, end_ns=10_500, step_ns=1_000)

    cycles = of(rows, "cycle")
    waits = [row["started"] - row["due"] for row in cycles]
    assert cycles[0]["pool_wait"] == 0
    assert all(row["pool_wait"] > 0 for row in cycles[1:])
    assert all(row["pool_wait"] <= wait for row, wait in zip(cycles, waits, strict=True))


def test_places_go_round_with_the_number_so_that_arms_use_the_same_keys() -> None:
    workload = OnePut()
    arrival = Constant(kind="constant", rate_per_s=1e3, max_in_flight=4)
    run(workload, arrival, end_ns=10_000_000)

    assert workload.served == [number % 4 for number in range(10)]


def test_what_an_open_load_could_not_start_is_shed_and_counted() -> None:
    workload = OnePut()
    workload.hangs = True
    arrival = Constant(kind="constant", rate_per_s=1e6, max_in_flight=2)
    rows, _ = run(workload, arrival, end_ns=10_500, step_ns=100, drain_s=1e-6)

    outcomes = [Outcome(row["outcome"]) for row in of(rows, "cycle")]
    assert outcomes.count(Outcome.TIMED_OUT) == 2
    assert outcomes.count(Outcome.SHED) == len(outcomes) - 2 == 8
    shed = [row for row in rows if row["outcome"] == Outcome.SHED]
    assert all(row["started"] == row["finished"] > row["due"] for row in shed)


def test_beyond_the_backlog_arrivals_are_shed_at_once() -> None:
    workload = OnePut()
    workload.hangs = True
    arrival = Constant(kind="constant", rate_per_s=1e6, max_in_flight=1, max_backlog=3)
    rows, load = run(workload, arrival, end_ns=10_500, step_ns=100, drain_s=1e-6)

    at_once = [row for row in rows if row["outcome"] == Outcome.SHED]
    assert len(at_once) == 9
    assert len(rows) - len(of(rows, "put")) == len(of(rows, "cycle")) == 10
    assert not load._queue


def test_a_cycle_that_reaches_its_time_out_counts_at_the_limit() -> None:
    workload = OnePut()
    workload.hangs = True
    arrival = Closed(kind="closed", clients=2, timeout_s=1e-6)
    rows, load = run(workload, arrival, end_ns=60_000, step_ns=100)

    cycles = of(rows, "cycle")
    assert {row["outcome"] for row in cycles} == {int(Outcome.TIMED_OUT)}
    assert {row["finished"] - row["due"] for row in cycles} == {1_000}
    assert not load._recorder.errors


def test_a_cancelling_that_nobody_asked_for_is_a_failure_and_the_client_goes_on() -> None:
    """A saver whose own code cancels would else lose its clients one by one, and look faster."""
    workload = OnePut()
    workload.raises = asyncio.CancelledError("of its own")
    rows, load = run(workload, Closed(kind="closed", clients=2), end_ns=10**9, step_ns=60_000_000)

    cycles = of(rows, "cycle")
    assert {row["outcome"] for row in cycles} == {int(Outcome.FAILED)}
    assert {row["client"] for row in cycles} == {0, 1}
    assert load._recorder.errors["CancelledError"] == len(cycles) > 2


def test_what_a_saver_makes_of_being_cut_off_is_a_time_out() -> None:
    workload = OnePut()
    workload.hangs = True
    workload.converts = True
    arrival = Closed(kind="closed", clients=1, timeout_s=1e-6)
    rows, load = run(workload, arrival, end_ns=60_000, step_ns=100)

    assert {row["outcome"] for row in of(rows, "cycle")} == {int(Outcome.TIMED_OUT)}
    assert not load._recorder.errors


def test_a_time_out_is_no_failure_after_which_a_client_would_pause() -> None:
    workload = OnePut()
    workload.hangs = True
    arrival = Closed(kind="closed", clients=1, timeout_s=1e-6)
    rows, _ = run(workload, arrival, end_ns=60_000, step_ns=100)

    cycles = of(rows, "cycle")
    assert len(cycles) > 3
    assert all(b["due"] - a["due"] < 50_000_000 for a, b in pairwise(cycles))


def test_what_was_due_longer_ago_than_the_time_out_is_not_started() -> None:
    arrival = Constant(kind="constant", rate_per_s=1e6, max_in_flight=1, timeout_s=2e-6)
    rows, _ = run(OnePut(), arrival, end_ns=10_500, step_ns=1_000)

    shed = [row for row in of(rows, "cycle") if row["outcome"] == Outcome.SHED]
    assert shed
    assert {row["finished"] - row["due"] for row in shed} == {2_000}
    assert len(of(rows, "cycle")) == 10


def test_the_abstract_parts_of_the_fake_are_the_contract_s() -> None:
    assert not getattr(OnePut, "__abstractmethods__", frozenset())
    assert issubclass(OnePut, Workload)
    assert PluginOptions is Workload.Options is Payload.Options
