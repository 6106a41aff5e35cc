"""The verb ``claims`` without measuring: what it would measure, and how it compares."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from bench.cli import main
from tests.unit.analysis.synthetic import MS, healthy, make_run, only_for, scenario_text
from tests.unit.cli.test_verify import TEXT

ROOT = Path(__file__).parents[3]
NEW_RUN = "20260102T000000Z-made-up-claims"


def write_new_run(results: Path, put: int) -> None:
    """Write a run of what the claims need, in which ``a`` takes ``put`` ns."""
    make = only_for("a", healthy(put=put))
    run = make_run(results.with_name("other"), make, scenario_text("a b"))
    directory = results / NEW_RUN
    shutil.copytree(run.directory, directory)
    record = json.loads((directory / "run.json").read_bytes())
    record |= {"run_id": NEW_RUN, "scenario_name": "made-up-claims"}
    (directory / "run.json").write_text(json.dumps(record), encoding="utf-8")


@pytest.fixture
def places(tmp_path: Path) -> list[str]:
    """Return the flags that name everything of a made-up project with a reference run."""
    results = tmp_path / "results"
    make_run(results, only_for("a", healthy(put=4 * MS)), scenario_text("a b"))
    (results / "reference.txt").write_text("20260101T000000Z-made-up\n", encoding="utf-8")
    for name, text in (("claims", TEXT), ("scenarios", scenario_text("a b c"))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "made-up.toml").write_text(text, encoding="utf-8")
    flags = ("claims", "scenarios", "results", "reports")
    return [word for flag in flags for word in (f"--{flag}", str(tmp_path / flag))]


def test_what_would_be_measured_is_told_and_nothing_is(
    places: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(tmp_path.rglob("*"))

    assert main(["claims", "--plan", *places]) == 0

    told = capsys.readouterr().out
    assert "made-up: 6 of 9 trials, about 10 s\n  of a, b\n" in told
    assert before == sorted(tmp_path.rglob("*"))


def test_a_claim_that_needs_nothing_measured_is_said_to(
    places: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["claims", "unknown", *places]) == 3
    told = capsys.readouterr().out
    assert "unknown: it has no judgement yet, so there is nothing to measure" in told
    assert "1 claim: 1 not comparable" in told


@pytest.mark.parametrize(
    ("put", "expected", "exit_code"),
    [(4 * MS, "1 claim: 1 agree", 0), (2 * MS, "1 claim: 1 differ", 3)],
)
def test_a_new_run_is_compared_with_the_reference(
    places: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    put: int,
    expected: str,
    exit_code: int,
) -> None:
    write_new_run(tmp_path / "results", put)

    assert main(["claims", "--judge", NEW_RUN, *places]) == exit_code

    told = capsys.readouterr().out
    assert expected in told
    assert "made-up  20260101T000000Z-made-up (reference)" in told
    assert f"made-up  {NEW_RUN}, 2 cores" in told
    found = json.loads((tmp_path / "reports" / "claims.json").read_bytes())
    assert found["exit_code"] == exit_code
    assert found["claims"][0]["new_runs"] == [NEW_RUN]


def test_what_differs_is_on_the_page_with_both_figures(places: list[str], tmp_path: Path) -> None:
    write_new_run(tmp_path / "results", 2 * MS)

    main(["claims", "--judge", NEW_RUN, *places])

    page = (tmp_path / "reports" / "claims.md").read_text(encoding="utf-8")
    assert "| `a-is-slow` | supported (2) | refuted (1) | **differs** |" in page
    assert "a against b, put.response.p50, steps, 1k, some, selector: 2 holds → 1 fails" in page
    assert "the intervals do not overlap" in page


def test_without_a_reference_run_it_cannot_be_told(
    places: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    write_new_run(tmp_path / "results", 4 * MS)
    (tmp_path / "results" / "reference.txt").unlink()

    assert main(["claims", "--judge", NEW_RUN, *places]) == 3
    assert "there is no reference run of made-up" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("made-up", "made-op", "has no scenario 'made-op', which a claim names. Did you mean"),
        ('candidate = "a"', 'candidate = "z"', ""),
        ('baseline = "b"', 'baseline = "z"', ""),
        (
            '"a", baseline = "b"',
            '"y", baseline = "z"',
            "made-up.toml measures nothing that the claims are judged on",
        ),
    ],
)
def test_a_claim_that_names_what_is_not_there_is_an_input_error(
    places: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    old: str,
    new: str,
    expected: str,
) -> None:
    path = tmp_path / "claims" / "made-up.toml"
    path.write_text(TEXT.replace(old, new), encoding="utf-8")

    assert main(["claims", "--plan", *places]) == (2 if expected else 0)
    assert expected in capsys.readouterr().err


def test_an_unknown_claim_names_the_nearest(
    places: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["claims", "a-is-slo", *places]) == 2
    assert "Did you mean 'a-is-slow'?" in capsys.readouterr().err


def test_all_of_the_projects_claims_are_measured_within_fifty_minutes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    places = ["--claims", str(ROOT / "claims"), "--scenarios", str(ROOT / "scenarios")]

    assert main(["claims", "--plan", *places]) == 0

    total = re.search(r"([\d.]+) minutes in all", capsys.readouterr().out)
    assert total is not None
    assert float(total[1]) <= 50.0
