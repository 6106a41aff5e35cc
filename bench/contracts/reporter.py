"""A form in which the result is told."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any


class Reporter(ABC):
    """Tells an analysis as documents. Never measures, never judges."""

    @abstractmethod
    def render(self, analysis: Any) -> Mapping[str, bytes]:
        """Return file name → content; ``analysis`` is a ``bench.analysis.result.Analysis``."""
