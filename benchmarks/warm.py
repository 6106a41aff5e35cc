"""Whether windows are warm as they open: their first half second against what comes 2 s later.

``python -m benchmarks.warm RESULTS RUN``, on a run of ``scenarios/warm.toml``, whose windows last
5 s. What differs by 10 % or more is told by a finding of the run: ``beginning_differs``, or
``drift_not_known`` where the trials do not agree.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from bench.analysis.cell import Cell
from bench.analysis.summary import summarise
from bench.records.store import Store
from bench.scenario.plan import expand


def table(cells: Iterable[Cell]) -> Iterator[str]:
    """Yield a line for each series: rest ÷ beginning, of each trial too, and whether it is told."""
    for cell in cells:
        for series, trials in cell.beginnings.items():
            place = f"{cell.subject} · {cell.payload} · {cell.arrival} · {series}"
            of_trials = ", ".join(f"{math.exp(trial):.2f}" for trial in trials)
            drift = cell.since_beginning[series]
            says = "drift_not_known" if drift.is_large else "within 10 %"
            says = "beginning_differs" if drift.is_systematic else says
            yield f"{place:50} {1.0 + drift.change:5.2f}  ({of_trials})  {says}"


def main() -> None:
    """Print the table."""
    results, run_id = sys.argv[1:]
    run = Store(Path(results)).read(run_id)
    cells = summarise(run, expand(run.scenario).trials)
    sys.stdout.writelines(f"{line}\n" for line in table(cells))


if __name__ == "__main__":
    main()
