from __future__ import annotations

import random
import zlib

from bench.payloads._text import WordSource


def source(reach: int = 1_000) -> WordSource:
    return WordSource(random.Random(1), reach)  # noqa: S311 - no secret


def test_pieces_have_the_length_asked_for_also_across_the_end() -> None:
    words = source()
    lengths = [0, 1, 60_000, 60_000, 500_000, 3]
    assert [len(words.take(length)) for length in lengths] == lengths


def test_pieces_follow_each_other() -> None:
    whole = source().take(1_000)
    words = source()
    assert words.take(300) + words.take(700) == whole


def test_text_is_no_more_compressible_than_prose() -> None:
    text = source(100_000).take(50_000).encode("ascii")
    assert len(zlib.compress(text)) > 0.35 * len(text)
