"""The command line: verbs, exit codes, errors in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.cli import VERBS, main

SCENARIOS = Path(__file__).parents[3] / "scenarios"


def test_help_names_every_verb_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])

    assert caught.value.code == 0
    told = capsys.readouterr().out
    assert all(verb in told for verb in VERBS)
    assert "130 interrupted" in told


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([verb, "--help"])

    assert caught.value.code == 0
    assert VERBS[verb].split(";")[0] in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("arguments", [[], ["measure"], ["run"], ["run", "x", "--frobnicate"]])
def test_a_wrong_command_line_ends_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)

    assert caught.value.code == 2


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


def test_an_unknown_kind_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "subjekt"]) == 2
    assert "Did you mean 'subject'?" in capsys.readouterr().err


def test_the_list_tells_options_and_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "subject"]) == 0
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

    monkeypatch.setattr("bench.cli.verbs.doctor.run", fail)

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
