"""The command line: verbs, exit codes, errors in one sentence."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import bench
from bench.cli import GROUPS, VERBS, main
from bench.cli.loading import scenarios

SCENARIOS = Path(__file__).parents[3] / "scenarios"


def test_help_names_every_verb_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])

    assert caught.value.code == 0
    told = capsys.readouterr().out
    assert all(verb in told for verb in VERBS)
    assert "130 interrupted" in told


@pytest.mark.parametrize("columns", [60, 80])
@pytest.mark.parametrize("arguments", [["list"], ["plan", "savers"], ["--help"], ["run", "--help"]])
def test_nothing_is_wider_than_the_screen(
    arguments: list[str],
    columns: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    with contextlib.suppress(SystemExit):
        main(arguments)

    assert [line for line in capsys.readouterr().out.splitlines() if len(line) > columns] == []


def test_a_saver_is_suggested_by_its_label_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quick", "postgress-sink"]) == 2

    told = capsys.readouterr().err
    assert "Did you mean 'postgres-sync'?" in told
    assert "redis, redis-always" in told
    assert "postgres_sync" not in told


def test_a_plan_names_the_subjects_of_like_sweeps_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "savers"]) == 0

    told = capsys.readouterr().out
    assert "small, large: redis-always, " in told
    assert "seed" not in told


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([verb, "--help"])

    assert caught.value.code == 0
    assert VERBS[verb].split(";")[0] in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(("group", "verb"), [(g, v) for g, verbs in GROUPS.items() for v in verbs])
def test_every_example_of_a_verb_is_understood(group: str, verb: str) -> None:
    module = importlib.import_module(f"bench.cli.verbs.{group}.{verb}")
    parser = argparse.ArgumentParser(exit_on_error=False)
    module.add_arguments(parser)

    assert module.EXAMPLES
    for line in module.EXAMPLES:
        parser.parse_args(shlex.split(line))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["rum", "savers"], "unknown verb 'rum'. Did you mean 'run'?"),
        (["plan", "savrs"], "there is no scenario 'savrs'. Did you mean 'savers'?"),
        (["list", "scenariso"], "Did you mean 'scenarios'?"),
        (["run", "savers", "--subject", "redis-allways"], "Did you mean 'redis-always'?"),
        (["run", "savers", "--subject", "null", "--payload", "50k"], "these together: null, 50k"),
    ],
)
def test_a_name_that_is_nearly_right_is_suggested(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert told in capsys.readouterr().err


def test_scenarios_are_found_by_name_from_an_empty_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    assert main(["plan", "smoke"]) == 0
    capsys.readouterr()
    assert main(["list", "scenarios"]) == 0
    listed = capsys.readouterr().out
    assert re.findall(r"^  (\w+)", listed, re.MULTILINE) == [
        path.stem for path in sorted(SCENARIOS.glob("*.toml"))
    ]


def test_a_scenario_of_the_folder_stands_for_the_one_of_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "scenarios" / "smoke.toml"
    own.parent.mkdir()
    own.write_text(ONE_TRIAL, encoding="utf-8")

    assert scenarios()["smoke"].resolve() == own
    assert scenarios()["savers"].resolve() == SCENARIOS / "savers.toml"


def test_a_wheel_has_the_scenarios_where_they_are_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = tomllib.loads((SCENARIOS.parent / "pyproject.toml").read_text(encoding="utf-8"))
    target = wheel["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]["scenarios"]
    package = tmp_path / "site" / "bench"
    installed = tmp_path / "site" / target / "only.toml"
    installed.parent.mkdir(parents=True)
    installed.write_text(ONE_TRIAL, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bench, "__file__", str(package / "__init__.py"))

    assert scenarios() == {"only": installed}


@pytest.mark.parametrize(
    "arguments", [[], ["run"], ["run", "x", "--frobnicate"], ["migrate"], ["migrate", "--to"]]
)
def test_a_wrong_command_line_ends_with_2_and_one_sentence(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert told.count("\n") == 1
    assert told.endswith(" --help\n")


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.toml")), ids=lambda path: path.stem)
def test_the_plan_of_each_scenario_is_shown(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", str(path)]) == 0

    told = capsys.readouterr().out
    assert " trials, about " in told


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('use = "memory"', 'use = "memori"', "subjects.memory.use: unknown subject 'memori'"),
        ('"run_graph"', '"run_grap"', "workloads.chain.use: unknown workload 'run_grap'"),
        ("nodes = 3", "node = 3", "workloads.chain.options: unknown key 'node'"),
        ("nodes = 3", "nodes = '3'", "workloads.chain.options: nodes = '3'"),
        ('"uvloop"', '"uvlop"', "unknown loop 'uvlop'. Did you mean 'uvloop'?"),
        ("seed = 1", "seed = 1\nprobes = ['loop_lagg']", "Did you mean 'loop_lag'?"),
        ("seed = 1", "seed = 1\nprimary_metrics = ['put.respons.p50']", "put.response.p50"),
        (
            "seed = 1",
            "seed = 1\nprobes = ['loop_lag']\nprimary_metrics = ['gc.pause_max']",
            "'gc.pause_max' is no metric",
        ),
        ("seed = 1", "seed = 1\nprobes = ['nope:P']", "cannot import the probe 'nope:P'"),
        ("errors == 0", "error == 0", "Did you mean 'errors'?"),
        ("errors == 0", "gc.pause_mx < 1ms", "Did you mean 'gc.pause_max'?"),
        ("errors == 0", "putt.response.p50 < 1 s", "'put.response.p50'?"),
        ("require =", "subjects = ['memry']\nrequire =", "Did you mean 'memory'?"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(
    old: str, new: str, expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "wrong.toml"
    text = (SCENARIOS / "smoke.toml").read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")

    assert main(["plan", str(path)]) == 2

    told = capsys.readouterr().err
    assert told.startswith(f"error: {path}")
    assert expected in told


def test_the_list_tells_options_and_defaults(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    assert main(["list", "subjects"]) == 0
    assert "synchronous: Literal['FULL', 'NORMAL'], default 'FULL'" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "exit_code", "told"),
    [
        (OSError(28, "No space left on device", "results/x"), 5, "error: results/x: No space left"),
        (OSError(28, "No space left on device"), 5, "error: No space left"),
        (ConnectionError("gone"), 4, "ConnectionError: gone"),
        (KeyError("x"), 4, "this is a defect of checkpoint-bench"),
    ],
)
def test_no_error_ends_with_1_which_says_regression(
    error: Exception,
    exit_code: int,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(_: object) -> int:
        raise error

    monkeypatch.setattr("bench.cli.verbs.inspect.doctor.run", fail)

    assert main(["doctor"]) == exit_code
    assert told in capsys.readouterr().err


def test_a_report_of_nothing_is_an_input_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "--results", str(tmp_path)]) == 2
    assert "holds no run" in capsys.readouterr().err


def test_resuming_nothing_is_an_input_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "memory.toml"
    path.write_text(ONE_TRIAL, encoding="utf-8")

    assert main(["run", str(path), "--resume", "--results", str(tmp_path / "results")]) == 2
    assert "holds no unfinished run of this scenario" in capsys.readouterr().err


def test_a_place_that_is_a_file_is_an_input_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "memory.toml"
    path.write_text(ONE_TRIAL, encoding="utf-8")

    assert main(["run", str(path), "--results", str(path)]) == 2
    assert "memory.toml" in capsys.readouterr().err


ONE_TRIAL = """
schema_version = 2
question = "Does it run?"
seed = 1
repetitions = 1
warmup_s = 0.05
duration_s = 0.1

[subjects.memory]
use = "memory"

[workloads.steps]
use = "append_steps"

[payloads.small]
use = "nested"

[arrivals.one]
kind = "closed"
clients = 1

[sweeps.all]
subjects = ["memory"]
workloads = ["steps"]
payloads = ["small"]
arrivals = ["one"]
loops = ["selector"]
"""


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("checkpoint-bench do", ["doctor "]),
        ("checkpoint-bench run sav", ["savers "]),
        ("checkpoint-bench report 2026", ["20260101T000000Z-made-up "]),
    ],
)
def test_a_shell_is_told_what_may_follow(line: str, expected: list[str], tmp_path: Path) -> None:
    made = tmp_path / "results" / "20260101T000000Z-made-up" / "run.json"
    made.parent.mkdir(parents=True)
    made.touch()
    offered = tmp_path / "offered"
    variables = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(offered),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "COMP_TYPE": "9",
        "PYTHONPATH": str(SCENARIOS.parent),
    }

    subprocess.run(
        [sys.executable, "-P", "-m", "bench"],
        cwd=tmp_path,
        env={**os.environ, **variables},
        check=True,
        capture_output=True,
    )

    assert offered.read_text(encoding="utf-8").splitlines() == expected
