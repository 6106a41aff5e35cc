"""Bytes, as of a file or an image."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from bench.payloads._sizes import SizedPayload


class BinaryPayload(SizedPayload):
    """Random bytes: incompressible, and every bit counts."""

    kind = "binary"

    def _increments(self, sizes: Sequence[int], source: random.Random) -> list[Sequence[Any]]:
        return [source.randbytes(size) for size in sizes]
