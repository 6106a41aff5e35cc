"""A finding about the wanted precision: which ratios did not reach it."""

from __future__ import annotations

from bench.analysis.findings._evidence import Evidence, Judge, Kind
from bench.analysis.precision import (
    BlockRatios,
    Condition,
    looks,
    precise_after,
    ratios_of,
    widest,
    width_in_words,
)
from bench.analysis.result import Finding
from bench.analysis.wording import counted
from bench.scenario.plan import blocks_of
from bench.scenario.precision import Precision

_PRECISION_NOT_REACHED = Kind(
    "precision_not_reached",
    "note",
    "The measuring ended by most_repetitions or budget_s, or was interrupted, before these ratios "
    "were known as precisely as the scenario wants. Their intervals hold all the same.",
    "Raise most_repetitions and budget_s, lengthen the trials, or use a quieter machine; complete "
    "an interrupted run with --resume.",
)


def precision_not_reached(evidence: Evidence) -> Finding | None:
    """Find conditions that got all their blocks, or all that there was time for, in vain."""
    precision = evidence.scenario.precision
    if precision is None:
        return None
    by_condition = ratios_of(evidence.scenario, [found.cell for found in evidence.cells])
    wide = {
        condition: said
        for condition, compared in by_condition.items()
        if (said := _too_wide(evidence, precision, condition, compared))
    }
    if not wide:
        return None
    _, condition, message = max((share, name, said) for name, (share, said) in wide.items())
    text = f"{' · '.join(condition)}: {message}"
    if len(wide) > 1:
        text += f" (worst of {counted(len(wide), 'condition')})"
    cells = [found for found in evidence.cells if found.cell.condition in wide]
    return _PRECISION_NOT_REACHED.found(text, cells)


def _too_wide(
    evidence: Evidence,
    precision: Precision,
    condition: Condition,
    compared: tuple[BlockRatios, ...],
) -> tuple[float, str] | None:
    """Return the half-width of the widest interval and what to say; ``None`` if precise enough."""
    scenario = evidence.scenario
    certain, most = blocks_of(scenario, scenario.sweeps[condition[0]], condition[3])
    begun = max(e.cell.blocks.planned for e in evidence.cells if e.cell.condition == condition)
    worst = widest(compared, begun)
    if most == certain or worst is None:
        return None
    looked = looks(certain, begun)
    if not looked:
        text = f"{counted(begun, 'block')}, the first look is at {looked.start}"
        return worst[1], text
    if precise_after(compared, precision.half_width, looked) is not None:
        return None
    said = width_in_words(*worst, precision.half_width)
    return worst[1], f"{said}, after {counted(begun, 'block')}"


JUDGES: tuple[Judge, ...] = (precision_not_reached,)
