"""Which subject runs on which loop."""

from __future__ import annotations

from pathlib import Path

from bench.analysis.result import MatrixEntry
from bench.records.trial import Verification
from bench.scenario.plan import Trial
from tests.unit.analysis.synthetic import Left, analysed, failure, scenario_text, unsupported

MORE = """
[arrivals.other]
kind = "closed"
clients = 1
[sweeps.more]
subjects = ["a"]
workloads = ["steps"]
payloads = ["1k"]
arrivals = ["other"]
loops = ["uvloop"]
"""


def test_one_entry_for_each_subject_on_each_loop(tmp_path: Path) -> None:
    changes = {
        ("a", "selector"): {},
        ("a", "proactor"): unsupported("NotImplementedError", "no add_reader"),
        ("b", "selector"): failure(),
        ("b", "proactor"): {"loop_kind": "emulated"},
    }

    def make(trial: Trial) -> Left | None:
        if trial.loop == "uvloop":
            return None
        return Left(changes=changes[trial.subject, trial.loop])

    text = scenario_text("a b", loops="selector proactor", tables=MORE)
    analysis = analysed(tmp_path, make, text)

    assert (analysis.subjects, analysis.loops) == (("a", "b"), ("selector", "proactor", "uvloop"))
    refused = "NotImplementedError: no add_reader"
    kinds = {entry.loop: entry.loop_kind for entry in analysis.matrix}
    assert kinds["selector"] == "native"
    assert [(e.subject, e.loop, e.status, e.reason) for e in analysis.matrix] == [
        ("a", "selector", "measured", ""),
        ("a", "proactor", "unsupported", refused),
        ("a", "uvloop", "missing", "no trial of it has a record yet"),
        ("b", "selector", "failed", "OSError: gone"),
        ("b", "proactor", "measured", ""),
        ("b", "uvloop", "missing", "not planned"),
    ]


def test_one_measured_condition_is_enough_and_the_others_are_named(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left:
        return Left(changes=failure() if trial.arrival == "other" else {})

    text = scenario_text(loops="uvloop", tables=MORE)
    (entry,) = analysed(tmp_path, make, text).matrix

    reason = "failed at steps · 1k · other: OSError: gone"
    assert entry == MatrixEntry("a", "uvloop", "native", "measured", reason)


def test_a_lossy_saver_ran_but_the_matrix_says_what_it_did(tmp_path: Path) -> None:
    lossy = {"verification": Verification(1, 1, 1, 0, 0, ())}
    (entry,) = analysed(tmp_path, lambda trial: Left(changes=lossy)).matrix

    assert (entry.status, entry.is_invalid) == ("measured", True)
    assert entry.reason.startswith("invalid at steps · 1k · some: 3 acknowledged checkpoints")
