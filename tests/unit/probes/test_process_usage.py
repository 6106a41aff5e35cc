"""The readings from trees whose truth is known, and one look at this very process."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence

import pytest

from bench.probes._process_tree import Memory, ProcessTree
from bench.probes.process_usage import COSTLY_INTERVAL_NS, Group, ProcessUsage

NS_PER_S = 1_000_000_000


class Clock:
    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


class Tree(ProcessTree):
    """Gives what the test says, one after the other; ``cost_ns`` passes with each full look."""

    def __init__(
        self,
        clock: Clock,
        memories: Iterable[Memory | None],
        resident: Iterable[int | None] = (),
        cpu_s: Iterable[float | None] = (0.0, 0.0),
        cost_ns: int = 0,
    ) -> None:
        self._clock = clock
        self.memories = list(memories)
        self.resident = list(resident)
        self.cpu = list(cpu_s)
        self.cost_ns = cost_ns

    def resident_bytes(self) -> int | None:
        return self.resident.pop(0)

    def memory(self) -> Memory | None:
        self._clock.now_ns += self.cost_ns
        return self.memories.pop(0)

    def cpu_s(self) -> float | None:
        return self.cpu.pop(0)


def watched(name: str, tree: Tree, clock: Clock, samples: int = 0) -> dict[str, float]:
    """Take ``samples`` 50 ms apart and return the readings."""
    group = Group(name, tree, clock)
    group.begin()
    for _ in range(samples):
        clock.now_ns += 50_000_000
        group.sample()
    clock.now_ns = 2 * NS_PER_S
    group.end()
    return group.values()


def test_the_worker() -> None:
    clock = Clock()
    memories = [Memory(100, 50, 60), Memory(110, 70, 80), Memory(90, 40, 50)]
    tree = Tree(clock, memories, [105, 300, 120, None], [1.5, 4.5])
    expected = {
        "worker.rss_peak": 300.0,
        "worker.uss_peak": 70.0,
        "worker.rss_growth": -10.0,
        "worker.cpu_share": 1.5,
    }
    assert expected == watched("worker", tree, clock, samples=5)
    assert tree.memories == []
    assert tree.resident == []


def test_a_server_whose_shared_memory_is_told_counts_it_once() -> None:
    clock = Clock()
    memories = [Memory(1000, 10, 300), Memory(1000, 10, 400), Memory(900, 10, 350)]
    tree = Tree(clock, memories, cpu_s=[0.0, 1.0])
    expected = {"server.pss_peak": 400.0, "server.cpu_share": 0.5}
    assert expected == watched("server", tree, clock, samples=5)


def test_a_server_whose_shared_memory_is_not_told_says_so_in_the_name() -> None:
    clock = Clock()
    memories = [Memory(1000, None, None), Memory(900, None, None)]
    tree = Tree(clock, memories, [1200])
    expected = {"server.rss_peak": 1200.0, "server.cpu_share": 0.0}
    assert expected == watched("server", tree, clock, samples=1)


@pytest.mark.parametrize("name", ["worker", "server"])
def test_processes_that_have_gone_leave_no_number(name: str) -> None:
    clock = Clock()
    tree = Tree(clock, [None, None], [None], [None, None])
    assert watched(name, tree, clock, samples=1) == {}


def test_a_worker_that_ends_keeps_its_peaks_alone() -> None:
    clock = Clock()
    tree = Tree(clock, [Memory(100, 50, 60), None], [None], [1.0, None])
    expected = {"worker.rss_peak": 100.0, "worker.uss_peak": 50.0}
    assert expected == watched("worker", tree, clock, samples=1)


def test_one_unreadable_unique_size_makes_the_peak_unknown() -> None:
    clock = Clock()
    tree = Tree(clock, [Memory(100, 50, None), Memory(100, None, None)])
    assert "worker.uss_peak" not in watched("worker", tree, clock)


@pytest.mark.parametrize(("cost_ns", "looks"), [(0, 4), (10_000_000, 2)])
def test_what_costs_more_is_read_less_often(cost_ns: int, looks: int) -> None:
    clock = Clock()
    tree = Tree(clock, [Memory(1, 1, 1)] * 99, cost_ns=cost_ns)
    group = Group("server", tree, clock)
    group.begin()
    for _ in range(15):
        clock.now_ns += COSTLY_INTERVAL_NS // 5
        group.sample()
    assert looks == 99 - len(tree.memories)


def test_readings_come_from_the_thread_too() -> None:
    clock = Clock()
    seen = threading.Event()

    class Watched(Tree):
        def resident_bytes(self) -> int | None:
            seen.set()
            return 500

    def tree(process_ids: Sequence[int]) -> Tree:
        assert process_ids == (7,)
        return Watched(clock, [Memory(100, 50, 60)] * 2)

    probe = ProcessUsage(tree, clock)
    probe.start({"worker": (7,), "server": ()})
    assert seen.wait(30)
    clock.now_ns = 1
    found = {reading.name: reading.value for reading in probe.stop()}
    assert found["worker.rss_peak"] == 500.0
    assert [name for name in found if name.startswith("server")] == []
    assert [thread for thread in threading.enumerate() if thread.name == "process_usage"] == []


def test_this_process() -> None:
    probe = ProcessUsage()
    probe.start({"worker": (os.getpid(),), "server": (os.getpid(),)})
    found = {reading.name: reading.value for reading in probe.stop()}
    assert found["worker.rss_peak"] > 0
    assert {"worker.rss_growth", "worker.cpu_share", "server.cpu_share"} <= set(found)
    assert {"server.pss_peak", "server.rss_peak"} & set(found)
