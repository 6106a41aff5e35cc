"""What lies in the working directory is imported last, and only where a scenario names it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.records.store import Store
from tests.processes.test_trials import text_of

ROOT = Path(__file__).parents[2]
BESIDE = """
from contextlib import asynccontextmanager
from langgraph.checkpoint.memory import InMemorySaver

@asynccontextmanager
async def saver():
    yield InMemorySaver()
"""
# Of the standard library and of packages, and what notes that it was imported.
SHADOWS = ("json", "argparse", "asyncio", "signal", "numpy", "pydantic", "langgraph", "rich")
SHADOW = """
with open(__file__ + ".imported", "a") as file:
    file.write("by a process")
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    # Its checks import it, too.
    scenario = text_of("lies_beside:saver", verify_s=0.05).replace(" = false", " = true")
    (tmp_path / "beside.toml").write_text(scenario, encoding="utf-8")
    (tmp_path / "lies_beside.py").write_text(BESIDE, encoding="utf-8")
    for name in SHADOWS:
        (tmp_path / f"{name}.py").write_text(SHADOW, encoding="utf-8")
    return tmp_path


def run_in(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "bench", *arguments],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_working_directory_gives_plugins_and_shadows_nothing(place: Path) -> None:
    done = run_in(place, "run", "beside.toml")

    assert done.stderr == ""
    assert sorted(path.name for path in place.glob("*.imported")) == []
    store = Store(place / "results")
    (trial,) = store.read(store.newest()).trials
    assert trial.status == "measured"
    # In memory nothing is found again, but the verifier has imported and opened it, too.
    assert trial.verification is not None
    assert trial.verification.threads > 0


def test_a_verb_that_reads_no_scenario_does_not_look_there(place: Path) -> None:
    program = (
        "import json, sys; from bench.cli import main; main(['list', 'loop']); "
        "print(json.dumps(sys.path))"
    )

    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-P", "-c", program],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert not {"", ".", str(place)} & set(json.loads(done.stdout.splitlines()[-1]))
