"""Findings about circumstances: told in one run, and not in the one beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.analysis.analyse import analyse
from bench.analysis.result import Analysis
from bench.records.trial import Stage
from bench.scenario.durability import Durability
from bench.scenario.plan import Trial
from tests.unit.analysis.synthetic import (
    MS,
    Left,
    Load,
    analysed,
    changed,
    found,
    healthy,
    make_run,
    only_for,
    scenario_text,
    the,
)


def test_durability_differs(tmp_path: Path) -> None:
    make = only_for("b", changed(durability=Durability.VOLATILE))
    tables = '[baseline]\nsubjects = ["a"]\nacross_durability = true'
    finding = the(
        analysed(tmp_path / "across", make, scenario_text("a b", tables=tables)),
        "durability_differs",
    )
    within = analysed(tmp_path / "within", healthy(), scenario_text("a b", tables=tables))

    assert finding.message == "compared across durability classes: b (volatile) with a (fsync)"
    assert found(within, "durability_differs") is None


def test_emulated_loop(tmp_path: Path) -> None:
    def make(trial: Trial) -> Left:
        return Left(changes={"loop_kind": "emulated" if trial.loop == "proactor" else "native"})

    analysis = analysed(tmp_path, make, scenario_text(loops="selector proactor"))

    assert the(analysis, "emulated_loop").message == "proactor is emulated here (1 cell)"


def test_trials_overlapped(tmp_path: Path) -> None:
    opens_ns = Load().window.start_ns

    def importing_until(end_ns: int) -> Analysis:
        stages = (Stage("import", opens_ns - MS, end_ns),)
        return analysed(tmp_path / str(end_ns), changed(stages=stages))

    message = the(importing_until(opens_ns + 3 * MS), "trials_overlapped").message
    assert message.startswith("in 3 trials; for up to 3 ms (trial ")
    assert found(importing_until(opens_ns), "trials_overlapped") is None


def in_environment(directory: Path, **environment: Any) -> Analysis:
    return analyse(make_run(directory, **environment))


def test_debug_on(tmp_path: Path) -> None:
    on = in_environment(tmp_path / "on", python={"asyncio_debug": "yes", "debug_build": "no"})
    off = in_environment(tmp_path / "off", python={"asyncio_debug": "no"})

    assert the(on, "debug_on").message == "switched on in the interpreter: asyncio_debug"
    assert found(off, "debug_on") is None


def test_dirty_checkout(tmp_path: Path) -> None:
    finding = the(in_environment(tmp_path, dirty=True), "dirty_checkout")

    assert finding.message == "measured with uncommitted changes on top of 0123456789ab"


def test_shared_cores(tmp_path: Path) -> None:
    embedded = analysed(tmp_path / "embedded", changed(server="embedded"))
    external = analysed(tmp_path / "external", changed(server="external"))

    assert the(embedded, "shared_cores").message == "client and server share 2 cores in 1 cell"
    assert found(external, "shared_cores") is None
