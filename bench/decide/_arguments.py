"""The consequences of the choice, good and bad."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from bench.analysis.wording import listed
from bench.decide._sentences import SURVIVES, in_places, names, times
from bench.decide.result import Decision, Difference, Option
from bench.report.text import code
from bench.scenario.quantity import number, span


def consequences(decision: Decision) -> Iterator[str]:
    """Say what follows from the choice, good and bad, a sentence each."""
    chosen = decision.option(decision.choice)
    for driver in decision.asked.drivers:
        differences = {
            rivalry.rival: difference
            for rivalry in decision.rivalries
            for difference in rivalry.differences
            if difference.metric == driver.metric
        }
        yield from _of_driver(decision, chosen, driver.metric, differences)
    yield _durability(decision, chosen)
    for note in chosen.notes:
        yield f"Neutral, because {note}."
    yield from _given_up(decision, chosen)


def _of_driver(
    decision: Decision, chosen: Option, metric: str, differences: Mapping[str, Difference]
) -> Iterator[str]:
    places, is_rate = len(decision.places), decision.metrics[metric].better == "higher"
    better = {rival: d for rival, d in differences.items() if d.better and not d.worse}
    worse = {rival: d for rival, d in differences.items() if d.worse}
    values = [each.value for each in chosen.figures if each.metric.name == metric]
    told = f"{code(metric)} is {span(values, decision.metrics[metric].unit) or 'not measured'}"
    if better:
        said = [f"{code(rival)}{in_places(d.better, places)}" for rival, d in better.items()]
        yield f"Good, because {told}, shown to be better than {listed(said)}."
    if worse:
        said = [
            f"{code(rival)} ({times(d.ratio if is_rate else 1.0 / d.ratio)} its figure"
            + in_places(d.worse, places)
            + (f", better in {len(d.better)})" if d.better else ")")
            for rival, d in worse.items()
        ]
        yield f"Bad, because {told}, shown to be worse than {listed(said)}."
    if not better and not worse:
        cost = chosen.costs.get(metric, 1.0)
        yield f"Neutral, because {told}: {_cost(decision, metric, cost)}."


def _cost(decision: Decision, metric: str, cost: float) -> str:
    if cost <= 1.0:
        return "the best of the options that remain"
    is_rate = decision.metrics[metric].better == "higher"
    return f"{times(1.0 / cost if is_rate else cost)} the best"


def _promise(option: Option) -> str:
    return f"{option.durability}: {SURVIVES[option.durability]}"


def _durability(decision: Decision, chosen: Option) -> str:
    stronger = [
        option.subject
        for option in decision.options
        if not option.reasons and option.durability.strength > chosen.durability.strength
    ]
    text = f"its durability is {_promise(chosen)}"
    if stronger:
        return f"Bad, because {text}; of the options that remain {names(stronger)} promise more."
    return f"{'Good' if chosen.durability == 'fsync' else 'Neutral'}, because {text}."


def _given_up(decision: Decision, chosen: Option) -> Iterator[str]:
    """Say which options that cannot be chosen have a better score."""
    best = math.inf if chosen.score is None else chosen.score
    for standing, which, why in (
        ("excluded", "excluded", "that is the price of the musts"),
        ("not shown", "not shown to keep a must", "more trials may show it"),
    ):
        ahead = [
            f"{code(option.subject)} {number(option.score)}"
            for option in decision.options
            if option.standing == standing and option.score is not None and option.score < best
        ]
        if ahead:
            yield (
                f"Neutral, because options that are {which} have better scores by the estimates "
                f"({listed(ahead)}): {why}."
            )
