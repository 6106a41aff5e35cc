"""What has to be measured to judge some claims: a scenario with nothing else in it.

It is derived from the one that the claims name, and its runs carry a name of their own, so that
nobody takes them for runs of the whole scenario.
"""

from __future__ import annotations

from collections.abc import Sequence

from bench.claims.claim import Bound, FaultCheck, Judgement, Ratio, Scaling
from bench.errors import InputError
from bench.scenario.derived_scenario import derived
from bench.scenario.scenario import AXES, Scenario, Sweep

_SUFFIX = "-claims"


def run_name(scenario_name: str) -> str:
    """Name the runs of what claims need of a scenario."""
    return f"{scenario_name}{_SUFFIX}"


def measured_scenario(name: str) -> str:
    """Return the name of the scenario that a run of this ``name`` is judged as."""
    return name.removesuffix(_SUFFIX)


def scenario_for(
    scenario: Scenario, judgements: Sequence[Judgement], origin: str = "the scenario of the claims"
) -> Scenario:
    """Return ``scenario`` with only the cells that ``judgements`` look at, and the A/A arms.

    Each sweep keeps the labels that any judgement selects in it. An A/A arm stays with the subject
    that it repeats wherever it was beside something that is judged, since by how much the two
    differ is part of the rule. Repetitions, times, seed and probes stay as they are.

    Raises:
        InputError: no sweep holds anything that is judged; ``origin`` is what the text names.
    """
    sweeps = {
        name: kept
        for name, sweep in scenario.sweeps.items()
        if (kept := _kept(scenario, name, sweep, judgements)) is not None
    }
    if not sweeps:
        raise InputError(f"{origin} measures nothing that the claims are judged on")
    return derived(scenario, sweeps, origin)


def _within(judgement: Judgement, name: str, sweep: Sweep) -> dict[str, set[str]]:
    """Return which labels of ``sweep`` any judgement looks at; none where an axis has none."""
    wanted = {axis: set(labels) for axis, labels in judgement.labels.items()}
    match judgement:
        case Ratio():
            wanted["subjects"] = {s for p in judgement.pairs for s in (p.candidate, p.baseline)}
        case Bound() if judgement.above:
            wanted["subjects"].add(judgement.above)
        case FaultCheck():
            wanted["faults"] = {*judgement.faults}
        case Scaling():
            wanted["arrivals"] = {judgement.limit.of, judgement.limit.times}
    found = {
        axis: set(getattr(sweep, axis)) & wanted.get(axis, set(getattr(sweep, axis)))
        for axis in (*AXES, "faults")
    }
    is_broken = isinstance(judgement, FaultCheck)
    is_judged = name in wanted.get("sweeps", {name}) and bool(sweep.faults) == is_broken
    is_judged &= all(found[axis] for axis in (*AXES, *["faults"] * is_broken))
    return found if is_judged else {}


def _kept(
    scenario: Scenario, name: str, sweep: Sweep, judgements: Sequence[Judgement]
) -> Sweep | None:
    found = [labels for each in judgements if (labels := _within(each, name, sweep))]
    if not found:
        return None
    axes = (*AXES, "faults")
    kept = {axis: {label for labels in found for label in labels[axis]} for axis in axes}
    for label in sweep.subjects:
        first = scenario.subjects[label].same_as
        if first in sweep.subjects:
            kept["subjects"] |= {label, first}
    ordered = {axis: tuple(x for x in getattr(sweep, axis) if x in kept[axis]) for axis in axes}
    return sweep.model_copy(update=ordered)
