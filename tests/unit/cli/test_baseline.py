"""A stored run, and what the gate answers against it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.cli import main
from bench.records.trial import Verification
from tests.unit.analysis.synthetic import Make, make_run
from tests.unit.gate.gating import arms, count, text

RUN = "20260101T000000Z-made-up"
LOST = Verification(threads=4, checkpoints=40, lost=1, corrupted=0, unexpected=0, problems=())


def saved(directory: Path, make: Make | None = None, **more: Any) -> int:
    make_run(directory / "before", make or arms(), text(), **more)
    places = ["--results", str(directory / "before"), "--baselines", str(directory / "kept")]
    return main(["baseline", "save", "main", RUN, *places])


def gate(directory: Path, make: Make, scenario: str = "", name: str = "main") -> int:
    """Judge a later run against the baseline."""
    make_run(directory / "after", make, scenario or text())
    places = {"results": "after", "reports": "reports", "baselines": "kept"}
    flags = [word for key, value in places.items() for word in (f"--{key}", str(directory / value))]
    return main(["gate", "--judge", RUN, "--baseline", name, *flags])


@pytest.mark.parametrize(("factor", "expected"), [(1.0, 0), (1.5, 1), (1.05, 3), (0.5, 0)])
def test_a_later_run_is_judged(factor: float, expected: int, tmp_path: Path) -> None:
    assert saved(tmp_path) == 0

    assert gate(tmp_path, arms(factor)) == expected


def test_one_more_round_trip_is_a_regression(tmp_path: Path) -> None:
    saved(tmp_path, arms(readings=count(5.0)))

    assert gate(tmp_path, arms(readings=count(6.0))) == 1


def test_another_machine_cannot_tell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved(tmp_path, host={"cores": "64"})

    assert gate(tmp_path, arms()) == 3
    assert "from another machine: these differ: host cores" in capsys.readouterr().out


def test_another_scenario_cannot_tell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved(tmp_path)

    assert gate(tmp_path, arms(), text(7)) == 3
    assert "another scenario: the digests are" in capsys.readouterr().out


def test_a_missing_baseline_cannot_tell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved(tmp_path)

    assert gate(tmp_path, arms(), name="mian") == 3
    assert "no baseline 'mian'. Did you mean 'main'?" in capsys.readouterr().err


def test_a_lost_write_is_invalid(tmp_path: Path) -> None:
    saved(tmp_path)

    assert gate(tmp_path, arms(verification=LOST)) == 4


def test_a_baseline_that_lost_a_write_cannot_tell(tmp_path: Path) -> None:
    saved(tmp_path, arms(verification=LOST))

    assert gate(tmp_path, arms()) == 3


def test_baselines_are_listed_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved(tmp_path)
    capsys.readouterr()
    place = ["--baselines", str(tmp_path / "kept")]

    assert main(["baseline", "list", *place]) == 0
    assert capsys.readouterr().out.startswith(f"main  {RUN}  digest ")
    assert main(["baseline", "show", "main", *place]) == 0
    assert "host cores: 2" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["../up", "", "a b"])
def test_a_name_that_is_no_file_name_is_refused(name: str, tmp_path: Path) -> None:
    assert main(["baseline", "save", name, "--baselines", str(tmp_path)]) == 2


def test_a_damaged_baseline_is_bad_input(tmp_path: Path) -> None:
    saved(tmp_path)
    (tmp_path / "kept" / "main.json").write_text("{}", encoding="utf-8")

    assert gate(tmp_path, arms()) == 2
