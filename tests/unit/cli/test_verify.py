"""The verb ``verify``: which runs are judged, what is written, what it ends with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from bench.cli import main
from tests.unit.analysis.synthetic import MS, healthy, make_run, only_for, scenario_text

CLAIMS = Path(__file__).parents[3] / "claims"
TEXT = """
schema_version = 2
document = "S9"
file = "nine.txt"
system = "A saver"

[claims.a-is-slow]
kind = "ratio"
statement = "A | B: a is slower than b."
why = "Slower is above 1."

[[claims.a-is-slow.ratios]]
scenario = "made-up"
pairs = [{ candidate = "a", baseline = "b" }]
require = ["put.response.p50 >= 1.5 x baseline"]

[claims.unknown]
kind = "fact"
statement = "Nobody knows."
why = "Nobody can."
"""


@pytest.fixture
def places(tmp_path: Path) -> list[str]:
    """Return the flags that name claims, results and reports of a made-up run."""
    (tmp_path / "claims").mkdir()
    (tmp_path / "claims" / "nine.toml").write_text(TEXT, encoding="utf-8")
    make = only_for("a", healthy(put=4 * MS))
    make_run(tmp_path / "results", make, scenario_text("a b"))
    flags = ("claims", "results", "reports")
    return [word for flag in flags for word in (f"--{flag}", str(tmp_path / flag))]


def test_verdicts_are_printed_and_written(
    places: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", *places]) == 3

    told = capsys.readouterr().out
    assert "2 claims: 1 supported, 1 not measured" in told
    assert "not measured yet" in told
    document = json.loads((tmp_path / "reports" / "verdicts.json").read_text(encoding="utf-8"))
    assert document["schema_version"] == 1
    assert [each["outcome"] for each in document["verdicts"]] == ["supported", "not measured"]
    (condition,) = document["verdicts"][0]["judgements"][0]["conditions"]
    stored = {path.stem for path in tmp_path.glob("results/*/trials/*.json")}
    assert set(condition["trials"]) == stored
    page = (tmp_path / "reports" / "verdicts.md").read_text(encoding="utf-8")
    assert "| S9 | **supported** | 2 |" in page
    assert "> A \\| B: a is slower than b. (S9)" in page
    assert all(trial in page for trial in stored)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (">= 1.5 x", ">= 1.5 x", 0),
        (">= 1.5 x", "<= 1.5 x", 1),
        (">= 1.5 x", "=> 1.5 x", 2),
        ('"made-up"', '"elsewhere"', 3),
    ],
)
def test_it_ends_by_the_rule(
    places: list[str], tmp_path: Path, old: str, new: str, expected: int
) -> None:
    path = tmp_path / "claims" / "nine.toml"
    path.write_text(TEXT.replace(old, new), encoding="utf-8")

    assert main(["verify", *places, "--claim", "a-is-slow"]) == expected


def test_a_run_that_is_named_is_judged(places: list[str]) -> None:
    chosen = ["--claim", "a-is-slow"]

    assert main(["verify", "20260101T000000Z-made-up", *places, *chosen]) == 0


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--claim", "a-is-slo"], "there is no claim 'a-is-slo'. Did you mean 'a-is-slow'?"),
        (["20260101T000000Z-made-u"], "Did you mean '20260101T000000Z-made-up'?"),
    ],
)
def test_what_does_not_exist_names_the_nearest(
    places: list[str], arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", *arguments, *places]) == 2
    assert expected in capsys.readouterr().err


def test_a_damaged_run_is_left_out_and_told(
    places: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = tmp_path / "results" / "20270101T000000Z-made-up"
    damaged.mkdir()
    (damaged / "run.json").write_text("{", encoding="utf-8")

    assert main(["verify", *places, "--claim", "a-is-slow"]) == 0
    assert "left out: " in capsys.readouterr().err


def test_two_runs_of_a_scenario_are_refused(
    places: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = tmp_path / "results" / "20260101T000000Z-made-up"
    second = first.with_name("20260102T000000Z-made-up")
    second.mkdir()
    record = (first / "run.json").read_text(encoding="utf-8")
    text = record.replace("20260101T000000Z", "20260102T000000Z")
    (second / "run.json").write_text(text, encoding="utf-8")

    assert main(["verify", first.name, second.name, *places]) == 2
    assert "are both runs of made-up" in capsys.readouterr().err


def test_a_part_of_the_claims_does_not_replace_the_page_of_all(
    places: list[str], tmp_path: Path
) -> None:
    main(["verify", *places])
    before = (tmp_path / "reports" / "verdicts.md").read_bytes()

    main(["verify", *places, "--claim", "unknown"])
    main(["verify", *places, "20260101T000000Z-made-up"])

    assert before == (tmp_path / "reports" / "verdicts.md").read_bytes()
    selected = json.loads((tmp_path / "reports" / "verdicts-selected.json").read_bytes())
    assert [each["claim"] for each in selected["verdicts"]] == ["a-is-slow", "unknown"]


def again(tmp_path: Path, run_id: str, scenario_name: str = "made-up") -> Path:
    """Copy the made-up run under another id, and return its directory."""
    first = tmp_path / "results" / "20260101T000000Z-made-up"
    directory = first.with_name(run_id)
    shutil.copytree(first, directory)
    record = json.loads((first / "run.json").read_bytes())
    record |= {"run_id": run_id, "scenario_name": scenario_name}
    (directory / "run.json").write_text(json.dumps(record), encoding="utf-8")
    return directory


def test_which_runs_the_verdicts_rest_on_is_told(
    places: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again(tmp_path, "20260102T000000Z-made-up")

    main(["verify", *places])

    told = capsys.readouterr().out
    assert "made-up  20260102T000000Z-made-up, 2 cores, commit 0123456" in told
    page = (tmp_path / "reports" / "verdicts.md").read_text(encoding="utf-8")
    assert "| made-up | 20260102T000000Z-made-up | 2 cores | 0123456 |" in page


def test_the_reference_runs_are_judged_where_that_is_asked_for(
    places: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again(tmp_path, "20260102T000000Z-made-up")
    listed = tmp_path / "results" / "reference.txt"
    listed.write_text("20260101T000000Z-made-up\n", encoding="utf-8")

    main(["verify", *places, "--reference"])

    assert "20260101T000000Z-made-up (reference)" in capsys.readouterr().out
    page = (tmp_path / "reports" / "reference" / "verdicts.md").read_text(encoding="utf-8")
    assert "20260101T000000Z-made-up" in page
    assert not (tmp_path / "reports" / "verdicts.md").exists()


def test_reference_runs_and_named_runs_exclude_each_other(
    places: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", *places, "--reference", "20260101T000000Z-made-up"]) == 2
    assert "name no others beside it" in capsys.readouterr().err


def test_a_newer_run_that_lacks_trials_is_left_out_and_told(
    places: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    newer = again(tmp_path, "20260102T000000Z-made-up")
    next((newer / "trials").iterdir()).unlink()

    assert main(["verify", *places, "--claim", "a-is-slow"]) == 0

    told = capsys.readouterr()
    assert "left out: 20260102T000000Z-made-up has 5 of 6 trials" in told.err
    assert "20260101T000000Z-made-up" in told.out


def test_a_run_of_what_claims_need_is_no_run_of_the_scenario_unless_it_is_named(
    places: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again(tmp_path, "20260102T000000Z-made-up-claims", "made-up-claims")

    main(["verify", *places])
    assert "20260101T000000Z-made-up" in capsys.readouterr().out

    assert main(["verify", *places, "20260102T000000Z-made-up-claims"]) == 3
    assert "20260102T000000Z-made-up-claims" in capsys.readouterr().out


def test_a_run_that_no_claim_names_is_refused(
    places: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again(tmp_path, "20260102T000000Z-other", "other")

    assert main(["verify", *places, "20260102T000000Z-other"]) == 2
    assert "no claim is judged on a run of 'other'" in capsys.readouterr().err


def test_the_projects_claims_without_a_run_cannot_be_told(tmp_path: Path) -> None:
    places = ["--results", str(tmp_path / "none"), "--reports", str(tmp_path / "reports")]

    assert main(["verify", "--claims", str(CLAIMS), *places]) == 3
