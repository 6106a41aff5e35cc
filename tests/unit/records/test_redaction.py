from __future__ import annotations

import pytest

from bench.records.redaction import redact, secrets_of


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:hunter2@h:5432/d", ("hunter2",)),
        ("postgresql://u:p%40ss@h/d", ("p%40ss", "p@ss")),
        ("postgresql://u:p@ss@h/d", ("p@ss", "p")),
        ("postgresql://u:pa/ss@h/d", ("pa/ss",)),
        ("postgresql://u@h/d?password=a%20b&sslmode=require", ("a%20b", "a b")),
        ("redis://:se:cret@h:6379/0", ("se:cret",)),
        ("redis://h:6379/0?password=x+y", ("x y", "x+y")),
        ("host=h user=u password=hunter2 dbname=d", ("hunter2",)),
        ("host=h password='it''s'", ("'it'", "it")),
        (r"password='a\'b c' host=h", (r"'a\'b c'", r"a\'b c", "a'b c")),
        ("PASSWORD = x1 host=h", ("x1",)),
        ("postgresql://u@h/d", ()),
        ("redis://h:6379/0", ()),
        ("host=h user=u", ()),
        ("", ()),
    ],
)
def test_passwords_are_found_as_written_and_decoded(url: str, expected: tuple[str, ...]) -> None:
    assert secrets_of(url) == expected


def test_the_longest_secret_goes_first() -> None:
    assert redact("x p@ss and p@ss/word", ["p@ss", "p@ss/word"]) == "x *** and ***"


def test_an_empty_secret_changes_nothing() -> None:
    assert redact("text", [""]) == "text"
