"""The answer of a gate as JUnit XML, which CI systems show as tests.

A regression is a ``failure``; what cannot be told or is invalid is an ``error``: never a skip,
which would read as a pass.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from bench.gate.result import GateResult

# What XML 1.0 cannot hold at all.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(result: GateResult) -> bytes:
    """Return one test suite; its last case is the gate's own answer."""
    outcomes = [judged.outcome for judged in result.judgements] + [result.outcome]
    failures = outcomes.count("regression")
    suite = ET.Element(
        "testsuite",
        name="checkpoint-bench gate",
        tests=str(len(outcomes)),
        failures=str(failures),
        errors=str(len(outcomes) - failures - outcomes.count("pass")),
        skipped="0",
    )
    for judged in result.judgements:
        case = _case(suite, _clean(f"{judged.head}, {judged.place}"), judged.metric.name)
        _mark(case, judged.outcome, judged.because)
    because = "; ".join((*result.because, result.confirmation)).strip("; ")
    _mark(_case(suite, "gate", "answer"), result.outcome, because)
    return bytes(ET.tostring(suite, encoding="utf-8", xml_declaration=True)) + b"\n"


def _case(suite: ET.Element, group: str, name: str) -> ET.Element:
    return ET.SubElement(suite, "testcase", classname=group, name=_clean(name))


def _mark(case: ET.Element, outcome: str, because: str) -> None:
    if outcome != "pass":
        tag = "failure" if outcome == "regression" else "error"
        ET.SubElement(case, tag, type=outcome, message=_clean(because))


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("�", text)
