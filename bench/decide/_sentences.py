"""The outcome of a decision, what would change it, and what an option must keep, in sentences.

Names of options and metrics stand in backticks.
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.analysis.wording import counted, figure, listed
from bench.decide._words import SURVIVES, as_large, names, times
from bench.decide.result import Decision, PlaceView, Rivalry
from bench.report.markdown_text import escaped


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
        return _invalid(decision)
    if decision.outcome == "none remains":
        return _none_remains(decision)
    if not decision.rivalries:
        return (
            f"Chosen option: `{decision.choice}`, because it is the only one of "
            f"{counted(len(decision.options), 'option')} that is shown to keep what is required."
        )
    chosen = decision.option(decision.choice)
    remain = 1 + len(decision.rivalries)
    score = f"on weighted average {times(chosen.score)} the best figure of each driver"
    if decision.outcome == "not told apart":
        close = [rivalry for rivalry in decision.rivalries if rivalry.rival in decision.leading]
        reasons = "; ".join(
            f"the score of `{each.rival}` is {as_large(each)}, and {escaped(each.why_not)}"
            for each in close
        )
        return (
            f"No option is chosen, because the data do not tell {names(decision.leading)} apart. "
            f"Of the {remain} options that are shown to keep what is required `{decision.choice}` "
            f"has the best score by the estimates ({score}), but {reasons}. That they are equal is "
            "not shown either."
        )
    nearest = _nearest(decision)
    return (
        f"Chosen option: `{decision.choice}`, because of the {remain} options that are shown to "
        f"keep what is required it has the best score: {score}. The score of the next, "
        f"`{nearest.rival}`, is {as_large(nearest)}, over "
        f"{counted(nearest.repetitions, 'repetition')}."
    )


def sensitivity(decision: Decision) -> Iterator[str]:
    """Say what would change the choice, a sentence each."""
    yield from _weights(decision)
    for view in decision.by_place:
        yield _in_place(decision, view)
    noise = max((rivalry.noise_factor for rivalry in decision.rivalries), default=1.0)
    if noise > 1.0:
        yield (
            f"The same subject measured twice differs in this score by up to {times(noise)}: "
            "nothing up to that counts as a difference."
        )
    for rivalry in decision.rivalries:
        yield _inside_intervals(rivalry)
    for rivalry in decision.rivalries:
        is_wide = rivalry.low is None or rivalry.low <= 1.0
        if rivalry.rival in decision.leading and is_wide and rivalry.detectable_factor is not None:
            yield (
                f"{counted(rivalry.repetitions, 'repetition')} of this spread find a ratio to "
                f"`{rivalry.rival}` of {figure(rivalry.detectable_factor)} in 80 of 100 runs: to "
                "find a smaller one, raise `repetitions` in the scenario."
            )


def limits(decision: Decision) -> Iterator[str]:
    """List what an option must keep."""
    required = decision.asked.requirements
    if required.least_durability:
        least = required.least_durability
        yield f"Durability of at least *{least}*: {SURVIVES[least]}."
    if required.must_run_on:
        yield f"Runs on {listed(f'`{loop}`' for loop in required.must_run_on)}."
    for kept in decision.asked.limits:
        why = f" – {escaped(kept.why)}" if kept.why else ""
        yield f"`{kept.require.metric}`: {kept.require.words}{why}"


def _invalid(decision: Decision) -> str:
    without = f" Without it the best would be `{decision.choice}`." if decision.choice else ""
    return (
        "No option is chosen, because what this rests on cannot be trusted: "
        f"{escaped(decision.invalid_because)}.{without} Measure again, or name in `options` only "
        "those that are to be considered."
    )


def _none_remains(decision: Decision) -> str:
    text = "No option is chosen, because none is shown to keep what is required."
    not_shown = [o.subject for o in decision.options if o.standing == "not shown"]
    if not not_shown:
        return text
    return f"{text} {names(not_shown)} may, which needs longer windows or more repetitions to show."


def _nearest(decision: Decision) -> Rivalry:
    standing = {option.subject: option.standing for option in decision.options}
    rivals = [each for each in decision.rivalries if standing[each.rival] != "dominated"]
    return min(rivals or decision.rivalries, key=lambda rivalry: rivalry.ratio)


def _weights(decision: Decision) -> Iterator[str]:
    for flip in decision.flips:
        move = "rises above" if flip.direction == "above" else "falls below"
        yield (
            f"`{flip.winner}` has the better score if the weight of `{flip.metric}` {move} "
            f"{figure(flip.at)} (now {flip.weight:g}), the others as they are."
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
        f"If {escaped(view.place.name)} alone counted, `{decision.choice}` {verb} the best: the "
        f"score of `{view.rival}` is {as_large(view)}{told}."
    )


def _inside_intervals(rivalry: Rivalry) -> str:
    told = "told apart" if rivalry.is_apart else f"not told apart: {escaped(rivalry.why_not)}"
    text = f"The score of `{rivalry.rival}` is {as_large(rivalry)} ({told})."
    if rivalry.worst_ratio is not None:
        changes = "" if rivalry.worst_ratio > 1.0 else "not "
        text += (
            f" With every driver at the end of its interval that is worse for the choice, all at "
            f"once, the choice would {changes}stay ({figure(rivalry.worst_ratio)})."
        )
    alone = [each.metric for each in rivalry.differences if each.flips_alone]
    if alone:
        text += f" That end of {names(alone)} alone changes it."
    return text
