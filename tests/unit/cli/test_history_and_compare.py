"""``compare``, ``history``, ``open``, ``list runs`` and ``report --format`` on recorded runs."""

from __future__ import annotations

import json
import webbrowser
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.cli import main
from tests.unit.analysis.synthetic import MS, make_run, only_for, scenario_text
from tests.unit.history.test_change import TEXT, jittered

FIRST, SECOND = (f"20260101T00000{second}Z-made-up" for second in (1, 2))


@pytest.fixture
def told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Run a verb where two runs lie in which b became slower; return how it ended, what it said."""
    monkeypatch.chdir(tmp_path)
    make_run(Path("results"), jittered(2 * MS), TEXT, FIRST)
    slower = only_for("b", jittered(3 * MS), jittered(2 * MS))
    make_run(Path("results"), slower, TEXT, SECOND)

    def run(*arguments: str) -> tuple[int, str]:
        code = main(arguments)
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def test_two_runs_stand_side_by_side(told: Callable[..., tuple[int, str]]) -> None:
    code, text = told("compare", FIRST, SECOND)

    assert code == 0
    assert "not interleaved" in text
    assert "2 of 6 figures have changed" in text
    of_put = text.partition("put.response.p50")[2].splitlines()[1:3]
    assert [line.split()[0] for line in of_put] == ["a", "b"]
    assert "?" in of_put[0]
    assert "1.5 ▼" in of_put[1]


def test_runs_of_different_machines_are_compared_only_where_asked(
    told: Callable[..., tuple[int, str]],
) -> None:
    elsewhere = "20260101T000003Z-made-up"
    make_run(Path("results"), jittered(MS), TEXT, elsewhere, host={"cores": "8"})

    code, text = told("compare", FIRST, elsewhere)
    assert code == 2
    assert "cores '2' and '8'" in text
    code, text = told("compare", FIRST, elsewhere, "--across-machines")
    assert code == 0
    assert "no ratio here says anything about a saver" in text


def test_programs_get_numbers(told: Callable[..., tuple[int, str]]) -> None:
    _, text = told("compare", FIRST, SECOND, "--format", "json")

    changes = json.loads(text)["changes"]
    ratios = {
        each["place"][0]: each["ratio"]["ratio"]
        for each in changes
        if each["metric"]["name"] == "put.response.p50"
    }
    assert ratios == pytest.approx({"a": 1.0, "b": 1.5})


def test_a_series_marks_the_change(told: Callable[..., tuple[int, str]]) -> None:
    make_run(Path("results"), jittered(MS), TEXT, "20260101T000003Z-made-up", host={"cores": "8"})
    make_run(Path("results"), jittered(MS), TEXT, "20260101T000000Z-made-up")

    code, text = told("history", "made-up")

    assert code == 0
    # The newest run is of the other machine, and stands alone.
    assert "2.04 ms" not in text
    Path("results/20260101T000003Z-made-up/run.json").unlink()
    _, text = told("history")
    rows = {line.split()[0]: line for line in text.splitlines() if line[:2] in ("a ", "b ")}
    assert rows["b"].count("▼") == 2
    assert rows["a"].count("▼") == 1
    _, text = told("history", "--format", "json")
    of_b = [point for point in json.loads(text) if point["place"][0] == "b"]
    assert [point["outcome"] for point in of_b] == ["", "worse", "worse"]
    assert all(point["low"] <= point["value"] <= point["high"] for point in of_b)


def test_a_metric_that_is_nearly_right_is_suggested(
    told: Callable[..., tuple[int, str]],
) -> None:
    code, text = told("history", "--metric", "throughputt")

    assert code == 2
    assert "Did you mean 'throughput'?" in text


def test_the_report_is_made_and_opened(
    told: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def opening(url: str) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr(webbrowser, "open", opening)

    code, text = told("open", FIRST)

    page = Path("reports") / FIRST / "report.html"
    assert code == 0
    assert page.is_file()
    assert opened == [page.resolve().as_uri()]
    assert str(page) in text


def test_runs_are_listed(told: Callable[..., tuple[int, str]]) -> None:
    _, text = told("list", "runs")

    assert [line.split()[0] for line in text.splitlines()[1:]] == [FIRST, SECOND]
    assert "10 trials" in text


def test_a_report_is_printed_in_the_form_asked_for(
    told: Callable[..., tuple[int, str]],
) -> None:
    for form, name in (("md", "report.md"), ("json", "analysis.json")):
        _, text = told("report", FIRST, "--format", form)
        assert text == (Path("reports") / FIRST / name).read_text(encoding="utf-8")


def test_a_plan_is_a_line_for_each_condition(
    told: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    path = tmp_path / "two.toml"
    path.write_text(scenario_text("a b", loops="selector uvloop", repetitions=5), encoding="utf-8")

    _, text = told("plan", str(path))

    assert [line.split() for line in text.splitlines() if line.startswith("all ")] == [
        ["all", "steps", "1k", "some", "5", "20"]
    ]
    assert "all: a and b on selector and uvloop" in text
