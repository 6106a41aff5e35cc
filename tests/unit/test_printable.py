"""What a terminal would obey is spelt out."""

from __future__ import annotations

from bench.printable import printable


def test_control_characters_are_spelt_out_and_the_rest_is_text() -> None:
    given = "a\x1b[31m\x00b\r\nc\u202ed\té\r\x9b\x7f\u00a0\u2066 \\x1b"

    assert printable(given) == ("a\\x1b[31m\\x00b\nc\\u202ed\té\\x0d\\x9b\\x7f\u00a0\\u2066 \\x1b")
