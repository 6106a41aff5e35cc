"""Open loads whose numbers are known: every planned cycle, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bench.analysis.analyse import analyse
from bench.analysis.result import Analysis
from bench.records.sample import Integers
from bench.records.store import Run
from bench.records.trial import Window
from bench.scenario.plan import Trial
from tests.unit.analysis.synthetic import MS, START_NS, Left, Load, make_run, row, scenario_text

OPEN = 'kind = "constant"\nrate_per_s = 100'
DURATION_S = 2


@dataclass(frozen=True)
class Paced(Load):
    """Cycles due every 10 ms for 2 s; all times in ns.

    Each is ``lag`` late, then ``queued``, then takes ``service``; ``growing`` is added to that for
    each cycle before it. ``left_out`` are numbers of cycles without a sample, ``bursts`` lets that
    many be released together, when the last of them is due.
    """

    lag: int = 0
    queued: int = 0
    service: int = 2 * MS
    growing: int = 0
    bursts: int = 1
    left_out: frozenset[int] = field(default_factory=frozenset)

    def rows(self) -> Integers:
        rows: list[tuple[int, ...]] = []
        for number in range(100 * DURATION_S):
            if number in self.left_out:
                continue
            due = number * 10 * MS
            lag = self.lag + (self.bursts - 1 - number % self.bursts) * 10 * MS
            took = self.service + number * self.growing
            rows.append(row("cycle", due, took, lag + self.queued, pool=self.queued))
            rows.append(row("put", due, took, lag + self.queued))
        return np.array([*rows, *self.extra], dtype=np.int64)

    @property
    def window(self) -> Window:
        end = START_NS + DURATION_S * 1000 * MS
        return Window(START_NS, end, end + 1000 * MS)


def paced_text(arrival: str = OPEN, **given: Any) -> str:
    text = scenario_text(arrival=arrival, **given)
    return text.replace("duration_s = 0.2", f"duration_s = {DURATION_S}.0")


def paced_run(
    directory: Path, load: Callable[[Trial], Paced], text: str = "", **changes: Any
) -> Run:
    return make_run(directory, lambda trial: Left(load(trial), changes), text or paced_text())


def analysed_at(
    directory: Path, text: str = "", changes: dict[str, Any] | None = None, **paced: Any
) -> Analysis:
    run = paced_run(directory, lambda trial: Paced(**paced), text, **(changes or {}))
    return analyse(run)
