"""Every number that is told is one of analysis.json."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import pytest

from bench.analysis.result import Analysis
from bench.scenario.quantity import number
from tests.unit.reporters import synthetic
from tests.unit.reporters.telling import console, html, json_text, markdown

FULL = synthetic.full_analysis()
_SCALES = (1.0, 1e3, 1e6, 1e9, 0.01)
_DECIMAL = re.compile(r"\d+\.\d+")


def leaves(value: object) -> Iterator[float | str]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield str(key)
            yield from leaves(part)
    elif isinstance(value, list):
        for part in value:
            yield from leaves(part)
    elif isinstance(value, float | int | str):
        yield value


def written(value: float) -> Iterator[str]:
    """Yield each form in which a number may be told: in its units, and as the factor it is."""
    for digits in (2, 3):
        yield from (number(value / scale, digits) for scale in _SCALES)
        if value:
            yield number(1.0 / value, digits)


@pytest.fixture(scope="module")
def known() -> set[str]:
    found: set[str] = set()
    for value in leaves(json.loads(json_text(FULL))):
        texts = [value] if isinstance(value, str) else [*written(abs(float(value)))]
        found |= {match for text in texts for match in _DECIMAL.findall(text)}
    return found


def of_page(text: str) -> str:
    """Return what is told of this run: without style and script, and how numbers are made."""
    text = re.sub(r"<(style|script)>.*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL)
    return text.partition("The unit of replication")[0]


@pytest.mark.parametrize("tell", [console, markdown, html])
def test_every_decimal_is_in_the_analysis(tell: Callable[[Analysis], str], known: set[str]) -> None:
    told = _DECIMAL.findall(of_page(tell(FULL)))

    assert len(told) > 20
    assert [each for each in told if each not in known] == []
