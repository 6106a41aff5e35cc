"""The outcome of a decision, its consequences, and what would change it, in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from bench.analysis.wording import counted, listed
from bench.decide.result import Decision, Difference, Gap, Option, Place, Rivalry
from bench.report.text import code, emphasis
from bench.report.words import effect_of
from bench.scenario.quantity import interval, number, span

SURVIVES: dict[str, str] = {
    "fsync": "what it acknowledged is on stable storage",
    "relaxed": "what it acknowledged last may be lost when the machine or the server crashes",
    "volatile": "nothing survives the end of the process that holds the data",
    "unknown": "what survives a crash is not known",
}


def solution(decision: Decision) -> str:
    """Return the outcome in a few words."""
    if decision.outcome == "decided":
        return f"use {decision.choice}"
    if decision.outcome == "undecided":
        return f"not decided between {listed(decision.leading)}"
    return "not decided" if decision.outcome == "invalid" else "no option remains"


def because(decision: Decision) -> str:
    """Return the outcome as sentences with their reasons."""
    if decision.outcome == "invalid":
        best = f" Without it the best would be {code(decision.choice)}." if decision.choice else ""
        return (
            f"No option is chosen: the run cannot be trusted. {decision.invalid_because}.{best} "
            f"Measure again, or leave it out of {code('options')}."
        )
    if decision.outcome == "none remains":
        text = "No option is chosen: none is shown to keep every must."
        may = [option.subject for option in decision.options if option.standing == "not shown"]
        return (
            f"{text} {names(may)} may; longer windows or more repetitions show it." if may else text
        )
    if not decision.rivalries:
        return (
            f"Chosen option: {code(decision.choice)}. It is the only one of "
            f"{counted(len(decision.options), 'option')} that is shown to keep every must."
        )
    score = times(decision.option(decision.choice).score)
    best = (
        f"Of the {1 + len(decision.rivalries)} options that keep every must, "
        f"{code(decision.choice)} has the best score: on weighted average {score} the best figure "
        "of each driver."
    )
    if decision.outcome == "undecided":
        close = [rivalry for rivalry in decision.rivalries if rivalry.rival in decision.leading]
        reasons = "; ".join(
            f"the score of {code(each.rival)} is {as_large(each)}, but {each.why_not}"
            for each in close
        )
        return (
            f"No option is chosen: the measurements do not decide between "
            f"{names(decision.leading)}. {best} That is an estimate: {reasons}. It is not evidence "
            "that they are equal."
        )
    dominated = {option.subject for option in decision.options if option.standing == "dominated"}
    rivals = [each for each in decision.rivalries if each.rival not in dominated]
    nearest = min(rivals or decision.rivalries, key=lambda rivalry: rivalry.ratio)
    return (
        f"Chosen option: {code(decision.choice)}. {best} The score of the next, "
        f"{code(nearest.rival)}, is {as_large(nearest)}, over "
        f"{counted(nearest.effect.blocks, 'repetition')}."
    )


def caveats(decision: Decision) -> Iterator[str]:
    """Say what a reader must know before the rest, a sentence each."""
    if decision.outcome == "invalid":
        yield f"The run cannot be trusted: {decision.invalid_because}."
    for rivalry in decision.rivalries:
        if rivalry.rival in decision.leading:
            yield _tie(decision, rivalry)
        alone = [each.metric for each in rivalry.differences if each.flips_alone]
        if rivalry.is_apart and alone:
            yield (
                f"The choice hangs on {names(alone)}: at the worse end of its interval "
                f"{code(rivalry.rival)} would be better."
            )
    for option in decision.options:
        if option.standing == "not shown":
            yield (
                f"{code(option.subject)} was passed over for lack of proof, not because it fails: "
                f"{option.reasons[0].text}."
            )
    if decision.choice:
        chosen = decision.option(decision.choice)
        doubts = {code(e.code): effect_of(e) for e in chosen.findings if e.severity != "note"}
        if doubts:
            told = "; ".join(f"{text} ({name})" for name, text in doubts.items())
            yield f"Some figures of {code(chosen.subject)} are doubtful. {told}."
    yield from decision.cautions
    yield from (f"Not measured: {text}." for text in decision.not_measured)


def _tie(decision: Decision, rivalry: Rivalry) -> str:
    text = (
        f"{code(decision.choice)} or {code(rivalry.rival)}? The score of {code(rivalry.rival)} is "
        f"{as_large(rivalry)}, but {rivalry.why_not}."
    )
    effect = rivalry.effect
    if effect.detectable_factor is None:
        return text
    return (
        f"{text} {counted(effect.blocks, 'repetition')} of this spread detect a factor of "
        f"{number(effect.detectable_factor)} in 80 of 100 runs; more {code('repetitions')} in the "
        "scenario detect a smaller one."
    )


def sensitivity(decision: Decision) -> Iterator[str]:
    """Say what would change the choice, a sentence each."""
    yield from _weights(decision)
    yield from (_in_place(decision, *alone) for alone in decision.by_place.items())
    noise = max((rivalry.noise_factor for rivalry in decision.rivalries), default=1.0)
    if noise > 1.0:
        yield (
            f"The same subject measured twice differs in this score by up to {times(noise)}. No "
            "smaller ratio counts."
        )
    yield from map(_inside_intervals, decision.rivalries)


def limits(decision: Decision) -> Iterator[str]:
    """List what an option must keep."""
    required = decision.asked.requirements
    if required.least_durability:
        least = required.least_durability
        yield f"be durable, at least {emphasis(least)}: {SURVIVES[least]}"
    if required.must_run_on:
        yield f"run on {listed(map(code, required.must_run_on))}"
    for kept in decision.asked.limits:
        why = f" – {kept.why}" if kept.why else ""
        yield f"keep {code(kept.require.metric)} {kept.require.words}{why}"


def _weights(decision: Decision) -> Iterator[str]:
    for flip in decision.flips:
        move = "rises above" if flip.direction == "above" else "falls below"
        yield (
            f"{code(flip.winner)} has the better score if the weight of {code(flip.metric)} {move} "
            f"{number(flip.at)} (now {flip.weight:g}), the others as they are."
        )
    moved = {flip.metric for flip in decision.flips}
    unmoved = [each.metric for each in decision.asked.drivers if each.metric not in moved]
    if unmoved and decision.rivalries:
        whose = "its weight" if len(unmoved) == 1 else "the weight of each alone"
        yield f"{names(unmoved)}: {whose} changes nothing, from 0 upwards."


def _in_place(decision: Decision, place: Place, view: Gap) -> str:
    told = "" if view.is_apart else ", which is not proven"
    if not view.is_apart and view.effect.low is not None and view.effect.low > 1.0:
        told = ", which does not count: a cell is not steady, or an A/A arm differs as much"
    verb = "stays" if view.ratio > 1.0 else "is no longer"
    return (
        f"If {place.name} alone counted, {code(decision.choice)} {verb} the best: the "
        f"score of {code(view.rival)} is {as_large(view)}{told}."
    )


def _inside_intervals(rivalry: Rivalry) -> str:
    told = "proven" if rivalry.is_apart else f"not proven: {rivalry.why_not}"
    text = f"The score of {code(rivalry.rival)} is {as_large(rivalry)} ({told})."
    if rivalry.worst_ratio is not None:
        changes = "" if rivalry.worst_ratio > 1.0 else "not "
        text += (
            f" With every driver at the end of its interval that is worse for the choice, it would "
            f"{changes}stay the best ({number(rivalry.worst_ratio)})."
        )
    alone = [each.metric for each in rivalry.differences if each.flips_alone]
    if alone:
        text += f" The end of {names(alone)} alone changes it."
    return text


# ----------------------------------------------------------------------------- parts of sentences


def names(subjects: Sequence[str]) -> str:
    """List subjects."""
    return listed(map(code, subjects))


def times(factor: float | None) -> str:
    """Write a factor: ``1.20 times``."""
    return f"{number(1.0 if factor is None else factor)} times"


def as_large(found: Gap) -> str:
    """Write a ratio of scores with its interval."""
    return f"{times(found.ratio)} as large {interval(found.effect.low, found.effect.high)}".rstrip()


def in_places(where: Sequence[str], places: int) -> str:
    """Say in how many of the places; nothing where that is all of them."""
    return "" if len(where) == places else f" in {len(where)} of {places} places"


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
