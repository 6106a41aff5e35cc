"""Yes or no to what a scenario asks, by rule.

Each condition holds or fails by the rule of the claims (:mod:`bench.analysis.answer.limits`): where
the whole 95 % interval, as wide as noise and a resampled tail make it, lies inside the asked range,
or outside it by what is of interest. What drifted, was not measured in full, or promises something
else about what survives a crash is open. **Yes**: all hold. **No**: all that were measured fail, or
any does after allowance for how many could have done so by chance (Holm). Else it is **not
decided**.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bench.analysis.answer.doubts import no_extreme
from bench.analysis.answer.limits import (
    LimitOutcome,
    PValues,
    beyond_chance,
    compared_by,
    figure_of,
    ratio_outside_p,
    says_nothing,
)
from bench.analysis.answer.places import condition_text, kinds, varying
from bench.analysis.cell import Cell, by_place
from bench.analysis.comparison import widened
from bench.analysis.result import Analysis, Comparison
from bench.analysis.wording import (
    bound_in_words,
    counted,
    factors_in_words,
    listed,
    noun,
    ratios_of,
)
from bench.scenario.durability import Durability
from bench.scenario.family import question_sweeps
from bench.scenario.limits.limit import BASELINE, Limit
from bench.scenario.metric import unit_of
from bench.scenario.scenario import CANDIDATE, Ask

Verdict = Literal["", "yes", "no", "not decided"]
_MOST_NAMED = 4


@dataclass(frozen=True, slots=True)
class _Asked:
    """What one limit asks of one cell, and ``why`` it is open.

    ``outside_p``: p-values of ``blocks`` against the limit that the figure is beyond, by the
    interval's test and by Student's t. ``compared``: the ratio, where that is the figure.
    """

    outcome: LimitOutcome
    cell: Cell
    limit: Limit
    why: str = ""
    outside_p: PValues | None = None
    blocks: int = 0
    compared: Comparison | None = None

    @property
    def is_gain(self) -> bool:
        """Whether a larger ratio says that the candidate is better."""
        is_lower_better = self.compared is not None and self.compared.metric.better != "higher"
        return (self.limit.of == BASELINE) == is_lower_better

    @property
    def gain(self) -> tuple[float, float, float] | None:
        """By how many times the candidate is better than its baseline: low, estimate, high."""
        if self.compared is None:
            return None
        (low, high), ratio = widened(self.compared, "claims"), self.compared.effect.ratio
        return (low, ratio, high) if self.is_gain else _inverse((low, ratio, high))


def _inverse(ends: tuple[float, float, float]) -> tuple[float, float, float]:
    low, ratio, high = ends
    return 1.0 / high, 1.0 / ratio, 1.0 / low if low > 0.0 else math.inf


def verdict(analysis: Analysis) -> tuple[Verdict, str]:
    """Return yes or no to what the scenario asks, and a sentence that says it with its bound.

    Both are empty where it asks nothing.
    """
    ask = analysis.scenario.ask
    if ask is None:
        return "", ""
    sweeps = question_sweeps(analysis.scenario)
    told = [
        cell
        for cell in analysis.cells
        if ask.selects(cell) and (ask.sweeps or cell.sweep in sweeps) and not cell.aa_of
    ]
    asked = [*(_ratios(analysis, ask, told) if ask.pairs else _figures(ask, told))]
    reached = _reached(asked)
    bound = _gains(analysis, ask, asked, reached) if ask.pairs else _named(asked, reached)
    return reached, f"{reached.capitalize()}. {bound}"


def _reached(asked: Sequence[_Asked]) -> Verdict:
    outcomes = [each.outcome for each in asked]
    if outcomes and outcomes.count("holds") == len(outcomes):
        return "yes"
    fails = beyond_chance([(e.outcome == "fails", e.outside_p, e.blocks) for e in asked])
    return "no" if any(fails) else "not decided"


# ----------------------------------------------------------------------------------------- ratios


def _ratios(analysis: Analysis, ask: Ask, told: Sequence[Cell]) -> Iterator[_Asked]:
    places = by_place(analysis.cells)
    for pair in ask.pairs:
        for cell in told:
            if cell.subject == pair.candidate:
                baseline = places.get((pair.baseline, *cell.place))
                for limit in ask.require:
                    yield _ratio(analysis, ask, limit, cell, baseline)


def _ratio(analysis: Analysis, ask: Ask, limit: Limit, cell: Cell, baseline: Cell | None) -> _Asked:
    sides = [cell, baseline] if limit.of == CANDIDATE else [baseline, cell]
    over, under = sides
    if over is None or under is None or over.invalid_because or under.invalid_because:
        return _Asked("undecided", cell, limit, "not measured, or invalid")
    if not (ask.across_durability or over.promises_as(under)):
        is_known = Durability.UNKNOWN not in (over.durability, under.durability)
        why = "they promise different things" if is_known else "what they promise is not known"
        return _Asked("undecided", cell, limit, why)
    compared, outcome, why = compared_by(analysis, limit, over, under)
    if compared is None or says_nothing(compared):
        return _Asked(outcome, cell, limit, why)
    outside_p = ratio_outside_p(compared, limit.range)
    return _Asked(outcome, cell, limit, why, outside_p, compared.effect.blocks, compared)


def _shown(analysis: Analysis, asked: _Asked) -> Comparison | None:
    """Return the report's comparison in what the limit is about, if it is proven."""
    names = {cell.name for cell in asked.compared.cells} if asked.compared else {}
    found = (c for c in analysis.comparisons if {cell.name for cell in c.cells} == names)
    about = (c for c in found if c.metric.name == asked.limit.metric and c.is_proven)
    return next((c for c in about if c.condition == asked.cell.condition), None)


def _gains(analysis: Analysis, ask: Ask, asked: Sequence[_Asked], reached: Verdict) -> str:
    """Say within which bounds the candidate is better or worse, and where it is most so."""
    known = [each for each in asked if each.gain is not None]
    if not known:
        return f"{_first_up(_whys(asked))}." if asked else "Nothing of it was measured."
    is_time = all(unit_of(part) == "ns" for each in known for part in each.limit.parts)
    better, worse = ("fast", "slow") if is_time else ("good", "bad")
    gains = [each.gain for each in known if each.gain is not None]
    limits = known[0].limit.range
    if math.isinf(limits.low if known[0].is_gain else limits.high):
        # Asked is whether it is worse.
        better, worse = worse, better
        gains = [*map(_inverse, gains)]
    lowest, highest = min(low for low, _, _ in gains), max(high for *_, high in gains)
    shown = {
        gain: (each, found)
        for (_, gain, _), each in zip(gains, known, strict=True)
        if (found := _shown(analysis, each))
    }
    farthest = _farthest(analysis, shown, known, max if reached == "yes" else min)
    candidates, baselines = _sides(analysis, ask)
    verb = "are" if " and " in candidates else "is"
    bound = f"at most {bound_in_words(highest, is_upper=True)} times as {better}"
    if reached == "yes":
        bound = f"at least {bound_in_words(lowest, is_upper=False)} times as {better}"
    elif highest < 1.0:
        bound = f"at least {bound_in_words(1.0 / highest, is_upper=False)} times as {worse}"
    where = "where it was compared, " if len(known) < len(asked) else ""
    said = f"{where}{candidates} {verb} {bound} as {baselines} (95 %){farthest}."
    if not all(each.compared.same_durability for each in known if each.compared):
        said += " They promise different things."
    told = Counter(each.outcome for each in asked)
    if not (reached == "yes" or (reached == "no" and told["fails"] == len(asked))):
        said += (
            f" Of {counted(len(asked), 'condition')} it holds in {told['holds']}, "
            f"not in {told['fails']}; {told['undecided']} are open{_lacking(asked)}."
        )
    return _first_up(said)


def _sides(analysis: Analysis, ask: Ask) -> tuple[str, str]:
    named = [kinds(analysis.cells, pair.candidate, pair.baseline) for pair in ask.pairs]
    candidates, baselines = (dict.fromkeys(side) for side in zip(*named, strict=True))
    return listed(candidates), listed(baselines)


def _farthest(
    analysis: Analysis,
    shown: Mapping[float, tuple[_Asked, Comparison]],
    asked: Iterable[_Asked],
    chosen: Callable[[Iterable[float]], float],
) -> str:
    """Say by how much the best, or the worst, candidate differs, of those that are not doubted."""
    firm = [gain for gain, (_, found) in shown.items() if not no_extreme(analysis, found.cells)]
    if not firm or (chosen(firm) > 1.0) != (chosen is max):
        return ""
    farthest, extreme = shown[chosen(firm)]
    metric, effect = extreme.metric, extreme.effect
    is_all = chosen(firm) == chosen(shown)
    verb, _, rest = ratios_of(metric, [effect.ratio]).partition(" ")
    ends = (end for end in (effect.low, effect.high) if end)
    interval = factors_in_words(max(end, 1.0 / end) for end in ends)
    place = condition_text(farthest.cell, varying(each.cell for each in asked))
    where = f" with {listed(place.split(' · '))}" if place else ""
    up_to = "up to " if is_all else ""
    return f", and{where} its {noun(metric)} {verb} {up_to}{rest} ({interval})"


def _lacking(asked: Sequence[_Asked]) -> str:
    lacking = [each for each in asked if each.gain is None]
    if not lacking:
        return ""
    return f"; {counted(len(lacking), 'condition')} could not be compared: {_whys(lacking)}"


def _whys(asked: Sequence[_Asked]) -> str:
    return "; ".join(dict.fromkeys(each.why for each in asked))


def _first_up(text: str) -> str:
    return text[:1].upper() + text[1:]


# ---------------------------------------------------------------------------------------- figures


def _figures(ask: Ask, told: Sequence[Cell]) -> Iterator[_Asked]:
    for cell in told:
        for limit in ask.require:
            yield _figure(cell, limit)


def _figure(cell: Cell, limit: Limit) -> _Asked:
    if cell.invalid_because:
        return _Asked("undecided", cell, limit, cell.invalid_because)
    found = figure_of(cell, limit)
    blocks = found.estimate.trials if found.estimate else 0
    return _Asked(found.outcome, cell, limit, found.why, found.outside_p, blocks)


def _named(asked: Sequence[_Asked], reached: Verdict) -> str:
    of_each = dict.fromkeys(f"{each.limit.metric} {each.limit.words}" for each in asked)
    limits, several = listed(of_each), len(of_each) > 1
    cells = counted(len(asked), "figure" if several else "cell")
    if reached == "yes":
        return f"{limits} in all {cells}."
    wanted: LimitOutcome = "fails" if reached == "no" else "undecided"
    found = [each for each in asked if each.outcome == wanted]
    has_loops = len({each.cell.loop for each in asked}) > 1
    named = (
        f"{c.subject} on {c.loop}" if has_loops else c.subject for c in (f.cell for f in found)
    )
    whys = "" if reached == "no" else _whys([each for each in found if each.why])
    why = f" ({whys})" if whys else ""
    verb = "Not in" if reached == "no" else "Open in"
    return f"{verb} {len(found)} of {cells}: {listed(dict.fromkeys(named), _MOST_NAMED)}{why}."
