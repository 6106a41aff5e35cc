"""Who heeds which reason: docs and code say the same, and each reason can speak."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from bench.analysis.comparison import HEEDED
from bench.analysis.result import Reason

PAGE = Path(__file__).parents[3] / "docs" / "comparisons.md"


def test_the_page_has_the_table_of_the_code() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    rows = [[part.strip() for part in line.strip("|").split("|")] for line in lines if "|" in line]
    head, _, *body = rows
    table = {
        consumer: {row[0] for row in body if row[at] == "✓"}
        for at, consumer in enumerate(head)
        if at
    }

    assert [row[0] for row in body] == list(get_args(Reason))
    assert table == {consumer: set(reasons) for consumer, reasons in HEEDED.items()}
