"""Take one comparison out of reading back, and the defect that it finds passes: the row fails.

Here the defective savers are driven without a worker, so that what reads them back can be changed.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bench.contracts import Place, Stored, Subject
from bench.discovery import load
from bench.handover.acknowledgements import AcknowledgementLog
from bench.handover.job import Ledger
from bench.measure.recorder import Recorder
from bench.measure.timing import OPERATIONS, Timing
from bench.payloads.binary import BinaryPayload
from bench.records.trial import Verification
from bench.selftest.measuring import planned
from bench.selftest.rows import row_named
from bench.subjects._factories.factory import subject_class
from bench.verify import read_back as verification
from bench.verify import stores
from bench.verify.read_back import verify
from tests.calibration._runs import LOOP, failing, recorded, with_verification
from tests.clients import FakeClient

CYCLES = 300


def read_back(name: str) -> Verification:
    """Drive the saver of a row through some hundred cycles and read back what it holds."""
    scenario = planned(row_named(name), [LOOP]).scenario
    ((label, use),) = scenario.subjects.items()
    subject = subject_class(use.use)(subject_class(use.use).Options(), Place(Path(), None, label))
    used = scenario.workloads["steps"]
    plugin: Any = load("workload", used.use)
    payload = BinaryPayload(BinaryPayload.Options(), 1)
    workload = plugin(plugin.Options.model_validate(dict(used.options)), payload, "n", 2)

    async def driven() -> Verification:
        await subject.open(2)
        log = AcknowledgementLog()
        Timing(Recorder(tuple(OPERATIONS.values())), lambda: 1, log).time_saver(subject.saver(0))
        clients = [FakeClient(index, subject.saver(index)) for index in range(2)]
        for client in clients:
            await workload.prepare(client)
        for _ in range(CYCLES):
            for client in clients:
                await workload.cycle(client)
        ledger = Ledger.of(workload, 1)
        return await verify(subject, workload, ledger, log.noted(), 60.0, lambda: 0)

    return asyncio.run(driven())


def forget_references(monkeypatch: pytest.MonkeyPatch) -> None:
    async def none(*_: object) -> list[Any]:
        return []

    monkeypatch.setattr(stores, "kept_references", none)


def forget_content(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(*_: object) -> None: ...

    plugin: Any = load("workload", "append_steps")
    monkeypatch.setattr(plugin, "truth", unknown)
    monkeypatch.setattr(plugin, "wrong_reads", lambda _: ())


def forget_counting(monkeypatch: pytest.MonkeyPatch) -> None:
    async def uncounted(self: Subject) -> Stored:
        return Stored(checkpoints=None, stored_bytes=None)

    async def nothing(*_: object) -> None: ...

    monkeypatch.setattr("bench.subjects.memory.MemorySubject.stored", uncounted)
    monkeypatch.setattr(verification._Reader, "compare_thread", nothing)


def forget_stale_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(*_: object) -> list[Any]:
        return []

    monkeypatch.setattr(verification, "_odd_read", lambda *_: None)
    monkeypatch.setattr(verification._Reader, "_another_latest", nothing)


FORGETTING = {
    "referencing": forget_references,
    "corrupting": forget_content,
    "dropping": forget_counting,
    "stale": forget_stale_reads,
}


@pytest.mark.parametrize("name", FORGETTING)
def test_reading_back_finds_the_defect(name: str) -> None:
    found = with_verification(recorded(name), read_back(name))

    # How many are lost is known of the measured run alone.
    assert [what for what in failing(name, found) if what != "lost checkpoints"] == []


@pytest.mark.parametrize("name", FORGETTING)
def test_without_its_comparison_the_defect_passes_and_the_row_fails(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = recorded(name)
    FORGETTING[name](monkeypatch)

    blind = read_back(name)

    assert blind.passed, blind
    assert "finding" in failing(name, with_verification(run, blind))
