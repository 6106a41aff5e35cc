"""A scenario with a part of another one's cells; what is left out is left out of its tables too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.scenario.scenario import TABLES, Baseline, Scenario, Sweep
from bench.scenario.scenario_file import checked


def derived(
    scenario: Scenario, sweeps: Mapping[str, Sweep], origin: str, **changed: Any
) -> Scenario:
    """Return ``scenario`` with ``sweeps`` instead of its own, and the labels that they use.

    A subject that an A/A arm repeats is kept with it, and of the baseline what is left. ``changed``
    are further keys. Thresholds go: they judge the whole scenario, and the labels that they name
    may be gone.

    Raises:
        InputError: the result is no scenario; ``origin`` is what the text names.
    """
    changed = {"sweeps": sweeps, "thresholds": (), **changed}
    for table in TABLES:
        labels: Mapping[str, Any] = changed.get(table, getattr(scenario, table))
        used = {label for sweep in sweeps.values() for label in getattr(sweep, table)}
        used |= {getattr(labels[label], "same_as", "") for label in used if label in labels}
        changed[table] = {label: labels[label] for label in labels if label in used}
    baseline: Baseline = changed.get("baseline", scenario.baseline)
    loops = {loop for sweep in sweeps.values() for loop in sweep.loops}
    remaining = {
        "subjects": tuple(label for label in baseline.subjects if label in changed["subjects"]),
        "loop": baseline.loop if baseline.loop in loops else "",
    }
    changed["baseline"] = baseline.model_copy(update=remaining)
    return checked(scenario.model_copy(update=changed), origin)
