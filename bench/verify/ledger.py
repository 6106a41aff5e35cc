"""What a workload knows of its threads when a trial has drained, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from pydantic import TypeAdapter

from bench.contracts import ExpectedThread, Workload, WrongRead


@dataclass(frozen=True, slots=True)
class Ledger:
    """What is known beside the log of what was acknowledged; ``seed`` draws what is read first."""

    seed: int
    threads: Mapping[str, ExpectedThread] = field(default_factory=dict)
    wrong_reads: tuple[WrongRead, ...] = ()

    @classmethod
    def of(cls, workload: Workload, seed: int) -> Self:
        """Ask ``workload`` what it knows."""
        return cls(seed, dict(workload.expected()), tuple(workload.wrong_reads()))


LEDGER = TypeAdapter(Ledger)
