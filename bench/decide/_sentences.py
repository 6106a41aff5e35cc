"""The outcome of a decision, what would change it, and what an option must keep, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.analysis.wording import counted, listed
from bench.decide.result import Decision, PlaceView, Rivalry
from bench.report.text import code, emphasis
from bench.scenario.quantity import interval, number

SURVIVES: dict[str, str] = {
    "fsync": "what it acknowledged is on stable storage",
    "relaxed": "what it acknowledged last may be lost when the machine or the server crashes",
    "volatile": "nothing survives the end of the process that holds the data",
    "unknown": "what survives a crash is not known",
}


def solution(decision: Decision) -> str:
    """Return the outcome in a few words."""
    if decision.outcome == "decided":
        return decision.choice
    if decision.outcome == "not told apart":
        return f"not decided between {listed(decision.leading)}"
    return "not decided" if decision.outcome == "invalid" else "no option remains"


def because(decision: Decision) -> str:
    """Return the outcome as a sentence with its reason."""
    if decision.outcome == "invalid":
        best = f" Without it the best would be {code(decision.choice)}." if decision.choice else ""
        return (
            "No option is chosen, because what this rests on cannot be trusted: "
            f"{decision.invalid_because}.{best} Measure again, or name in {code('options')} only "
            "those that are to be considered."
        )
    if decision.outcome == "none remains":
        text = "No option is chosen, because none is shown to keep what is required."
        may = [option.subject for option in decision.options if option.standing == "not shown"]
        needs = "may, which needs longer windows or more repetitions to show."
        return f"{text} {names(may)} {needs}" if may else text
    if not decision.rivalries:
        return (
            f"Chosen option: {code(decision.choice)}, because it is the only one of "
            f"{counted(len(decision.options), 'option')} that is shown to keep what is required."
        )
    chosen = decision.option(decision.choice)
    remain = 1 + len(decision.rivalries)
    score = f"on weighted average {times(chosen.score)} the best figure of each driver"
    if decision.outcome == "not told apart":
        close = [rivalry for rivalry in decision.rivalries if rivalry.rival in decision.leading]
        reasons = "; ".join(
            f"the score of {code(each.rival)} is {as_large(each)}, and {each.why_not}"
            for each in close
        )
        return (
            f"No option is chosen, because the data do not tell {names(decision.leading)} apart. "
            f"Of the {remain} options that are shown to keep what is required "
            f"{code(decision.choice)} has the best score by the estimates ({score}), but "
            f"{reasons}. That they are equal is not shown either."
        )
    dominated = {option.subject for option in decision.options if option.standing == "dominated"}
    rivals = [each for each in decision.rivalries if each.rival not in dominated]
    nearest = min(rivals or decision.rivalries, key=lambda rivalry: rivalry.ratio)
    return (
        f"Chosen option: {code(decision.choice)}, because of the {remain} options that are shown "
        f"to keep what is required it has the best score: {score}. The score of the next, "
        f"{code(nearest.rival)}, is {as_large(nearest)}, over "
        f"{counted(nearest.repetitions, 'repetition')}."
    )


def sensitivity(decision: Decision) -> Iterator[str]:
    """Say what would change the choice, a sentence each."""
    yield from _weights(decision)
    yield from (_in_place(decision, view) for view in decision.by_place)
    noise = max((rivalry.noise_factor for rivalry in decision.rivalries), default=1.0)
    if noise > 1.0:
        yield (
            f"The same subject measured twice differs in this score by up to {times(noise)}: "
            "nothing up to that counts as a difference."
        )
    yield from map(_inside_intervals, decision.rivalries)
    for rivalry in decision.rivalries:
        is_wide = rivalry.low is None or rivalry.low <= 1.0
        if rivalry.rival in decision.leading and is_wide and rivalry.detectable_factor is not None:
            yield (
                f"{counted(rivalry.repetitions, 'repetition')} of this spread find a ratio to "
                f"{code(rivalry.rival)} of {number(rivalry.detectable_factor)} in 80 of 100 runs: "
                f"to find a smaller one, raise {code('repetitions')} in the scenario."
            )


def limits(decision: Decision) -> Iterator[str]:
    """List what an option must keep."""
    required = decision.asked.requirements
    if required.least_durability:
        least = required.least_durability
        yield f"Durability of at least {emphasis(least)}: {SURVIVES[least]}."
    if required.must_run_on:
        yield f"Runs on {listed(map(code, required.must_run_on))}."
    for kept in decision.asked.limits:
        why = f" – {kept.why}" if kept.why else ""
        yield f"{code(kept.require.metric)}: {kept.require.words}{why}"


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


def _in_place(decision: Decision, view: PlaceView) -> str:
    told = "" if view.is_apart else ", which is not shown to be a difference"
    if not view.is_apart and view.low is not None and view.low > 1.0:
        told = ", which does not count: a cell is not steady, or an A/A arm differs as much"
    verb = "stays" if view.ratio > 1.0 else "is no longer"
    return (
        f"If {view.place.name} alone counted, {code(decision.choice)} {verb} the best: the "
        f"score of {code(view.rival)} is {as_large(view)}{told}."
    )


def _inside_intervals(rivalry: Rivalry) -> str:
    told = "told apart" if rivalry.is_apart else f"not told apart: {rivalry.why_not}"
    text = f"The score of {code(rivalry.rival)} is {as_large(rivalry)} ({told})."
    if rivalry.worst_ratio is not None:
        changes = "" if rivalry.worst_ratio > 1.0 else "not "
        text += (
            f" With every driver at the end of its interval that is worse for the choice, all at "
            f"once, the choice would {changes}stay ({number(rivalry.worst_ratio)})."
        )
    alone = [each.metric for each in rivalry.differences if each.flips_alone]
    if alone:
        text += f" That end of {names(alone)} alone changes it."
    return text


# ----------------------------------------------------------------------------- parts of sentences


def names(subjects: Sequence[str]) -> str:
    """List subjects."""
    return listed(map(code, subjects))


def times(factor: float | None) -> str:
    """Write a factor: ``1.20 times``."""
    return f"{number(1.0 if factor is None else factor)} times"


def as_large(found: Rivalry | PlaceView) -> str:
    """Write a ratio of scores with its interval."""
    return f"{times(found.ratio)} as large {interval(found.low, found.high)}".rstrip()


def in_places(where: Sequence[str], places: int) -> str:
    """Say in how many of the places; nothing where that is all of them."""
    return "" if len(where) == places else f" in {len(where)} of {places} places"
