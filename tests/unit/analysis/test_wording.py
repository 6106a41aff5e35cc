"""Lists in words."""

from __future__ import annotations

import pytest

from bench.analysis.wording import listed


@pytest.mark.parametrize(
    ("parts", "most", "expected"),
    [
        ([], 0, ""),
        (["a"], 0, "a"),
        (["a", "b"], 0, "a and b"),
        (["a", "b", "c"], 0, "a, b and c"),
        (["a", "b", "c", "d"], 2, "a, b and 2 more"),
    ],
)
def test_lists(parts: list[str], most: int, expected: str) -> None:
    assert listed(parts, most) == expected
