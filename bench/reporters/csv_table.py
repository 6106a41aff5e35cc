"""``cells.csv``: every estimate on a line, for spreadsheets and notebooks."""

from __future__ import annotations

from collections.abc import Mapping

from bench.analysis.result import Analysis
from bench.contracts import Reporter
from bench.reporters._frame import estimates_frame


class CsvTable(Reporter):
    """Writes one line for each cell × metric, numbers unrounded in the unit of column ``unit``.

    A cell that was not measured has one line with an empty metric and the reason in ``why_not``.
    """

    def render(self, analysis: Analysis) -> Mapping[str, bytes]:
        """Return ``cells.csv``: UTF-8, comma, a header line, empty where there is no value."""
        text = estimates_frame(analysis).to_csv(index=False, lineterminator="\n")
        return {"cells.csv": text.encode()}
