"""What a run's reports are written into may come from somebody else, as the run may."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bench.cli import main
from tests.unit.analysis.synthetic import make_run
from tests.unit.gate.gating import arms, text

RUN = "20260101T000000Z-made-up"


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
@pytest.mark.parametrize(
    ("verb", "linked"),
    [
        (["report", RUN], RUN),
        (["gate", "--judge", RUN, "--base-subject", "a", "--head-subject", "b"], RUN),
        (["gate", "--judge", RUN, "--base-subject", "a", "--head-subject", "b"], f"{RUN}/gate"),
    ],
)
def test_reports_do_not_follow_a_link(
    verb: list[str], linked: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_run(tmp_path / "results", arms(), text(3))
    elsewhere, link = tmp_path / "elsewhere", tmp_path / "reports" / linked
    elsewhere.mkdir()
    link.parent.mkdir(parents=True)
    link.symlink_to(elsewhere)
    places = ["--results", str(tmp_path / "results"), "--reports", str(tmp_path / "reports")]

    assert main([*verb, *places]) == 2
    assert f"error: {link} is a link" in capsys.readouterr().err
    assert list(elsewhere.iterdir()) == []
