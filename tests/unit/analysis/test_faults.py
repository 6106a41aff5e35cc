"""What is said of trials that were broken on purpose, and that nothing else hears of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.analysis.analyse import analyse
from bench.analysis.faults.cells import FaultCell
from bench.analysis.result import Analysis
from bench.records.trial import FaultRecord, Strike, Timeline, Verification
from bench.report.report import Report
from bench.report.tables.faults import fault_tables
from bench.report.tables.outcomes import checks_table
from bench.scenario.durability import Durability
from bench.scenario.plan import Trial
from bench.verify.read_back import unread
from tests.unit.analysis.synthetic import (
    MS,
    VERIFIED,
    Left,
    changed,
    failure,
    healthy,
    make_run,
    scenario_text,
    unsupported,
)

FAULTS = """
[faults.kill]
use = "server_kill"
[sweeps.broken]
subjects = ["a", "b"]
faults = ["kill"]
repetitions = 2
"""
STRIKES = (Strike(100 * MS, 101 * MS, 200 * MS), Strike(300 * MS, 301 * MS, 400 * MS))
KEPT = replace(VERIFIED, attempted=110, acknowledged=100, indeterminate=10)
KEPT = replace(KEPT, unacknowledged_stored=3)
SLOTS = Timeline(0, 50 * MS, due=(60, 40), ok=(60, 35), failed=(0, 5), response_ns=(MS, MS))
DONE = {"cycle": 95, "put": 95, "went_on": 12}
FELT = FaultRecord(
    STRIKES, (120 * MS, 40 * MS), (150 * MS, 50 * MS), (20 * MS, 10 * MS), SLOTS, DONE
)


def analysed(
    directory: Path, of_b: dict[str, Any], text: str = scenario_text("a b", tables=FAULTS)
) -> Analysis:
    def make(trial: Trial) -> Left | None:
        if not trial.fault:
            return healthy()(trial)
        kept = {"verification": KEPT, "broken": FELT, "errors": {"OperationalError": 4}}
        changes = {**kept, **(of_b if trial.subject == "b" else {})}
        return changed(**changes)(trial)

    return analyse(make_run(directory, make, text))


def cell_of(directory: Path, **of_b: Any) -> FaultCell:
    return analysed(directory, of_b).faults[1]


def test_what_was_kept_and_felt_is_added_up(tmp_path: Path) -> None:
    kept, _ = analysed(tmp_path, {}).faults

    assert (kept.subject, kept.fault, kept.kind) == ("a", "kill", "server_kill")
    assert (kept.trials, kept.trials_planned, kept.strikes) == (2, 2, 4)
    assert (kept.verdict, kept.acknowledged, kept.lost) == ("kept", 200, 0)
    assert (kept.unacknowledged, kept.unacknowledged_stored) == (20, 6)
    assert (kept.outage_ns, kept.longest_outage_ns) == (80 * MS, 120 * MS)
    assert kept.longest_response_ns == 150 * MS
    assert (kept.recovery_ns, kept.never_served) == (15 * MS, 0)
    assert kept.errors == {"OperationalError": 8}


def lost(count: int) -> Verification:
    return replace(KEPT, lost_acknowledged=count, oldest_lost_ns=70 * MS)


@pytest.mark.parametrize(
    ("of_b", "verdict", "reason"),
    [
        ({"verification": lost(3)}, "lost", ""),
        ({"verification": replace(lost(3), corrupted=1, problems=("changed",))}, "corrupt", "chan"),
        (
            {"verification": unread("saver", "it is malformed")},
            *("corrupt", "its store could not be read: it is malformed"),
        ),
        (
            {"verification": unread("harness", "cut off")},
            *("unknown", "its store was not read back: cut off"),
        ),
        ({"verification": replace(KEPT, stale=1, problems=("old",))}, "stale", "old"),
        ({"verification": replace(KEPT, stale=1, corrupted=1)}, "corrupt", ""),
        ({"verification": replace(lost(3), stale=1)}, "lost", ""),
        ({"verification": replace(KEPT, lost_writes=1)}, "lost", ""),
        ({"verification": replace(KEPT, problems=("counted less",))}, "corrupt", "counted less"),
        ({"verification": None}, "unknown", "its store was not read back"),
        ({**failure("UnavailableError", "it stays", "fault")}, "unknown", "Una"),
    ],
)
def test_the_gravest_is_the_verdict(
    of_b: dict[str, Any], verdict: str, reason: str, tmp_path: Path
) -> None:
    cell = cell_of(tmp_path, **of_b)
    assert (cell.verdict, cell.reason[: len(reason)]) == (verdict, reason)


@pytest.mark.parametrize(
    ("stage", "verdict", "code"), [("open", "not opened", 0), ("drain", "unknown", 3)]
)
def test_a_saver_that_a_fault_keeps_from_opening_is_no_open_question(
    stage: str, verdict: str, code: int, tmp_path: Path
) -> None:
    run = analysed(tmp_path, failure(stage=stage))

    assert (run.faults[1].verdict, run.exit_code) == (verdict, code)


def test_a_saver_that_nobody_could_open_is_one(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left | None:
        return changed(**failure())(trial)

    run = analyse(make_run(tmp_path, make, scenario_text("a b", tables=FAULTS)))

    assert [cell.verdict for cell in run.faults] == ["unknown", "unknown"]


def test_only_who_promised_more_breaks_a_promise(tmp_path: Path) -> None:
    broken = analysed(tmp_path / "1", {"verification": lost(3)})
    relaxed = {"verification": lost(3), "durability": Durability.RELAXED}
    allowed = analysed(tmp_path / "2", relaxed)
    unknown = analysed(tmp_path / "3", failure(stage="fault"))
    nowhere = {"verification": lost(3), "durability": Durability.UNKNOWN}
    unsaid = analysed(tmp_path / "4", nowhere)
    changes = {"verification": replace(KEPT, corrupted=1), "durability": Durability.RELAXED}
    corrupt = analysed(tmp_path / "5", changes)

    assert [cell.breaks_promise for cell in broken.faults] == [False, True]
    assert [cell.breaks_promise for cell in allowed.faults] == [False, False]
    assert [cell.breaks_promise for cell in corrupt.faults] == [False, True]
    every = (broken, allowed, unknown, unsaid, corrupt)
    assert [each.exit_code for each in every] == [1, 0, 3, 3, 1]


@pytest.mark.parametrize(
    ("durability", "code"),
    [(Durability.FSYNC, 1), (Durability.VOLATILE, 0), (Durability.UNKNOWN, 3)],
)
def test_a_stale_read_is_judged_as_a_loss_is(
    durability: Durability, code: int, tmp_path: Path
) -> None:
    stale = {"verification": replace(KEPT, stale=1), "durability": durability}
    assert analysed(tmp_path, stale).exit_code == code


def test_the_durability_is_that_which_was_read_from_every_server(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left | None:
        asked, read = Durability.FSYNC, Durability.RELAXED
        changes: dict[str, Any] = {"verification": KEPT, "settings": {"fsync": "off"}}
        if trial.subject == "a":
            is_first = trial.repetition == 0
            return changed(**changes, durability=read if is_first else asked)(trial)
        failed = {**failure(), "verification": None, "durability": asked, "settings": {}}
        return changed(**(failed if trial.repetition else {**changes, "durability": read}))(trial)

    both, one = analyse(make_run(tmp_path, make, ALONE)).faults
    assert (both.durability, one.durability) == (Durability.UNKNOWN, Durability.RELAXED)


def test_what_is_said_of_the_run_itself_is_kept(tmp_path: Path) -> None:
    analysis = analysed(tmp_path / "1", {"left_behind": "the schema bench_1"})
    (found,) = (each for each in analysis.findings if each.code == "left_behind")
    assert found.message == "after 2 trials not all could be removed: the schema bench_1"

    alone = analysed(tmp_path / "2", {"left_behind": "the schema bench_1"}, ALONE)
    assert [each.code for each in alone.findings] == ["left_behind"]
    assert list(alone.checks) == ["a", "b"]
    assert len(checks_table(alone).rows) == 2


def test_where_nothing_was_read_nothing_is_called_kept(tmp_path: Path) -> None:
    table, _ = fault_tables(analysed(tmp_path, {"verification": unread("saver", "bad")}).faults)
    assert [entry.text for entry in table.rows[1].entries][3:9] == ["corrupt", "4", *["–"] * 4]


def test_what_cannot_be_broken_is_a_result(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, {**unsupported("Volatile", "all in its process"), "broken": None})

    assert analysis.faults[1].is_unsupported
    assert analysis.faults[1].reason == "Volatile: all in its process"
    assert analysis.exit_code == 0


def test_nothing_else_hears_of_trials_that_were_broken(tmp_path: Path) -> None:
    quiet = analyse(make_run(tmp_path / "quiet", text=scenario_text("a b")))
    broken = analysed(tmp_path / "broken", {"verification": lost(3)})

    assert [cell.name for cell in broken.cells] == [cell.name for cell in quiet.cells]
    assert [cell.estimates for cell in broken.cells] == [cell.estimates for cell in quiet.cells]
    assert broken.comparisons == quiet.comparisons
    assert broken.findings == quiet.findings
    assert (broken.trials_recorded, broken.trials_planned) == (10, 10)


ALONE = (
    scenario_text("a b", tables=FAULTS.partition("[sweeps")[0] + "[sweeps.x]\n")
    .replace("[sweeps.all]\n", '[sweeps.all]\nfaults = ["kill"]\n')
    .replace("[sweeps.x]\n", "")
)


def test_a_run_of_faults_alone_is_answered_by_them(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, {"verification": lost(3)}, ALONE)

    assert analysis.cells == ()
    assert analysis.answer.sentences == (
        "server_kill: a kept every acknowledged write; b lost 9 of 300 (the oldest 70 ms old).",
    )
    assert [check.is_in_order for check in analysis.answer.checks] == [True, False]
    report = Report(analysis)
    assert report.page.blocks


def test_the_table_has_a_row_for_each_and_a_dash_for_what_was_not_done(tmp_path: Path) -> None:
    refused = {**unsupported(), "broken": None, "verification": None}
    kept, felt = fault_tables(analysed(tmp_path, refused).faults)

    rows = [[entry.text for entry in row.entries] for row in kept.rows]
    assert rows[0][:9] == ["a", "fsync", "kill", "kept", "4", "200", "200", "0", "–"]
    assert rows[1][3:6] == ["unsupported", "–", "–"]
    assert [entry.text for entry in felt.rows[0].entries] == [
        *(
            "a",
            "kill",
            "190 of 200",
            "80",
            "120",
            "150",
            "15",
            "0",
            "OperationalError 8",
            "went_on 24",
        ),
    ]
