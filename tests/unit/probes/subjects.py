"""A subject for probes, which looks at nothing but what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.contracts import Place, PluginOptions, Stored, Subject
from bench.scenario.durability import Durability


class Scripted(Subject):
    """Says, one after the other, that it stores these numbers of bytes."""

    def __init__(self, stored_bytes: Sequence[int | None] = ()) -> None:
        super().__init__(PluginOptions(), Place(Path(), None, "test"))
        self._left = list(stored_bytes)

    @classmethod
    def durability(cls, options: PluginOptions) -> Durability:
        return Durability.VOLATILE

    async def open(self, clients: int) -> None:
        raise AssertionError

    def saver(self, client: int) -> Any:
        raise AssertionError

    async def close(self) -> None:
        raise AssertionError

    async def stored(self) -> Stored:
        return Stored(checkpoints=1, stored_bytes=self._left.pop(0))
