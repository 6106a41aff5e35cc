"""Every number that is told is one of analysis.json."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import pytest

from bench.analysis.result import Analysis
from tests.unit.reporters import synthetic
from tests.unit.reporters.telling import console, html, json_text, markdown

FULL = synthetic.full_analysis()
_SCALES = (1.0, 1e3, 1e6, 1e9, 0.01)
_DECIMAL = re.compile(r"\d+\.\d+")
Floats = npt.NDArray[np.float64]


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


@pytest.fixture(scope="module")
def known() -> tuple[Floats, set[str]]:
    """What may be told: each number in its units and as a factor, sorted, and what texts have."""
    found = [*leaves(json.loads(json_text(FULL)))]
    numbers = np.abs([float(each) for each in found if not isinstance(each, str)])
    factors = 1.0 / numbers[numbers > 0.0]
    scaled = np.concatenate([*(numbers / scale for scale in _SCALES), factors])
    texts = (match for each in found if isinstance(each, str) for match in _DECIMAL.findall(each))
    return np.unique(scaled), set(texts)


def is_rounded(text: str, numbers: Floats) -> bool:
    """Tell whether ``text`` is one of ``numbers``, rounded to its last digit."""
    value, half = float(text), 0.5 * 10.0 ** -len(text.partition(".")[2])
    at = np.searchsorted(numbers, value - half * 1.001)
    return bool(at < numbers.size and numbers[at] <= value + half * 1.001)


def of_page(text: str) -> str:
    """Return what is told of this run: without style and script, and how numbers are made."""
    text = re.sub(r"<(style|script)>.*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL)
    return text.partition("The unit of replication")[0]


@pytest.mark.parametrize("tell", [console, markdown, html])
def test_every_decimal_is_in_the_analysis(
    tell: Callable[[Analysis], str], known: tuple[Floats, set[str]]
) -> None:
    numbers, texts = known
    told = _DECIMAL.findall(of_page(tell(FULL)))

    assert len(told) > 20
    assert [each for each in told if each not in texts and not is_rounded(each, numbers)] == []
