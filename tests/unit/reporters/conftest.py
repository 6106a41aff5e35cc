"""What the tests of reporters share."""

from __future__ import annotations

import pytest


@pytest.fixture
def without_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the plots out: drawing them takes most of the time of a report."""
    for reporter in ("html", "markdown"):
        monkeypatch.setattr(f"bench.reporters.{reporter}.drawings", lambda _: {})
