"""Whether windows are warm as they open: their first half second against what comes 2 s later.

``python -m benchmarks.warm RESULTS RUN``, on a run of ``scenarios/warm.toml``.
"""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.analysis.trial_samples import TrialSamples
from bench.records.outcome import Outcome
from bench.records.store import Run, Store
from bench.stats.quantiles import operations_needed
from bench.stats.steadiness import Drift, drifts_over

SERIES = ("put", "get_tuple")
BEGINNING_S = 0.5
REST_FROM_S = 2.0
_NS_PER_S = 1e9
_MEDIAN = 0.5

# Subject, payload, arrival, operation.
Place = tuple[str, str, str, str]


def changes(
    run: Run, beginning_s: float = BEGINNING_S, rest_from_s: float = REST_FROM_S
) -> dict[Place, list[float]]:
    """Return of each series the logarithm of rest ÷ beginning, of the medians of each trial.

    A trial whose beginning has too few operations for a median is left out.
    """
    found: dict[Place, list[float]] = defaultdict(list)
    for record in run.trials:
        if record.window is None:
            continue
        samples = TrialSamples(run.samples(record), record, record.window)
        for operation in SERIES:
            chosen = samples.is_within("due") & samples.is_one_of(operation)
            index = np.flatnonzero(chosen & samples.has(Outcome.OK))
            due_s = (samples.samples.column("due")[index] - record.window.start_ns) / _NS_PER_S
            times = samples.samples.column("response")[index]
            early, late = times[due_s < beginning_s], times[due_s >= rest_from_s]
            if min(early.size, late.size) >= operations_needed(_MEDIAN):
                trial = record.trial
                place = (trial.subject, trial.payload, trial.arrival, operation)
                found[place].append(math.log(float(np.median(late) / np.median(early))))
    return found


def table(found: dict[Place, list[float]]) -> Iterator[str]:
    """Yield a line for each series: rest ÷ beginning, each trial's, and whether it is a drift."""
    drifts: dict[Place, Drift] = {}
    for operation in SERIES:
        drifts |= drifts_over({p: trials for p, trials in found.items() if p[-1] == operation})
    for place, of_trials in found.items():
        drift = drifts[place]
        trials = ", ".join(f"{math.exp(each):.2f}" for each in of_trials)
        says = "drifts" if drift.is_systematic else ""
        p_value = "" if drift.p_value is None else f"p {drift.p_value:.3f}"
        yield f"{' · '.join(place):40} {1.0 + drift.change:5.2f}  ({trials})  {p_value}  {says}"


def main() -> None:
    """Print the table."""
    results, run_id = sys.argv[1:]
    sys.stdout.writelines(f"{line}\n" for line in table(changes(Store(Path(results)).read(run_id))))


if __name__ == "__main__":
    main()
