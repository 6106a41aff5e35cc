"""Whatever a scenario file holds, it is a scenario or an error in words."""

from __future__ import annotations

import json
import string
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bench.cli import main
from bench.errors import EXIT_BAD_INPUT, EXIT_PASS, EXIT_UNAVAILABLE, InputError
from bench.scenario.plan import expand
from bench.scenario.scenario_file import parse_scenario
from tests.unit.scenario.test_scenario import TEXT

LINES = TEXT.strip().splitlines()
WORDS = ("closed", "search", "steps", "plain", "rate", "kind", "use", "options", "clients", "seed")
SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(string.printable, max_size=8),
    st.sampled_from(WORDS),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(WORDS), inner, max_size=3),
    ),
    max_leaves=5,
)


def toml(value: Any) -> str:
    """Write ``value`` as TOML; a JSON string is a TOML string, but for one character."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value).replace("\x7f", "\\u007f")
    return json.dumps(value)


@st.composite
def changed(draw: st.DrawFn) -> str:
    """The valid scenario with some lines gone, doubled or holding another value."""
    lines = list(LINES)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        key, equals, _ = lines[at].partition(" = ")
        what = draw(st.sampled_from(["drop", "double", "value", "key"]))
        if what == "drop":
            lines[at] = ""
        elif what == "double":
            lines.insert(at, lines[at])
        elif equals and what == "value":
            lines[at] = f"{key} = {toml(draw(VALUES))}"
        elif equals:
            lines[at] = f"{draw(st.sampled_from(WORDS))} = {lines[at].partition(' = ')[2]}"
    return "\n".join(lines)


def check(text: str) -> None:
    refusal = ""
    try:
        scenario = parse_scenario(text, "f.toml")
    except InputError as error:
        refusal = str(error)
    if refusal:
        assert refusal.startswith("f.toml: ")
    elif scenario.repetitions <= 10:
        assert expand(scenario).trials


@settings(max_examples=400)
@given(changed())
def test_a_changed_scenario_is_read_or_refused_in_words(text: str) -> None:
    check(text)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    check(text)


@settings(max_examples=60, deadline=None)
@given(st.one_of(changed().map(str.encode), st.binary(max_size=200)))
def test_the_command_line_ends_with_a_code_and_never_with_a_traceback(content: bytes) -> None:
    with TemporaryDirectory() as directory:
        path = Path(directory) / "fuzzed.toml"
        path.write_bytes(content)

        assert main(["plan", str(path)]) in (EXIT_PASS, EXIT_BAD_INPUT, EXIT_UNAVAILABLE)
