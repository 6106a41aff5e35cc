"""Whom a tree counts, and that no CPU second is lost or counted twice."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, cast

import psutil
import pytest

from bench.probes import _process_tree
from bench.probes._process_tree import CpuTimes, ProcessTree, steady

# Starts a child, lets it end when told to, and stays until its standard input is closed.
PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdin=subprocess.PIPE)
print(child.pid, flush=True)
sys.stdin.readline()
child.communicate()
print("child ended", flush=True)
sys.stdin.read()
"""
# Uses a tenth of a second of CPU, then waits.
CHILD = """
import sys, time
while time.process_time() < 0.1:
    pass
print("used", flush=True)
sys.stdin.read()
"""


@contextmanager
def parent_and_child() -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Start both; the child has used its CPU time when this yields."""
    command = [sys.executable, "-c", PARENT, CHILD]
    with subprocess.Popen(  # noqa: S603 - this interpreter
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        output = cast("IO[str]", parent.stdout)
        said = sorted(output.readline().strip() for _ in range(2))
        assert said[1] == "used"
        yield parent, int(said[0])


def gone() -> int:
    """Return the id of a process that has ended and been waited for."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


@pytest.mark.parametrize("lists_children", [True, False])
def test_descendants_belong_to_the_tree(
    lists_children: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if lists_children and not _process_tree._lists_children():
        pytest.skip("this system keeps no lists of children")
    monkeypatch.setattr(_process_tree, "_lists_children", lambda: lists_children)
    with parent_and_child() as (parent, child):
        tree = ProcessTree((parent.pid,))
        assert {parent.pid, child} == set(tree._known)
        child_bytes = psutil.Process(child).memory_info().rss
        resident = tree.resident_bytes()
        assert resident is not None
        assert resident > child_bytes


def test_every_kind_of_memory_is_read_here() -> None:
    memory = ProcessTree((os.getpid(),)).memory()
    assert memory is not None
    assert memory.resident_bytes > 0
    if psutil.LINUX:
        assert memory.proportional_bytes is not None
        assert memory.unique_bytes is not None
        assert memory.unique_bytes <= memory.proportional_bytes


@pytest.mark.skipif(not psutil.LINUX, reason="only Linux keeps the times of ended children")
def test_the_time_of_a_child_that_ended_is_kept() -> None:
    with parent_and_child() as (parent, child):
        tree = ProcessTree((parent.pid,))
        child_s = sum(psutil.Process(child).cpu_times()[:2])
        before_s = tree.cpu_s()
        print("end it", file=parent.stdin, flush=True)
        assert cast("IO[str]", parent.stdout).readline().strip() == "child ended"
        after_s = tree.cpu_s()
    assert before_s is not None
    assert after_s is not None
    assert 0 < child_s <= before_s
    # Were it lost there would be less, were it counted twice as much again.
    assert before_s <= after_s < before_s + child_s


def test_a_process_that_has_gone_has_no_numbers() -> None:
    tree = ProcessTree((gone(),))
    assert tree.resident_bytes() is None
    assert tree.memory() is None
    assert tree.cpu_s() is None


def test_memory_that_is_closed_to_this_user_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: psutil.Process) -> None:
        raise psutil.AccessDenied(self.pid)

    monkeypatch.setattr(psutil.Process, "memory_full_info", refuse)
    memory = ProcessTree((os.getpid(),)).memory()
    assert memory is not None
    assert memory.resident_bytes > 0
    assert memory.unique_bytes is None
    assert memory.proportional_bytes is None


def test_a_snapshot_is_repeated_until_no_process_ends_under_it() -> None:
    parent, child, idle = CpuTimes(1.0, 0.0), CpuTimes(0.5, 0.0), CpuTimes(1.0, 0.5)
    # The child ends between the reading of its parent and its own: lost in the second snapshot.
    snapshots = iter([{1: parent, 2: child}, {1: parent}, {1: idle}, {1: idle}])
    assert {1: idle} == steady(lambda: next(snapshots))
    assert list(snapshots) == []


def test_a_snapshot_is_not_repeated_for_ever() -> None:
    reaped_s = iter(range(99))
    times = steady(lambda: {1: CpuTimes(1.0, float(next(reaped_s)))})
    assert {1: CpuTimes(1.0, 4.0)} == times
