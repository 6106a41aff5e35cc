"""Yes or no to what a scenario asks, by rule.

Each condition holds or fails where the whole 95 % interval, as wide as noise, drift and a resampled
tail make it, lies inside the asked range or outside it. **Yes**: all hold. **No**: all fail, or any
does after allowance for how many could have done so by chance (Holm). Else it is **not decided**.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bench.analysis.answer.results import Results, is_proven
from bench.analysis.cell import Cell
from bench.analysis.comparison import compare, heeded, noise_factor, widened
from bench.analysis.result import Comparison
from bench.analysis.wording import FEWEST_FOR_INTERVAL, counted, factors_in_words, listed
from bench.scenario.limit import BASELINE, Limit, Range
from bench.scenario.metric import unit_of
from bench.scenario.scenario import CANDIDATE, Ask
from bench.stats.effects import student_p
from bench.stats.multiplicity import LEVEL, holm

Verdict = Literal["", "yes", "no", "not decided"]
_Outcome = Literal["holds", "fails", "open"]
_MOST_NAMED = 4
# The stages of a trial that end before its saver is asked for anything.
BEFORE_THE_SAVER = frozenset({"server", "loop", "runner"})


@dataclass(frozen=True, slots=True)
class _Asked:
    """What one limit asks of one cell: ``low`` to ``high`` is where the figure is.

    ``gain`` is by how many times the candidate is better than its baseline, with its ends;
    ``is_for_less``: asked is whether it is worse. ``p`` is that of a test that the figure is at the
    limit, 1 where it does not fail.
    """

    outcome: _Outcome
    cell: Cell
    limit: Limit
    gain: tuple[float, float, float] | None = None
    is_for_less: bool = False
    is_proven: bool = False
    p: float = 1.0
    why: str = ""


def verdict(results: Results) -> tuple[Verdict, str]:
    """Return yes or no to what the scenario asks, and a sentence that says it with its bound.

    Both are empty where it asks nothing.
    """
    ask = results.scenario.ask
    if ask is None:
        return "", ""
    told = [
        cell
        for cell in results.cells
        if ask.selects(cell) and (ask.sweeps or cell.sweep in results.sweeps) and not cell.aa_of
    ]
    asked = [*(_ratios(results, ask, told) if ask.pairs else _figures(ask, told))]
    reached = _reached(asked)
    bound = _gains(asked, reached) if ask.pairs else _named(asked, reached)
    return reached, f"{reached.capitalize()}. {bound}"


def _reached(asked: Sequence[_Asked]) -> Verdict:
    outcomes = [each.outcome for each in asked]
    if outcomes and outcomes.count("holds") == len(outcomes):
        return "yes"
    if outcomes and outcomes.count("fails") == len(outcomes):
        return "no"
    return "no" if any(p <= LEVEL for p in holm([each.p for each in asked])) else "not decided"


# ----------------------------------------------------------------------------------------- ratios


def _ratios(results: Results, ask: Ask, told: Sequence[Cell]) -> Iterator[_Asked]:
    places = {(cell.subject, cell.condition, cell.loop): cell for cell in results.cells}
    for pair in ask.pairs:
        for cell in told:
            if cell.subject == pair.candidate:
                baseline = places.get((pair.baseline, cell.condition, cell.loop))
                for limit in ask.require:
                    yield _ratio(results, limit, cell, baseline)


def _ratio(results: Results, limit: Limit, cell: Cell, baseline: Cell | None) -> _Asked:
    sides = [cell, baseline] if limit.of == CANDIDATE else [baseline, cell]
    over, under = sides
    if over is None or under is None or over.invalid_because or under.invalid_because:
        return _Asked("open", cell, limit, why="not measured, or invalid")
    noise = noise_factor(results.cells, limit.metric, limit.per)
    compared = compare(over, under, limit.metric, limit.per, noise_factor=noise)
    if compared is None or compared.effect.blocks < FEWEST_FOR_INTERVAL:
        return _Asked("open", cell, limit, why="too few blocks for an interval")
    drift = _drift(over, limit) * _drift(under, limit)
    low, high = widened(compared, "claims")
    ends = (low / drift, high * drift)
    is_gain = (limit.of == BASELINE) == (compared.metric.better != "higher")
    outcome: _Outcome = "open"
    if heeded(compared, "claims", {"blocks"}) == "":
        outcome = _outcome(limit.range, *ends)
    return _Asked(
        outcome,
        cell,
        limit,
        gain=_gain(compared, *ends, is_gain=is_gain),
        is_for_less=not math.isfinite(limit.range.low if is_gain else limit.range.high),
        is_proven=_is_proven(results, limit, cell, baseline),
        p=_p_outside(compared, limit.range) if outcome == "fails" else 1.0,
    )


def _is_proven(results: Results, limit: Limit, cell: Cell, baseline: Cell | None) -> bool:
    """Tell whether the report calls the two different in what the limit is about."""
    return baseline is not None and any(
        is_proven(each)
        for each in results.comparisons
        if (each.candidate, each.baseline) == (cell.subject, baseline.subject)
        and (each.condition, each.loop) == (cell.condition, cell.loop)
        and each.metric.name == limit.metric
    )


def _drift(cell: Cell, limit: Limit) -> float:
    """Return the factor by which what the limit is about changed within the windows of ``cell``."""
    if not cell.unsteady_because(limit.metric):
        return 1.0
    changes = (abs(math.log1p(max(-0.9, drift.change))) for drift in cell.drifts.values())
    return math.exp(max(changes, default=0.0))


def _outcome(asked: Range, low: float, high: float) -> _Outcome:
    if asked.holds(low, high):
        return "holds"
    return "fails" if asked.fails(low, high) else "open"


def _gain(
    compared: Comparison, low: float, high: float, *, is_gain: bool
) -> tuple[float, float, float]:
    """Return by how many times the candidate is better: low end, estimate, high end."""
    ratio = compared.effect.ratio
    if is_gain:
        return low, ratio, high
    return 1.0 / high, 1.0 / ratio, 1.0 / low if low > 0.0 else math.inf


def _p_outside(compared: Comparison, asked: Range) -> float:
    """Return the p-value of Student's t for a ratio at the end that the estimate is beyond."""
    end = asked.low if compared.effect.ratio < asked.low else asked.high
    return student_p(np.log([*compared.ratios.values()]) - math.log(end))


def _gains(asked: Sequence[_Asked], reached: Verdict) -> str:
    """Say within which bounds the candidate is better or worse."""
    known = [each for each in asked if each.gain is not None]
    if not known:
        return f"{asked[0].why.capitalize()}." if asked else "Nothing of it was measured."
    is_time = all(unit_of(part) == "ns" for each in known for part in each.limit.parts)
    better, worse = ("faster", "slower") if is_time else ("better", "worse")
    gains = [each.gain for each in known if each.gain is not None]
    if known[0].is_for_less:
        better, worse = worse, better
        gains = [(1.0 / high, 1.0 / ratio, 1.0 / low) for low, ratio, high in gains]
    lowest, highest = min(low for low, _, _ in gains), max(high for *_, high in gains)
    shown = [gain[1] for gain, each in zip(gains, known, strict=True) if each.is_proven]
    least, most = (min(shown), max(shown)) if shown else (1.0, 1.0)
    lacking = _lacking(asked, known)
    if reached == "yes":
        up_to = f", and up to {_times(most)}" if most > 1.0 else ""
        return f"Everywhere at least {_times(lowest)} {better} (95 %){up_to}{lacking}."
    other = f", and up to {_times(1.0 / least)} {worse}" if least < 1.0 else ""
    if highest < 1.0:
        bound = f"Everywhere {worse}: at least {_times(1.0 / highest)} (95 %){other}"
    else:
        bound = f"Nowhere {better} than {_times(highest)} (95 %){other}"
    if reached == "no" and all(each.outcome == "fails" for each in asked):
        return f"{bound}."
    told = {
        kind: sum(each.outcome == kind for each in asked) for kind in ("holds", "fails", "open")
    }
    return (
        f"{bound}. Of {counted(len(asked), 'condition')} it holds in {told['holds']}, "
        f"not in {told['fails']}; {told['open']} are open{lacking}."
    )


def _lacking(asked: Sequence[_Asked], known: Sequence[_Asked]) -> str:
    lacking = len(asked) - len(known)
    return f"; {counted(lacking, 'condition')} could not be compared" if lacking else ""


def _times(factor: float) -> str:
    return f"{factors_in_words([factor])} times"


# ---------------------------------------------------------------------------------------- figures


def _figures(ask: Ask, told: Sequence[Cell]) -> Iterator[_Asked]:
    for cell in told:
        for limit in ask.require:
            yield _figure(cell, limit)


def _figure(cell: Cell, limit: Limit) -> _Asked:
    if cell.status in ("unsupported", "failed"):
        # That a server or a loop is not to be had here says nothing about the saver.
        says_nothing = cell.blocks.failed_stages & BEFORE_THE_SAVER
        outcome: _Outcome = "open" if says_nothing else "fails"
        return _Asked(outcome, cell, limit, p=float(bool(says_nothing)), why=cell.status)
    estimate = cell.estimates.get(limit.metric)
    if cell.invalid_because or estimate is None or estimate.value is None:
        return _Asked("open", cell, limit, why=cell.invalid_because or "not measured")
    # What is exact, as that nothing failed, needs no interval: it was so.
    low = high = estimate.value
    if not any(bound.relation == "==" for bound in limit.bounds):
        if estimate.low is None or estimate.high is None or estimate.trials < FEWEST_FOR_INTERVAL:
            return _Asked("open", cell, limit, why="too few trials for an interval")
        low, high = estimate.low, estimate.high
    outcome = _outcome(limit.range, low, high)
    return _Asked(outcome, cell, limit, p=float(outcome != "fails"))


def _named(asked: Sequence[_Asked], reached: Verdict) -> str:
    """Say of which cells it is so, or not, and why."""
    limits = listed(dict.fromkeys(f"{each.limit.metric} {each.limit.words}" for each in asked))
    cells = counted(len(asked), "cell")
    if reached == "yes":
        return f"{limits} in all {cells}."
    wanted: _Outcome = "fails" if reached == "no" else "open"
    found = [each.cell for each in asked if each.outcome == wanted]
    has_loops = len({each.cell.loop for each in asked}) > 1
    named = (f"{cell.subject} on {cell.loop}" if has_loops else cell.subject for cell in found)
    verb = "Not in" if reached == "no" else "Open in"
    return f"{verb} {len(found)} of {cells}: {listed(dict.fromkeys(named), _MOST_NAMED)}."
