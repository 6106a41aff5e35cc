"""Pages as HTML in one file: style and drawings inside, no script, nothing loaded from elsewhere.

Every text is escaped by the template engine, and stands as it came but for the marks in it.
"""

from __future__ import annotations

import base64

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
    environment.filters["data_address"] = _data_address
    return environment.get_template("page.html").render(page=page, outcomes=OUTCOMES)


def _set(value: object) -> object:
    if type(value) is not str:
        return value
    return Markup().join(_FRAMES[look].format(part) for look, part in spans(value))


def _data_address(content: bytes) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(content).decode("ascii")
