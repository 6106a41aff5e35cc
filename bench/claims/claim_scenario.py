"""What has to be measured to judge some claims: a scenario with nothing else in it.

It is derived from the one that the claims name, and its runs carry a name of their own, so that
nobody takes them for runs of the whole scenario.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.claims.claim import Judgement, Pair
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
        if (kept := _kept(scenario, sweep, judgements)) is not None
    }
    if not sweeps:
        raise InputError(f"{origin} measures nothing that the claims are judged on")
    subjects, loops = (_used(sweeps.values(), axis) for axis in ("subjects", "loops"))
    subjects |= {scenario.subjects[label].same_as for label in subjects}
    baseline = scenario.baseline
    remaining = {
        "subjects": tuple(label for label in baseline.subjects if label in subjects),
        "loop": baseline.loop if baseline.loop in loops else "",
    }
    return derived(scenario, sweeps, origin, baseline=baseline.model_copy(update=remaining))


@dataclass(frozen=True, slots=True)
class _Selection:
    """Which labels a judgement looks at, by axis; all of an axis that is empty."""

    labels: Mapping[str, frozenset[str]]

    def within(self, sweep: Sweep) -> dict[str, set[str]] | None:
        """Return the labels of ``sweep`` that are selected; ``None`` where an axis has none."""
        found = {}
        for axis in AXES:
            given = self.labels.get(axis)
            found[axis] = {label for label in getattr(sweep, axis) if not given or label in given}
        return found if all(found.values()) else None


def _selection(judgement: Judgement) -> _Selection:
    """Read what a judgement of any sort selects from the keys that it has."""
    pairs: Iterable[Pair] = getattr(judgement, "pairs", ())
    ends = (getattr(judgement, key, "") for key in ("from_arrival", "to_arrival"))
    return _Selection(
        {
            "subjects": frozenset(
                (
                    *getattr(judgement, "subjects", ()),
                    *filter(None, (getattr(judgement, "above", None),)),
                    *(label for pair in pairs for label in (pair.candidate, pair.baseline)),
                )
            ),
            "workloads": frozenset(judgement.workloads),
            "payloads": frozenset(judgement.payloads),
            "arrivals": frozenset((*judgement.arrivals, *filter(None, ends))),
            "loops": frozenset(judgement.loops),
        }
    )


def _kept(scenario: Scenario, sweep: Sweep, judgements: Sequence[Judgement]) -> Sweep | None:
    selected = [_selection(judgement).within(sweep) for judgement in judgements]
    found = [labels for labels in selected if labels is not None]
    if not found:
        return None
    kept = {axis: {label for labels in found for label in labels[axis]} for axis in AXES}
    for label in sweep.subjects:
        first = scenario.subjects[label].same_as
        if first in sweep.subjects:
            kept["subjects"] |= {label, first}
    ordered = {axis: tuple(x for x in getattr(sweep, axis) if x in kept[axis]) for axis in AXES}
    return sweep.model_copy(update=ordered)


def _used(sweeps: Iterable[Sweep], axis: str) -> set[str]:
    return {label for sweep in sweeps for label in getattr(sweep, axis)}
