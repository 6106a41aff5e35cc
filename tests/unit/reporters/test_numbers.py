"""Every number that is told is one of analysis.json, in its own unit or as a factor, rounded."""

from __future__ import annotations

import html as markup
import json
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache

import pytest

from bench.analysis.result import Analysis
from bench.report import words
from bench.scenario.metric import Metric
from bench.scenario.quantity import scales_of
from tests.unit.reporters import synthetic
from tests.unit.reporters.telling import console, html, json_text, markdown

SUBJECTS = ("postgres", "sqlite")
KEPT = ("put.response.p50", "get_tuple.response.p50", "throughput", "server.pss_peak", "errors")
_NUMBER = re.compile(r"\d[\d\u00a0]*(?:\.\d+)?(?:e-?\d+)?")
_STORED = re.compile(r"<(style|script|sup)\b.*?</\1>", re.DOTALL)
_AROUND = ".?%×≥'\"`~<>#/"
# What follows is how numbers are made, for every run the same.
_END = "The unit of replication"


def few() -> Analysis:
    """Return so few numbers that a wrong one would hardly be one of them by chance."""
    full = synthetic.full_analysis()
    condition = synthetic.CONDITIONS[0]
    cells = tuple(
        replace(
            cell,
            estimates={name: cell.estimates[name] for name in KEPT if name in cell.estimates},
            blocks=replace(cell.blocks, values={n: cell.blocks.values[n] for n in KEPT[:3]}),
        )
        for cell in full.cells
        if cell.subject in SUBJECTS and cell.condition == condition
    )
    compared = tuple(
        each
        for each in full.comparisons
        if {each.candidate, each.baseline} == {*SUBJECTS} and each.condition == condition
    )
    entries = tuple(each for each in full.matrix if each.subject in SUBJECTS)
    return replace(full, cells=cells, comparisons=compared, matrix=entries, subjects=SUBJECTS)


FEW = few()


def leaves(value: object, key: str = "") -> Iterator[tuple[str, float | str]]:
    """Yield what is in a document after the name that it has there; of what is many, the count."""
    if isinstance(value, dict):
        yield "", float(len(value))
        for name, part in value.items():
            yield "", str(name)
            if name not in ("curves", "traces"):
                yield from leaves(part, str(name))
    elif isinstance(value, list):
        yield "", float(len(value))
        for part in value:
            yield from leaves(part, key)
    elif isinstance(value, float | int | str) and not isinstance(value, bool):
        yield key, value


@cache
def known() -> tuple[list[float], str]:
    """Return each number in the units that it is told in, ascending, and all texts."""
    document = json.loads(json_text(FEW))
    found = [*leaves(document)]
    numbers = {abs(each) for _, each in found if not isinstance(each, str)}
    for cell in document["cells"]:
        for estimate in cell["estimates"].values():
            metric = Metric(**estimate["metric"])
            ends = (estimate["value"], estimate["low"], estimate["high"], *estimate["trial_values"])
            numbers |= {end / scale.factor for end in ends if end for scale in scales_of(metric)}
    for each in document["comparisons"]:
        told = [each[name] for name in ("ratio", "low", "high")]
        numbers |= {1.0 / ratio for ratio in (*told, *each["ratios"].values()) if ratio}
        # Blocks are counted from 1.
        numbers |= {float(block) + 1.0 for block in each["ratios"]}
    numbers |= {100.0 * FEW.smallest_effect}
    texts = [each for _, each in found if isinstance(each, str)]
    texts += [text for text in vars(words).values() if isinstance(text, str)]
    return sorted(numbers), " ".join(texts)


def is_rounded(text: str) -> bool:
    """Tell whether ``text`` is one of the numbers, rounded to its last digit."""
    numbers, _ = known()
    plain = text.replace("\u00a0", "")
    value, (whole, _, decimals) = float(plain), plain.partition(".")
    half = 0.5 * 10.0 ** (max(0, len(whole) - 3) if not decimals else -len(decimals))
    at = bisect_left(numbers, value - half * 1.001)
    return at < len(numbers) and numbers[at] <= value + half * 1.001


def unknown(text: str) -> list[str]:
    """Return the words of ``text`` with a number that is in no text and is no number told."""
    _, texts = known()
    found = []
    for word in re.split(r"[\s\[\](),;:=–*|]+", text.partition(_END)[0].replace("\u00a0", "\x00")):
        whole = word.replace("\x00", "\u00a0").strip(_AROUND)
        if not _NUMBER.search(whole) or whole in texts:
            continue
        if not all(map(is_rounded, _NUMBER.findall(whole))):
            found.append(whole)
    return found


def of_page(tell: Callable[[Analysis], str], analysis: Analysis) -> str:
    text = tell(analysis).replace("\\", "")
    if tell is not html:
        # Markdown has ordinary blanks between groups of three digits.
        return re.sub(r"(?<=\d) (?=\d{3}\b)", "\u00a0", text)
    return markup.unescape(re.sub(r"<[^>]*>", " ", _STORED.sub(" ", text)))


@pytest.mark.parametrize("tell", [console, markdown, html])
def test_every_number_is_in_the_analysis(tell: Callable[[Analysis], str]) -> None:
    text = of_page(tell, FEW)

    assert len(_NUMBER.findall(text)) > 10
    assert unknown(text) == []


def test_a_wrong_number_would_be_found() -> None:
    told = [f"{at / 100:.2f}" for at in range(100, 1000)]
    assert sum(map(is_rounded, told)) < 0.2 * len(told)
