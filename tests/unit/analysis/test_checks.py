"""What failed checks strike out, and what they leave alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bench.analysis.analyse import analyse
from bench.analysis.checks import conformance_in_words, crash_in_words, struck
from bench.analysis.result import Analysis
from bench.records.check import (
    CapabilityCheck,
    CapabilityStatus,
    CheckRecord,
    Conformance,
    CrashCheck,
    FailedTest,
)
from tests.unit.analysis.synthetic import (
    MS,
    Left,
    Load,
    check_record,
    found,
    make_run,
    row,
    scenario_text,
    the,
)

LISTING = Load(cycles=60, extra=tuple(row("list", MS * at, MS) for at in range(60)))
LOST = "acknowledged writes were lost when its process was killed: 7 of 400, the oldest 80 ms old"
COMPARED = '[baseline]\nsubjects = ["a"]'


def checked(directory: Path, checks: Sequence[CheckRecord], *, top: str = "") -> Analysis:
    text = scenario_text("a b", tables=COMPARED, top=top)
    # Subjects with the same options are the same.
    text = text.replace("[subjects.b]", "[subjects.b]\noptions = { other = true }")
    return analyse(make_run(directory, lambda _: Left(LISTING), text, checks=checks))


def test_a_failed_capability_strikes_its_operation_and_nothing_else(tmp_path: Path) -> None:
    analysis = checked(tmp_path, [check_record("a"), check_record("b", "list")])
    cell = next(cell for cell in analysis.cells if cell.subject == "b")

    assert cell.invalid_because == ""
    assert {name.partition(".")[0] for name in cell.struck} == {"list"}
    assert cell.value("list.response.p50") is None
    assert cell.told("list.response.p50")[0] == cell.struck["list.response.p50"].estimate
    assert cell.struck["list.response.p50"].estimate.value == pytest.approx(MS)
    assert "it does not" in cell.told("list.response.p50")[1]
    assert "must not be used" in cell.estimates["list.response.p50"].why_not
    assert cell.value("put.response.p50") == pytest.approx(2 * MS)
    finding = the(analysis, "conformance_failed")
    assert (finding.severity, finding.cells) == ("warning", (cell.name,))
    assert analysis.checks["b"].conformance.failed[0].capability == "list"


def test_comparisons_leave_out_what_is_struck(tmp_path: Path) -> None:
    right = checked(tmp_path / "right", [check_record("a"), check_record("b")])
    wrong = checked(tmp_path / "wrong", [check_record("a"), check_record("b", "get_tuple")])
    names = {c.metric.name for c in right.comparisons}
    left = {c.metric.name for c in wrong.comparisons}

    assert {"get_tuple.response.p50", "throughput"} <= names
    # Every run of a graph reads, so a whole cycle is no better than its reads.
    gone = {"get_tuple", "cycle", "throughput"}
    assert left == {name for name in names if name.partition(".")[0] not in gone}
    assert "put.response.p50" in left
    cell = next(cell for cell in wrong.cells if cell.subject == "b")
    assert set(cell.curves) == {"put"}


@pytest.mark.parametrize("capability", ["prune", "delete_thread", "put_writes"])
def test_what_is_not_timed_is_told_and_strikes_nothing(tmp_path: Path, capability: str) -> None:
    analysis = checked(tmp_path, [check_record("a"), check_record("b", capability)])

    assert all(not cell.struck and not cell.invalid_because for cell in analysis.cells)
    finding = the(analysis, "conformance_failed")
    assert (finding.severity, finding.cells) == ("note", ())
    assert f"b: it fails the conformance tests of {capability}" in finding.message
    assert analysis.exit_code == 0


def test_what_loses_writes_in_a_crash_is_struck_out(tmp_path: Path) -> None:
    analysis = checked(tmp_path, [check_record("a"), check_record("b", lost=7)])
    of_b = [cell for cell in analysis.cells if cell.subject == "b"]

    assert [cell.invalid_because for cell in of_b] == [LOST]
    assert [cell.invalid_because for cell in analysis.cells if cell.subject == "a"] == [""]
    assert analysis.comparisons == ()
    finding = the(analysis, "lost_in_crash")
    assert (finding.severity, finding.cells) == ("invalid", (of_b[0].name,))
    assert found(analysis, "verification_failed") is None
    assert analysis.exit_code == 4


def test_an_arm_that_repeats_another_shares_its_checks(tmp_path: Path) -> None:
    run = make_run(
        tmp_path, text=scenario_text("a again=a"), checks=[check_record("a", "list", lost=1)]
    )
    analysis = analyse(run)

    assert [cell.subject for cell in analysis.cells if cell.invalid_because] == ["a", "again"]
    assert analysis.checks["again"] == analysis.checks["a"]


def test_what_was_not_checked_says_why(tmp_path: Path) -> None:
    refused = replace(check_record("a"), conformance=Conformance(not_checked="no server"))
    analysis = checked(tmp_path, [refused])

    message = the(analysis, "not_checked").message
    assert "conformance: no server (a)" in message
    assert "crash: the run has no record of it (b)" in message
    assert analysis.exit_code == 0


def test_what_the_scenario_leaves_out_is_told(tmp_path: Path) -> None:
    analysis = checked(tmp_path, [], top="conformance = false\ncrash_check = false")
    check = analysis.checks["b"]

    assert conformance_in_words(check.conformance) == (
        "not checked: left out: conformance = false in the scenario"
    )
    assert crash_in_words(check.crash) == (
        "not checked: left out: crash_check = false in the scenario"
    )


def test_another_operation_of_the_workload_is_part_of_its_cycle() -> None:
    names = ("last_event.response.p50", "put.response.p50", "warmup.put.response.p50", "errors")
    because = struck(names, ("put", "cycle", "last_event"), check_record("a", "put"))

    assert set(because) == {"last_event.response.p50", "put.response.p50", names[2]}


@pytest.mark.parametrize(
    ("crash", "expected"),
    [
        (CrashCheck(kills=2, acknowledged=9), "all 9 acknowledged writes were there after 2 kills"),
        (
            CrashCheck(kills=2, acknowledged=9, wrong=3),
            "acknowledged writes were not as written when its process had been killed: 3 of 9",
        ),
        (
            CrashCheck(kills=2, acknowledged=9, unreadable="torn"),
            "its store could not be read after its process was killed: torn",
        ),
        (CrashCheck(is_volatile=True), "volatile: nothing outlives its process"),
        (CrashCheck(not_checked="no server"), "not checked: no server"),
    ],
)
def test_a_crash_in_words(crash: CrashCheck, expected: str) -> None:
    assert crash_in_words(crash) == expected


def test_conformance_in_words() -> None:
    statuses: tuple[CapabilityStatus, ...] = ("passed", "failed", "passed", "not offered")
    given = Conformance(
        tuple(CapabilityCheck(f"c{at}", status) for at, status in enumerate(statuses))
    )
    assert conformance_in_words(given) == "failed: c1; passed: c0 and c2; not offered: c3"
    typed = replace(given, types=9, changed_types=(FailedTest("enum", "expected …"),))
    assert conformance_in_words(typed).endswith("; changes 1 of 9 types of values: enum")
