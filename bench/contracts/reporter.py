"""A form in which the result is told."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any


class Reporter(ABC):
    """Tells an analysis as documents. Never measures, never judges.

    What there is to build on is in ``bench.report``: ``Report.analysis`` has every number,
    ``Report.page`` the report in blocks, which ``markdown``, ``html`` and ``terminal`` set.
    """

    @abstractmethod
    def render(self, report: Any) -> Mapping[str, bytes]:
        """Return file name → content; ``report`` is a ``bench.report.report.Report``."""
