"""What a trial attempted and what was acknowledged, as plain data that outlives its worker.

While it is measured a workload keeps counts, ids and references; contents are hashed here, when the
trial has drained.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from pydantic import TypeAdapter

from bench.contracts import ExpectedCheckpoint, ExpectedThread, Workload


@dataclass(frozen=True, slots=True)
class Ledger:
    """Every thread, and the histories of some in the order in which they are to be read back.

    A write is a checkpoint or one call of ``aput_writes``. ``indeterminate`` ones raised or were
    cut off: they may be in the store or not.
    """

    threads: Mapping[str, ExpectedThread]
    histories: Mapping[str, tuple[ExpectedCheckpoint, ...]]

    @classmethod
    def of(cls, workload: Workload, seed: int, most_checkpoints: int) -> Self:
        """Ask ``workload`` what it did.

        Whole threads are taken in an order drawn from ``seed`` until they hold
        ``most_checkpoints``: at least one thread, unless that is 0.
        """
        threads = dict(workload.expected())
        order = list(threads)
        random.Random(seed).shuffle(order)  # noqa: S311 - a reproducible choice, no secret
        histories: dict[str, tuple[ExpectedCheckpoint, ...]] = {}
        held = 0
        for thread_id in order:
            if held >= most_checkpoints:
                break
            histories[thread_id] = workload.history(thread_id)
            held += threads[thread_id].checkpoints
        return cls(threads, histories)

    @property
    def checkpoints(self) -> int:
        """How many checkpoints were acknowledged."""
        return sum(thread.checkpoints for thread in self.threads.values())

    @property
    def acknowledged(self) -> int:
        """How many writes were acknowledged."""
        return self.checkpoints + sum(thread.writes for thread in self.threads.values())

    @property
    def indeterminate(self) -> int:
        """How many writes were attempted and never acknowledged."""
        return sum(
            thread.indeterminate + thread.indeterminate_writes for thread in self.threads.values()
        )

    @property
    def attempted(self) -> int:
        """How many writes were begun."""
        return self.acknowledged + self.indeterminate


LEDGER = TypeAdapter(Ledger)
