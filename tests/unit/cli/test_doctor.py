"""``doctor``: what keeps one from measuring, what is to be known, and what to do."""

from __future__ import annotations

import json

import pytest

from bench.cli import main
from bench.cli.verbs.inspect.doctor import of_host, of_python

GOOD = {"cores_usable": "8", "load_average": "0.10 0.2 0.3", "filesystem": "ext4"}
PLENTY = 10**11


@pytest.mark.parametrize(
    ("host", "free_bytes", "expected"),
    [
        ({}, PLENTY, []),
        ({"cores_usable": "2"}, PLENTY, [("⚠", "cores")]),
        ({"load_average": "3.2 1 1"}, PLENTY, [("⚠", "load")]),
        ({"governor": "powersave"}, PLENTY, [("⚠", "governor")]),
        ({"filesystem": "tmpfs"}, PLENTY, [("⚠", "temporary files")]),
        ({"virtualization": "virtual machine"}, PLENTY, [("⚠", "machine")]),
        ({}, 10**9, [("✗", "disk")]),
    ],
)
def test_a_machine_is_judged(
    host: dict[str, str], free_bytes: int, expected: list[tuple[str, str]]
) -> None:
    findings = list(of_host({**GOOD, **host}, free_bytes))

    assert [(sign, what) for sign, what, *_ in findings if sign != "✓"] == expected
    assert all(bool(advice) == (sign != "✓") for sign, _, _, advice in findings)


def test_nothing_may_watch_what_is_measured() -> None:
    python = {"implementation": "CPython", "version": "3.12", "coverage": "yes", "tracing": "no"}

    assert [(sign, is_so) for sign, _, is_so, _ in of_python(python)] == [
        ("✗", "CPython 3.12, coverage")
    ]
    assert next(of_python({**python, "coverage": "no"}))[0] == "✓"


def test_what_is_here_is_told_to_programs(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["doctor", "--format", "json"])

    rows = {row["what"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["subject memory"]["verdict"] == "✓"
    assert rows["loop proactor"]["as it is"] in {"emulated", "native"}
    assert code == (5 if any(row["verdict"] == "✗" for row in rows.values()) else 0)
