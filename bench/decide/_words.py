"""Words and figures that several parts of a decision record use."""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.wording import figure, listed, quantity
from bench.decide.result import Figure, PlaceView, Rivalry

SURVIVES = {
    "fsync": "what it acknowledged is on stable storage",
    "relaxed": "what it acknowledged last may be lost when the machine or the server crashes",
    "volatile": "nothing survives the end of the process that holds the data",
    "unknown": "what survives a crash is not known",
}


def names(subjects: Sequence[str]) -> str:
    """List subjects."""
    return listed(f"`{subject}`" for subject in subjects)


def times(factor: float | None) -> str:
    """Write a factor, one that is barely 1 not as none: ``1.00 times``."""
    text = figure(1.0 if factor is None else factor)
    return f"{'1.00' if text == '1' else text} times"


def as_large(found: Rivalry | PlaceView) -> str:
    """Write a ratio of scores with its interval."""
    text = f"{times(found.ratio)} as large"
    if found.low is not None and found.high is not None:
        text += f" [{figure(found.low)}, {figure(found.high)}]"
    return text


def in_places(where: Sequence[str], places: int) -> str:
    """Say in how many of the places; nothing where that is all of them."""
    return "" if len(where) == places else f" in {len(where)} of {places} places"


def span(values: Sequence[Figure]) -> str:
    """Write the smallest and the largest of the known values."""
    known = sorted(each.value for each in values if each.value is not None)
    if not known:
        return "not measured"
    unit = values[0].metric.unit
    ends = dict.fromkeys(quantity(value, unit) for value in (known[0], known[-1]))
    return " to ".join(ends)
