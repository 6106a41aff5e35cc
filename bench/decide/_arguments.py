"""What speaks for and against: the consequences of the choice, and each option beside it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from bench.analysis.wording import listed
from bench.decide._sentences import SURVIVES, in_places, names, times
from bench.decide.result import Decision, Difference, Option
from bench.report.text import code
from bench.scenario.quantity import interval, number, span


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


def pros_and_cons(decision: Decision, option: Option) -> Iterator[str]:
    """Say what speaks for and against an option that keeps every must, a sentence each."""
    rivalry = next((each for each in decision.rivalries if each.rival == option.subject), None)
    if rivalry is not None:
        yield from (_beside_the_choice(decision, each) for each in rivalry.differences)
    else:
        for metric, cost in option.costs.items():
            word = "Good" if cost <= 1.0 else "Neutral"
            yield f"{word}, because {code(metric)} is {_cost(decision, metric, cost)}."
    if option.dominated_by:
        yield (
            f"Bad, because it is nowhere shown to be better than {names(option.dominated_by)} and "
            "somewhere shown to be worse."
        )
    word = {"fsync": "Good", "relaxed": "Neutral"}.get(option.durability, "Bad")
    yield f"{word}, because its durability is {_promise(option)}."
    for note in option.notes:
        yield f"Neutral, because {note}."


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


def _beside_the_choice(decision: Decision, difference: Difference) -> str:
    """Give the option's figure ÷ the choice's, over all places."""
    ratio, low, high = difference.ratio, difference.low, difference.high
    if decision.metrics[difference.metric].better == "higher":
        ratio, low, high = 1.0 / ratio, 1.0 / high if high else None, 1.0 / low if low else None
    text = f"{code(difference.metric)} is {times(ratio)} that of {code(decision.choice)}"
    text = f"{text} {interval(low, high)}".rstrip()
    # The difference is told from the choice's side: where that is worse, this option is better.
    if difference.worse and difference.better:
        better, worse = len(difference.worse), len(difference.better)
        return f"Neutral, because {text}, better in {better} of the places and worse in {worse}."
    if difference.worse or difference.better:
        shown = in_places(difference.worse or difference.better, len(decision.places))
        word = "Good" if difference.worse else "Bad"
        return f"{word}, because {text}{f', shown{shown}' if shown else ''}."
    return f"Neutral, because {text}, which is not proven."


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
