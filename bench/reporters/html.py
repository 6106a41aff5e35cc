"""``report.html``: the whole report in one file that needs nothing else."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from jinja2 import Environment, PackageLoader, StrictUndefined

from bench.analysis.result import Analysis
from bench.contracts import Reporter
from bench.printable import printable
from bench.report.document import make_document
from bench.report.plots import PLOTS, drawings


class Html(Reporter):
    """Sets the report in HTML: style and plots inside, no script, nothing loaded from elsewhere.

    Every text is escaped by the template engine, since texts of errors are foreign data.
    """

    def render(self, analysis: Analysis) -> Mapping[str, bytes]:
        """Return ``report.html``."""
        environment = Environment(
            loader=PackageLoader("bench.report", package_path="."),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=_finalized,
        )
        plots = [
            (PLOTS[name].about, _data_address(content))
            for name, content in drawings(analysis).items()
        ]
        template = environment.get_template("template.html")
        text = template.render(document=make_document(analysis), plots=plots)
        return {"report.html": text.encode()}


def _finalized(value: object) -> object:
    return printable(value) if type(value) is str else value


def _data_address(content: bytes) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(content).decode("ascii")
