"""A scenario with a part of another one's cells; what is left out is left out of its tables too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.errors import InputError, suggestion
from bench.scenario.family import remaining
from bench.scenario.plan import arms_of
from bench.scenario.scenario import LABELLED, Baseline, Scenario, Sweep
from bench.scenario.scenario_file import checked


def derived(
    scenario: Scenario, sweeps: Mapping[str, Sweep], origin: str, **changed: Any
) -> Scenario:
    """Return ``scenario`` with ``sweeps`` instead of its own, and the labels that they use.

    A subject that an A/A arm repeats is kept with it, and of baseline and families what is left.
    ``changed`` are further keys. The ask and thresholds go: they judge the whole scenario, and the
    labels that they name may be gone.

    Raises:
        InputError: the result is no scenario; ``origin`` is what the text names.
    """
    changed = {"sweeps": sweeps, "ask": None, "thresholds": (), **changed}
    for table in LABELLED:
        labels: Mapping[str, Any] = changed.get(table, getattr(scenario, table))
        used = {label for sweep in sweeps.values() for label in getattr(sweep, table)}
        used |= {getattr(labels[label], "same_as", "") for label in used if label in labels}
        if table == "payloads":
            stores = {label for sweep in sweeps.values() for label in sweep.stores}
            used |= {scenario.stores[label].preload.payload for label in stores}
        changed[table] = {label: labels[label] for label in labels if label in used}
    baseline: Baseline = changed.get("baseline", scenario.baseline)
    loops = {loop for sweep in sweeps.values() for loop in sweep.loops}
    left = {
        "subjects": tuple(label for label in baseline.subjects if label in changed["subjects"]),
        "loop": baseline.loop if baseline.loop in loops else "",
    }
    changed["baseline"] = baseline.model_copy(update=left)
    made = scenario.model_copy(update=changed)
    families = remaining(made.families, arms_of(made))
    return checked(made.model_copy(update={"families": families}), origin)


def part_of(
    scenario: Scenario,
    chosen: Mapping[str, Sequence[str]],
    repetitions: int | None,
    origin: str,
) -> Scenario:
    """Return ``scenario`` with the labels ``chosen`` of each axis alone, all where none is.

    In so many ``repetitions`` everywhere, where given. The A/A arms of what is chosen stay beside
    it, since they show the noise. Where nothing is chosen ask and thresholds stay, too.

    Raises:
        InputError: a label is in no sweep, or no sweep has one of each; ``origin`` names the
            scenario.
    """
    for axis, labels in chosen.items():
        known = {label for sweep in scenario.sweeps.values() for label in getattr(sweep, axis)}
        for label in labels:
            if label not in known:
                hint = suggestion(label, known)
                raise InputError(f"{origin} measures no {axis.removesuffix('s')} {label!r}.{hint}")
    again = [
        label
        for label, subject in scenario.subjects.items()
        if subject.same_as in chosen.get("subjects", ())
    ]
    wanted = {axis: {*labels} for axis, labels in chosen.items() if labels}
    sweeps = {}
    for name, sweep in scenario.sweeps.items():
        kept: dict[str, Any] = {
            axis: tuple(label for label in getattr(sweep, axis) if label in labels)
            for axis, labels in wanted.items()
        }
        if not all(kept.values()):
            continue
        if "subjects" in kept:
            kept["subjects"] = tuple(
                label for label in sweep.subjects if label in kept["subjects"] or label in again
            )
        if repetitions is not None:
            kept["repetitions"] = None
        sweeps[name] = sweep.model_copy(update=kept)
    if not sweeps:
        asked = ", ".join(label for labels in wanted.values() for label in sorted(labels))
        raise InputError(f"no sweep of {origin} measures these together: {asked}")
    changed: dict[str, Any] = {} if repetitions is None else {"repetitions": repetitions}
    if not wanted:
        changed |= {"ask": scenario.ask, "thresholds": scenario.thresholds}
    return derived(scenario, sweeps, origin, **changed)
