from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bench.records.redaction import REDACTED, redact, secrets_in, secrets_of, secrets_within


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
        ("https://u:tok@h/simple", ("tok",)),
        ("https://ghp_abcdef@h/x.git", ("ghp_abcdef",)),
        ("git+https://ghp_abcdef:x-oauth-basic@h/x.git", ("x-oauth-basic", "ghp_abcdef")),
        ("https://h/x.whl?private_token=abc", ("abc",)),
        (
            "https://h/x.whl?X-Amz-Credential=me%2Fday&X-Amz-Signature=f00",
            ("me%2Fday", "me/day", "f00"),
        ),
        ("https://h/x?sig=one&auth=two&access_key=three", ("three", "one", "two")),
        ("postgresql://u@h/d?require_auth=scram-sha-256", ()),
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


FORMS: list[Callable[[str], str]] = [
    lambda text: text,
    quote,
    lambda text: quote(text, safe=""),
    lambda text: re.sub("%..", lambda code: code[0].lower(), quote(text, safe="")),
    lambda text: quote(quote(text, safe=""), safe=""),
    quote_plus,
    lambda text: repr(text)[1:-1],
    lambda text: repr(repr(text)[1:-1])[1:-1],
    lambda text: repr(text.encode())[2:-1],
    lambda text: ascii(text)[1:-1],
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    lambda text: json.dumps(json.dumps(text)[1:-1])[1:-1],
    html.escape,
    lambda text: text.replace("'", "''"),
    lambda text: quote(text[:4], safe="") + text[4:],
]


@given(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=12), st.integers(0, len(FORMS) - 1)
)
@example("pä s's\"w/o\\rd&%", 0)
def test_a_secret_is_found_however_it_is_spelt(secret: str, form: int) -> None:
    written = FORMS[form](secret)

    assert redact(f"<{written}>", [secret]) == f"<{REDACTED}>"


@pytest.mark.parametrize("form", range(len(FORMS)))
def test_a_secret_with_every_sign_is_found_in_every_form(form: int) -> None:
    every = "pä s's\"w/o\\r\td&%+@é€😀"

    assert redact(f"<{FORMS[form](every)}>", [every]) == f"<{REDACTED}>"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("password=Sup3rLo...789abcdef@db", "password=***...***@db"),
        ("Sup3rLong-0123…abcdef", "***…***"),
        ("Sup3...cdef", "***...***"),
        ("Sup...def", "Sup...def"),
        ("Sup3r ... abcdef", "Sup3r ... abcdef"),
    ],
)
def test_what_is_left_of_a_secret_that_others_have_cut_goes(text: str, expected: str) -> None:
    assert redact(text, ["Sup3rLong-0123456789abcdef"]) == expected


def test_a_secret_of_dots_that_is_cut_takes_no_time_to_find() -> None:
    assert redact("." * 500 + "efgh", ["ab" + "." * 60 + "x.efgh"]) == "." * 500 + REDACTED


@pytest.mark.parametrize("secret", ["a" + "\\" * 8 + "b", "\\" * 8, "\\'" * 4, "\\\n" * 4])
def test_a_secret_of_backslashes_takes_no_time_to_find(secret: str) -> None:
    row = "\\" * 2_000
    text = f"a{row} {row} {json.dumps(secret)}"

    assert redact(f"{text}…", [secret]).endswith(f'"{REDACTED}"…')


@pytest.mark.parametrize(
    "written",
    [r"pa\\\\word", r"pa\\\\\\\\word", "pa%5c%5Cword", r"pa\%255Cword", r"pa\u005c\x5cword"],
)
def test_backslashes_in_a_row_are_found_however_they_are_spelt(written: str) -> None:
    assert redact(f"<{written}>", [r"pa\\word"]) == f"<{REDACTED}>"


def test_fewer_backslashes_are_no_secret() -> None:
    assert redact(r"pa\word", [r"pa\\word"]) == r"pa\word"


def test_a_secret_that_is_cut_among_its_backslashes_goes() -> None:
    assert redact("<pass\\...", ["pass\\\\\\word"]) == f"<{REDACTED}..."


def test_what_is_no_secret_stays() -> None:
    text = "connect to 'h' as u: 100 % of {}[]().* \\d failed"

    assert redact(text, ["d.f", "hunter2"]) == text


def test_secrets_of_all_addresses_in_a_text_are_found() -> None:
    text = "--extra-index-url https://me:tok-1@h/simple name @ 'https://me:tok-2@h/x.whl'"

    assert secrets_within(text) == ("tok-1", "tok-2")


@pytest.mark.parametrize(
    "password",
    ["it's-1", 'a"b-1', "a<b-1", "a b-1", "p@a b-1", "pa/it's-1", 'a"b/c-1', "p@/a b-1", "a//b'c"],
)
def test_what_ends_an_address_may_stand_in_its_password(password: str) -> None:
    text = f"name @ https://me:{password}@h/x.whl and https://me:tok-2@h"

    assert {password, "tok-2"} <= set(secrets_within(text))


def test_secrets_in_variables() -> None:
    variables = {
        "BENCH_POSTGRES_DSN": "host=h password=pw",
        "BENCH_REDIS_URL": "redis://:x@h",
        "PGPASSWORD": "p",
        "PIP_INDEX_URL": "https://me:token-1@h/simple",
        "GITHUB_TOKEN": "token-2",
        "SOME_TOKEN": "yes",
        "HTTP_PROXY": "http://me:you@h",
        "HOME": "/home/somebody",
    }

    assert set(secrets_in(variables)) == {"pw", "x", "p", "token-1", "token-2"}
