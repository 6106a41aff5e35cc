"""The forms in which a gate's answer is told: programs must be able to read each of them."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bench.gate.arms import Rule
from bench.gate.judge import decide
from bench.gate.page import document, page, screen, suite
from bench.gate.pytest_benchmark import pytest_benchmark
from bench.gate.result import GateResult
from bench.report.markdown import markdown
from bench.report.terminal import screen_text
from tests.unit.analysis.synthetic import make_run
from tests.unit.gate.gating import BLOCKS, arms, count, judged, text


@pytest.fixture(scope="module")
def slower(tmp_path_factory: pytest.TempPathFactory) -> GateResult:
    """Return a regression of times, with a count that one arm lacks."""
    run = make_run(tmp_path_factory.mktemp("runs"), arms(1.5, readings=count(5.0)), text())
    rule = Rule(confirms=False)
    return decide(judged(run, rule), None, rule, [run.record])


def test_the_screen_ends_with_the_answer(slower: GateResult) -> None:
    told = screen_text(screen(slower), 140).splitlines()

    assert told[-1] == "❌ Regression: a → b (exit code 1)"
    (row,) = [line for line in told if line.startswith("b ") and "put.response.p50" in line]
    assert " 2 ms 3 ms +50 % [+49, +51] " in " ".join(row.split())
    assert row.endswith("❌ worse")
    assert told[-2].endswith("Not confirmed: there was no second run.")


def test_markdown_begins_with_the_answer(slower: GateResult) -> None:
    told = markdown(page(slower), level=2)

    answer, counts, where = told.split("\n\n")[:3]
    assert answer == "## ❌ Regression: a → b"
    assert counts.startswith("3 measurements got worse. 1 exact count undecided.")
    assert where.startswith("Scenario `made-up`; steps · 1k · some · selector; 2 cores; Python ")
    assert "| b | `put.response.p50` | 2 ms | 3 ms | **+50 %** [+49, +51] | ❌ worse |" in told
    assert "1. a has no such count\n" in told


def test_what_passed_is_folded_where_there_is_much_of_it(slower: GateResult) -> None:
    judged = replace(slower.judgements[0], outcome="pass")
    many = [replace(judged, place=f"all · steps · {at}k · some · selector") for at in range(9)]
    told = markdown(page(replace(slower, outcome="pass", judgements=tuple(many))))

    assert told.startswith("# ✅ No regression: a → b\n\n9 measurements passed.")
    open_part, _, folded = told.partition("<details><summary>3 more figures</summary>")
    assert (open_part.count("✅ pass"), folded.count("✅ pass")) == (6, 3)
    assert "| b | 5k | `put.response.p50` |" in open_part


def test_versions_of_both_environments_are_named(slower: GateResult) -> None:
    packages = {"saver (base)": "1.0", "saver (head)": "1.0 from ./libs"}
    packages |= {"pip (base)": "26.0", "pip (head)": "26.0"}
    environment = replace(slower.runs[0].environment, packages=packages)
    run = replace(slower.runs[0], environment=environment)

    told = markdown(page(replace(slower, runs=(run,), minutes=12.3)))

    assert told.startswith("# ❌ Regression: saver 1.0 → 1.0 from ./libs\n")
    assert " trials in 12 minutes.\n" in told


def test_junit_has_a_case_for_each_judgement_and_one_for_the_answer(slower: GateResult) -> None:
    found = ET.fromstring(suite(slower))  # noqa: S314 - our own
    cases = {case.get("name"): [each.tag for each in case] for case in found}

    assert cases == {
        "put.response.p50": ["failure"],
        "get_tuple.response.p50": ["failure"],
        "throughput": ["failure"],
        "put.round_trips": ["error"],
        "answer": ["failure"],
    }
    counts = {name: found.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "5", "failures": "4", "errors": "1", "skipped": "0"}


def test_the_document_has_everything(slower: GateResult) -> None:
    told = json.loads(document(slower))

    assert (told["schema_version"], told["exit_code"], told["outcome"]) == (2, 1, "regression")
    assert len(told["judgements"][0]["head_values"]) == BLOCKS
    assert len(told["judgements"][0]["block_ratios"]) == BLOCKS


def test_pytest_benchmark_compares_both_arms(slower: GateResult, tmp_path: Path) -> None:
    for name, content in pytest_benchmark(slower).items():
        (tmp_path / name).write_bytes(content)
    files = [str(tmp_path / f"pytest-benchmark-{arm}.json") for arm in ("base", "head")]
    program = "import sys; from pytest_benchmark.cli import main; main()"
    done = subprocess.run(  # noqa: S603 - this interpreter, fixed arguments
        [
            sys.executable,
            "-c",
            program,
            "compare",
            *files,
            "--columns=median",
            "--group-by=fullname",
        ],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=tmp_path,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "a[all · steps · 1k · some · selector · put.response.p50]" in done.stdout
    assert "(1.50)" in done.stdout
