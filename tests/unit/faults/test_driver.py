"""When a trial is broken: at acknowledged writes or instants that are drawn from its seed."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from bench.contracts import Fault, FaultTarget, PluginOptions, ServerControl
from bench.errors import UnavailableError
from bench.faults._machinery.driver import FaultDriver, moments
from bench.handover.acknowledgements import AcknowledgedCount, AcknowledgementLog
from bench.records.trial import Strike
from bench.scenario.plan import Trial, expand
from bench.scenario.scenario import FaultUse, Moment
from bench.scenario.scenario_file import parse_scenario
from tests.unit.analysis.synthetic import scenario_text

BROKEN = scenario_text("a b", tables='faults = ["kill"]\n[faults.kill]\nuse = "worker_kill"')
TRIALS = expand(parse_scenario(BROKEN, "f.toml")).trials


class Server(ServerControl):
    def __init__(self) -> None:
        self.done: list[str] = []

    def kill(self) -> None:
        self.done.append("kill")

    def shut_down(self) -> None:
        self.done.append("shut down")

    def start_again(self) -> None:
        self.done.append("start")

    def is_running(self) -> bool:
        return self.done[-1:] != ["kill"]

    def take_connections(self) -> int:
        raise AssertionError("nobody asks for it")

    def give_back_connections(self) -> None:
        raise AssertionError("nobody asks for it")

    def freeze(self) -> None:
        self.done.append("freeze")

    def thaw(self) -> None:
        raise UnavailableError("it does not go on")


class Target(FaultTarget):
    link = None

    def __init__(self) -> None:
        self.broken = Server()

    @property
    def server(self) -> Server:
        return self.broken

    def limit_disk(self, free_bytes: int | None) -> None:
        raise AssertionError("there is no disk")

    def kill_worker(self) -> None:
        raise AssertionError("it is about the server")

    def drop_unflushed(self) -> None:
        raise AssertionError("there is no disk")


class Kill(Fault):
    def act(self, target: FaultTarget) -> None:
        assert target.server is not None
        target.server.kill()

    def undo(self, target: FaultTarget) -> None:
        assert target.server is not None
        target.server.start_again()


class Freeze(Kill):
    def undo(self, target: FaultTarget) -> None:
        assert target.server is not None
        target.server.thaw()


class Clock:
    """Goes on by a second whenever it is read; ``reached`` is set at that reading."""

    def __init__(self, reading: int) -> None:
        self.now_ns = 0
        self.reading = reading
        self.reached = threading.Event()

    def __call__(self) -> int:
        self.now_ns += 1_000_000_000
        if self.now_ns >= self.reading * 1_000_000_000:
            self.reached.set()
        return self.now_ns


def log_of(path: Path) -> AcknowledgementLog:
    log = AcknowledgementLog.shared(path, 1 << 16)
    acknowledge(log, 3)
    return log


def acknowledge(log: AcknowledgementLog, count: int) -> None:
    begin, end = log.operations["put"]
    for number in range(count):
        config = {"configurable": {"thread_id": "t" * 200, "checkpoint_ns": ""}}
        end(begin(config, {"id": f"{number:036}"}), None, 1)


def driver_of(
    directory: Path, fault: Fault, use: FaultUse, clock: Clock
) -> tuple[FaultDriver, Target]:
    target = Target()
    return FaultDriver(fault, use, TRIALS[0], target, directory / "log", clock), target


def test_it_acts_at_each_moment_and_brings_back(tmp_path: Path) -> None:
    log_of(tmp_path / "log")
    use = FaultUse(use="server_kill", at=Moment(s=(1.0, 1.0)), times=2)
    driver, target = driver_of(tmp_path, Kill(PluginOptions()), use, Clock(10))
    driver.start()
    driver._thread.join()

    assert target.server.done == ["kill", "start", "kill", "start"]
    # Each reading of the clock is a second later: begin, look, then the three of a strike.
    assert driver.strikes == [
        Strike(3_000_000_000, 4_000_000_000, 5_000_000_000),
        Strike(8_000_000_000, 9_000_000_000, 10_000_000_000),
    ]
    assert driver.failure is None
    assert driver.has_acted


class Absent(Kill):
    from_start = True


def test_what_is_broken_before_the_load_begins_is_brought_back(tmp_path: Path) -> None:
    log_of(tmp_path / "log")
    use = FaultUse(use="server_absent")
    driver, target = driver_of(tmp_path, Absent(PluginOptions()), use, Clock(10))
    driver.start()
    driver._thread.join()

    assert target.server.done == ["start"]
    assert driver.strikes == [Strike(1_000_000_000, 2_000_000_000, 3_000_000_000)]


def test_it_does_nothing_where_the_load_ends_before(tmp_path: Path) -> None:
    log_of(tmp_path / "log")
    clock = Clock(4)
    use = FaultUse(use="server_kill", at=Moment(operation=(50, 50), latest_s=1e3))
    driver, target = driver_of(tmp_path, Kill(PluginOptions()), use, clock)
    driver.start()
    clock.reached.wait()
    driver.stop()

    assert (driver.strikes, target.server.done) == ([], [])


def test_what_does_not_come_back_is_told(tmp_path: Path) -> None:
    log_of(tmp_path / "log")
    use = FaultUse(use="server_freeze", at=Moment(s=(0.0, 0.0)))
    driver, _ = driver_of(tmp_path, Freeze(PluginOptions()), use, Clock(10))
    driver.start()
    driver._thread.join()

    assert str(driver.failure) == "it does not go on"
    assert not driver.has_acted
    assert [strike.back_ns for strike in driver.strikes] == [0]


def test_acknowledged_writes_are_counted_while_they_are_made(tmp_path: Path) -> None:
    log = log_of(tmp_path / "log")
    count = AcknowledgedCount(tmp_path / "log")
    assert count.now() == 3
    begin, end = log.operations["put_writes"]
    config = {"configurable": {"thread_id": "other", "checkpoint_ns": "", "checkpoint_id": "1"}}
    token = begin(config, [("a", 1)], "task")
    assert count.now() == 3
    acknowledge(log, 2)
    assert count.now() == 5
    end(token, None, 7)
    assert count.now() == 6


def test_moments_are_drawn_from_the_seed() -> None:
    use = FaultUse(use="worker_kill", at=Moment(operation=(1, 10_000)), times=3)

    def drawn(trial: Trial) -> list[Moment]:
        return list(moments(use, trial))

    first, *others = TRIALS
    assert drawn(first) == drawn(first)
    assert len({each.operation for trial in TRIALS for each in drawn(trial)}) == 3 * len(TRIALS)
    assert [each.operation for each in drawn(first)] != [
        each.operation for each in drawn(others[0])
    ]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("{ s = 0.5 }", (0.5, 0.5)),
        ("{ s = [0.5, 2.5] }", (0.5, 2.5)),
    ],
)
def test_a_moment_is_a_number_or_a_range(at: str, expected: tuple[float, float]) -> None:
    text = BROKEN.replace('"worker_kill"', f'"worker_kill"\nat = {at}')
    assert parse_scenario(text, "f.toml").faults["kill"].at.s == expected
