"""Pages as HTML in one file: style, script and drawings inside, nothing loaded from elsewhere.

Every text is escaped by the template engine, and stands as it came but for the marks in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import pairwise

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bench.analysis.cell import Thinned, Trace
from bench.report import words
from bench.report.page import Page, Traces
from bench.report.table import OUTCOMES
from bench.report.text import plain, spans

_FRAMES = {
    "": Markup("{}"),
    "code": Markup("<code>{}</code>"),
    "strong": Markup("<strong>{}</strong>"),
    "emphasis": Markup("<em>{}</em>"),
}
_LINK = Markup('<a href="{}">{}</a>')


def html(page: Page) -> str:
    """Return the whole document."""
    environment = Environment(
        loader=PackageLoader("bench.report", package_path="."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_set,
    )
    environment.filters |= {"plain": plain, "kind": lambda block: type(block).__name__}
    environment.filters |= {"drawing": _drawing, "packed": _packed}
    return environment.get_template("page.html").render(page=page, outcomes=OUTCOMES)


def _set(value: object) -> object:
    if type(value) is not str or value.isprintable():
        return value
    return Markup().join(
        _LINK.format(look, part) if look.startswith("#") else _FRAMES[look].format(part)
        for look, part in spans(value)
    )


def _drawing(content: bytes) -> Markup:
    """Return a drawing of ours as a part of the page; what it says is escaped in it."""
    _, _, drawing = content.decode().partition("<svg")
    return Markup("<svg{}").format(Markup(drawing))  # noqa: S704 - matplotlib has escaped its texts


def _packed(traces: Traces) -> Markup:
    """Return what the script draws, as JSON: microseconds, instants as differences."""
    content = {anchor: _of_trial(trace) for anchor, trace in traces.of_trials.items()}
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    # A name must not end the element that holds it.
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704 - no mark-up is left in it


def _of_trial(trace: Trace) -> dict[str, object]:
    return {
        "window": round(trace.window_ns / 1e3),
        "operations": {name: _operations(some) for name, some in trace.operations.items()},
        "spans": {
            words.SPANS.get(name, name): [[round(at / 1e3), _short(length)] for at, length in spans]
            for name, spans in trace.spans.items()
        },
    }


def _operations(some: Thinned) -> list[object]:
    due = [round(at / 1e3) for at in some.due]
    steps = [later - earlier for earlier, later in pairwise((0, *due))]
    return [some.count, steps, _all_short(some.wait), _all_short(some.service), dict(some.ended)]


def _all_short(lengths_ns: Iterable[int]) -> list[float]:
    return [_short(length) for length in lengths_ns]


def _short(length_ns: int) -> float:
    """Return microseconds with the four digits that a reader may see."""
    rounded = float(f"{length_ns / 1e3:.4g}")
    return int(rounded) if rounded.is_integer() else rounded
