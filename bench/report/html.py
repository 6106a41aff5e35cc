"""Pages as HTML in one file: style, script and drawings inside, nothing loaded from elsewhere.

Every text is escaped by the template engine, and stands as it came but for the marks in it.
"""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bench.report.page import Page
from bench.report.table import OUTCOMES
from bench.report.text import plain, spans

_FRAMES = {
    "": Markup("{}"),
    "code": Markup("<code>{}</code>"),
    "strong": Markup("<strong>{}</strong>"),
    "emphasis": Markup("<em>{}</em>"),
}


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
    environment.filters["drawing"] = _drawing
    return environment.get_template("page.html").render(page=page, outcomes=OUTCOMES)


def _set(value: object) -> object:
    if type(value) is not str:
        return value
    return Markup().join(_FRAMES[look].format(part) for look, part in spans(value))


def _drawing(content: bytes) -> Markup:
    """Return a drawing of ours as a part of the page; what it says is escaped in it."""
    _, _, drawing = content.decode().partition("<svg")
    return Markup("<svg{}").format(Markup(drawing))  # noqa: S704 - matplotlib has escaped its texts
