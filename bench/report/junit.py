"""Answers as JUnit XML, which CI systems show as tests: of thresholds, claims and gates alike."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree as ET

from bench.report.text import plain

# What XML 1.0 cannot hold at all.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
Result = Literal["pass", "failure", "error", "skipped"]


@dataclass(frozen=True, slots=True)
class Case:
    """One answer: a ``failure`` is a wrong result, an ``error`` that there is no result to trust.

    ``outcome`` is the word that the other forms have for it.
    """

    group: str
    name: str
    result: Result
    outcome: str
    because: str = ""


def junit(suite: str, cases: Iterable[Case]) -> bytes:
    """Return one test suite of that name."""
    found = [*cases]
    results = [case.result for case in found]
    root = ET.Element(
        "testsuite",
        name=_clean(suite),
        tests=str(len(found)),
        failures=str(results.count("failure")),
        errors=str(results.count("error")),
        skipped=str(results.count("skipped")),
    )
    for case in found:
        element = ET.SubElement(
            root, "testcase", classname=_clean(case.group), name=_clean(case.name)
        )
        if case.result != "pass":
            told = {"message": _clean(case.because)}
            if case.result != "skipped":
                told["type"] = case.outcome
            ET.SubElement(element, case.result, told)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("�", plain(text))
