"""A recording whose numbers are known."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from characteristics.recorded import AGAIN, FIRST, Recorded, Row

CYCLE = "cycle.response.p50"
PUT = "put.response.p50"


def recording(
    noise: float = 0.0, blocks: int = 30, arms: Mapping[str, float] | None = None
) -> Recorded:
    """Return equal arms of the savers a and b, 1 ms long, and slowed ``arms`` of a."""
    generator = np.random.default_rng(7)

    def row(saver: str, arm: str, metric: str, factor: float = 1.0) -> Row:
        logs = noise * generator.standard_normal(blocks)
        values = tuple((1e6 * factor * np.exp(logs)).tolist())
        return Row(saver=saver, arm=arm, metric=metric, values=values)

    rows = [
        row(saver, arm, metric)
        for saver in ("a", "b")
        for arm in (FIRST, AGAIN)
        for metric in (PUT, CYCLE)
    ]
    rows += [row("a", arm, CYCLE, factor) for arm, factor in (arms or {}).items()]
    return Recorded(
        run_id="made-up",
        recorded_at="2026-01-01T00:00:00+00:00",
        commit="0" * 40,
        host={"cores": "2"},
        python="3.11.0",
        packages={"one": "1.0"},
        servers={},
        window_s=1.0,
        trial_s={"a": 3.0, "b": 1.5},
        rows=tuple(rows),
    )
