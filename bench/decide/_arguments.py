"""What speaks for and against: the consequences of the choice, and each option beside it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from bench.analysis.wording import listed
from bench.decide._sentences import SURVIVES, in_places, names, span, times
from bench.decide.result import Decision, Difference, Option
from bench.report.text import code
from bench.scenario.quantity import interval, number

_STRENGTH = ("unknown", "volatile", "relaxed", "fsync")


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
    for finding in chosen.findings:
        if finding.severity != "note":
            yield (
                f"Bad, because {code(finding.code)} stands against some of its figures: "
                f"{finding.meaning}"
            )
    notes = [finding.code for finding in chosen.findings if finding.severity == "note"]
    if notes:
        yield f"Neutral, because of notes on some of its figures, see the report: {names(notes)}."
    yield from _given_up(decision, chosen)


def pros_and_cons(decision: Decision, option: Option) -> Iterator[str]:
    """Say what speaks for and against an option, a sentence each."""
    rivalry = next((each for each in decision.rivalries if each.rival == option.subject), None)
    if rivalry is not None:
        for difference in rivalry.differences:
            yield _beside_the_choice(decision, difference)
    elif option.reasons and option.score is not None:
        yield (
            "Neutral, because its figures, which do not count, would give a score of "
            f"{number(option.score)}."
        )
    elif not option.reasons:
        for metric, cost in option.costs.items():
            word = "Good" if cost <= 1.0 else "Neutral"
            yield f"{word}, because {code(metric)} is {_cost(decision, metric, cost)}."
    if option.dominated_by:
        yield (
            f"Bad, because it is nowhere shown to be better than {names(option.dominated_by)} and "
            "somewhere shown to be worse."
        )
    for reason in option.reasons:
        yield f"Bad, because {reason.text}."
    if all(reason.kind != "durability" for reason in option.reasons):
        word = {"fsync": "Good", "relaxed": "Neutral"}.get(option.durability, "Bad")
        yield f"{word}, because its durability is {_promise(option)}."
    for note in option.notes:
        yield f"Neutral, because {note}."


def _of_driver(
    decision: Decision, chosen: Option, metric: str, differences: Mapping[str, Difference]
) -> Iterator[str]:
    places = len(decision.places)
    better = {rival: d for rival, d in differences.items() if d.better and not d.worse}
    worse = {rival: d for rival, d in differences.items() if d.worse}
    values = [each for each in chosen.figures if each.metric.name == metric]
    told = f"{code(metric)} is {span(values)}"
    if better:
        said = [f"{code(rival)}{in_places(d.better, places)}" for rival, d in better.items()]
        yield f"Good, because {told}, shown to be better than {listed(said)}."
    if worse:
        said = [
            f"{code(rival)} ({_times_its_figure(decision, d)}{in_places(d.worse, places)}"
            + (f", better in {len(d.better)})" if d.better else ")")
            for rival, d in worse.items()
        ]
        yield f"Bad, because {told}, shown to be worse than {listed(said)}."
    if not better and not worse:
        cost = chosen.costs.get(metric, 1.0)
        yield f"Neutral, because {told}: {_cost(decision, metric, cost)}."


def _times_its_figure(decision: Decision, difference: Difference) -> str:
    """Give the choice's figure ÷ the rival's, over all places."""
    turned = decision.metrics[difference.metric].better == "higher"
    ratio = difference.ratio if turned else 1.0 / difference.ratio
    return f"{times(ratio)} its figure"


def _beside_the_choice(decision: Decision, difference: Difference) -> str:
    """Give the option's figure ÷ the choice's, over all places."""
    turned = decision.metrics[difference.metric].better == "higher"
    ratio, ends = difference.ratio, (difference.low, difference.high)
    if turned:
        ratio, ends = 1.0 / ratio, (_inverse(difference.high), _inverse(difference.low))
    text = f"{code(difference.metric)} is {times(ratio)} that of {code(decision.choice)}"
    text = f"{text} {interval(*ends)}".rstrip()
    # The difference is told from the choice's side: where that is worse, this option is better.
    if difference.worse and difference.better:
        better, worse = len(difference.worse), len(difference.better)
        return f"Neutral, because {text}, better in {better} of the places and worse in {worse}."
    if difference.worse or difference.better:
        shown = in_places(difference.worse or difference.better, len(decision.places))
        word = "Good" if difference.worse else "Bad"
        return f"{word}, because {text}{f', shown{shown}' if shown else ''}."
    return f"Neutral, because {text}, which is not shown to be a difference."


def _inverse(value: float | None) -> float | None:
    return 1.0 / value if value else None


def _cost(decision: Decision, metric: str, cost: float) -> str:
    if cost <= 1.0:
        return "the best of the options that remain"
    if decision.metrics[metric].better == "higher":
        return f"{times(1.0 / cost)} the best"
    return f"{times(cost)} the best"


def _promise(option: Option) -> str:
    return f"{option.durability}: {SURVIVES[option.durability]}"


def _durability(decision: Decision, chosen: Option) -> str:
    rank = _STRENGTH.index(chosen.durability)
    stronger = [
        option.subject
        for option in decision.options
        if not option.reasons and _STRENGTH.index(option.durability) > rank
    ]
    text = f"its durability is {_promise(chosen)}"
    if stronger:
        return f"Bad, because {text}; of the options that remain {names(stronger)} promise more."
    return f"{'Good' if chosen.durability == 'fsync' else 'Neutral'}, because {text}."


def _given_up(decision: Decision, chosen: Option) -> Iterator[str]:
    """Say which options that cannot be chosen have a better score."""
    best = math.inf if chosen.score is None else chosen.score
    ahead = [
        option
        for option in decision.options
        if option.reasons and option.score is not None and option.score < best
    ]
    told = {
        standing: [
            f"{code(o.subject)} {number(o.score or 0.0)}" for o in ahead if o.standing == standing
        ]
        for standing in ("excluded", "not shown")
    }
    if told["excluded"]:
        yield (
            "Neutral, because options that are excluded have better scores by the estimates "
            f"({listed(told['excluded'])}): that is the price of what is required."
        )
    if told["not shown"]:
        yield (
            "Neutral, because options that are not shown to keep what is required have better "
            f"scores by the estimates ({listed(told['not shown'])}): more trials may show it."
        )
