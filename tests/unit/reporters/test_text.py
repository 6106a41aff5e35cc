"""Marks inside texts, and texts that others wrote."""

from __future__ import annotations

import pytest

from bench.report.text import code, emphasis, link, one_line, plain, shortened, spans, strong


def test_marked_names_are_spans_of_their_own() -> None:
    text = f"{strong('No')}: {code('a_b')} is not {emphasis('shown')}"
    expected = [("strong", "No"), ("", ": "), ("code", "a_b"), ("", " is not ")]

    assert list(spans(text)) == [*expected, ("emphasis", "shown")]
    assert plain(text) == "No: a_b is not shown"


def test_a_link_leads_to_an_anchor_and_to_nowhere_else() -> None:
    assert list(spans(f"a {link('1.9', 'trial.x')}")) == [("", "a "), ("#trial.x", "1.9")]
    assert list(spans("\ue003javascript:x\ue00eb\ue00f")) == [("#javascript:x", "b")]
    assert list(spans("\ue000else\ue00eb\ue00f")) == [("code", "b")]


@pytest.mark.parametrize("stray", ["\ue00e", "\ue000", "\ue00f", "\ue002\ue001", "\ue00f\ue000"])
def test_a_mark_without_its_end_is_nothing(stray: str) -> None:
    assert list(spans(f"a{stray}b")) == [("", "ab")]


def test_control_characters_are_spelt_out_inside_and_outside_of_marks() -> None:
    assert plain("\x1b[31m " + code("x\x07") + " \u202e") == "\\x1b[31m x\\x07 \\u202e"


def test_one_line_is_one_line() -> None:
    assert one_line("  a\n\n b\u2028c\t d ") == "a b c d"


def test_long_text_is_cut_off_with_an_ellipsis() -> None:
    assert shortened("a line", 6) == "a line"
    assert shortened("a longer line", 9) == "a longer…"
