"""The environments of a gate's arms: what is asked of pip, and when nothing is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.errors import BenchError, InputError, UnavailableError
from bench.interpreters.environments import LEFT_OUT, PreparedEnvironment, prepare, run_command

NEWER = "langgraph-checkpoint-postgres==3.1.0"


class Commands:
    """Takes note of commands instead of running them."""

    def __init__(self) -> None:
        self.given: list[list[str]] = []

    def __call__(self, command: Sequence[str]) -> str:
        self.given.append([*command])
        return "langgraph-checkpoint-postgres 3.1.0\n" if "-c" in command else ""

    @property
    def installs(self) -> list[list[str]]:
        return [command for command in self.given if "install" in command]


def test_what_is_named_is_free_and_all_else_is_held(tmp_path: Path) -> None:
    commands = Commands()
    arm = prepare([NEWER], tmp_path, commands)

    (install,) = commands.installs
    assert install[-1] == NEWER
    file = Path(install[install.index("--constraint") + 1])
    names = [line.split("==")[0] for line in file.read_text(encoding="utf-8").splitlines()]
    assert "langgraph-checkpoint" in names
    assert "langgraph-checkpoint-postgres" not in names
    assert arm.versions == {"langgraph-checkpoint-postgres": "3.1.0"}
    assert Path(arm.interpreter.path).is_relative_to(tmp_path.absolute())


def test_arms_are_told_by_what_differs_between_them(tmp_path: Path) -> None:
    def arm(version: str, others: str) -> PreparedEnvironment:
        told = f"langgraph-checkpoint-postgres {version}\npytest 0.1\n{others}"
        requirement = f"langgraph-checkpoint-postgres=={version}"
        return prepare([requirement], tmp_path, lambda command: told if "-c" in command else "")

    base, head = arm("3.1.0", ""), arm("3.2.0", "theirs 1\n")

    assert base.versions == {"langgraph-checkpoint-postgres": "3.1.0", "pytest": "0.1"}
    assert base.beside(head).versions == {
        "langgraph-checkpoint-postgres": "3.1.0",
        "theirs": "not installed",
    }
    assert head.beside(base).versions == {"langgraph-checkpoint-postgres": "3.2.0", "theirs": "1"}
    assert base.beside(base).versions == {"langgraph-checkpoint-postgres": "3.1.0"}


def test_an_environment_is_made_once(tmp_path: Path) -> None:
    commands = Commands()
    first, again = (prepare([NEWER], tmp_path, commands) for _ in range(2))

    assert len(commands.installs) == 1
    assert first == again


def test_other_requirements_are_another_environment(tmp_path: Path) -> None:
    found = [
        prepare([each], tmp_path, Commands()) for each in (NEWER, "langgraph-checkpoint-redis")
    ]

    assert found[0].interpreter != found[1].interpreter


def test_a_local_project_that_changed_is_another_environment(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text('[project]\nname = "their_saver"\n', encoding="utf-8")
    before = prepare([str(project)], tmp_path / "made", Commands())
    (project / "saver.py").write_text("slow = True\n", encoding="utf-8")
    after = prepare([str(project)], tmp_path / "made", Commands())

    assert before.interpreter != after.interpreter


def test_what_is_installed_sees_no_password_of_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BENCH_POSTGRES_DSN", "BENCH_REDIS_URL", "PGPASSWORD"):
        monkeypatch.setenv(name, "hunter2")
    monkeypatch.setenv("PIP_RETRIES", "7")
    seen = run_command([sys.executable, "-c", "import os; print(dict(os.environ))"])
    assert "hunter2" not in seen
    assert "'PIP_RETRIES': '7'" in seen


def test_half_an_environment_is_made_again(tmp_path: Path) -> None:
    def broken(command: Sequence[str]) -> str:
        raise subprocess.CalledProcessError(1, [*command], stderr="no matching distribution")

    with pytest.raises(UnavailableError, match="no matching distribution"):
        prepare([NEWER], tmp_path, broken)
    commands = Commands()
    prepare([NEWER], tmp_path, commands)

    assert len(commands.installs) == 1


def test_nobody_touches_what_another_process_is_making(tmp_path: Path) -> None:
    inner = Commands()

    def meanwhile(command: Sequence[str]) -> str:
        if "install" in command and not inner.given:
            inner.given.append([])
            with pytest.raises(InputError, match="another process is at work on an environment"):
                prepare([NEWER], tmp_path, inner)
        return Commands()(command)

    prepare([NEWER], tmp_path, meanwhile)

    assert inner.given == [[]]


@pytest.mark.parametrize("holds_the_rest", [True, False])
def test_what_fails_for_the_network_is_not_installed_in_another_way(
    tmp_path: Path, holds_the_rest: bool
) -> None:
    commands = Commands()

    def offline(command: Sequence[str]) -> str:
        if "install" in command:
            commands(command)
            told = "ERROR: Could not find a version of theirs (from versions: none)"
            raise subprocess.CalledProcessError(1, [*command], stderr=told)
        return ""

    with pytest.raises(UnavailableError, match="from versions: none"):
        prepare([NEWER], tmp_path, offline, holds_the_rest=holds_the_rest)

    assert len(commands.installs) == 1


@pytest.mark.parametrize(
    "conflict",
    [
        "ERROR: ResolutionImpossible: for help visit",
        "error: No solution found when resolving dependencies:",
        "ERROR: Could not find a version that satisfies a==3 (from versions: 1, 2)",
    ],
)
def test_it_is_kept_whether_the_versions_here_were_held(tmp_path: Path, conflict: str) -> None:
    def conflicting(command: Sequence[str]) -> str:
        if "--constraint" in command:
            raise subprocess.CalledProcessError(1, [*command], stderr=conflict)
        return Commands()(command)

    found = [
        prepare([NEWER], tmp_path, runs, holds_the_rest=False) for runs in (conflicting, Commands())
    ]
    (ready,) = tmp_path.glob("*/ready.txt")

    assert [each.constraints for each in found] == [LEFT_OUT] * 2
    assert ready.read_text(encoding="utf-8") == f"{NEWER}\n{LEFT_OUT}\n"


TOKEN = "glpat-0123456789"  # noqa: S105 - made up


@pytest.mark.parametrize(
    "requirement",
    [
        f"theirs @ git+https://u:{TOKEN}@host/theirs",
        f"theirs @ https://{TOKEN}@host/theirs-1.0.whl",
        f"theirs @ https://host/theirs-1.0.whl?private_token={TOKEN}",
        f"theirs==1.0 --extra-index-url https://{TOKEN}:x@host/simple",
        f"https://u:{TOKEN}@host/theirs-1.0.whl",
        f"--extra-index-url https://u:{TOKEN}@host/simple theirs",
    ],
)
@pytest.mark.parametrize("length", range(1490, 1506, 3))
def test_a_token_in_a_requirement_is_not_told_not_even_the_half_of_it(
    tmp_path: Path, requirement: str, length: int
) -> None:
    def broken(command: Sequence[str]) -> str:
        text = f"fatal: https://u:{TOKEN}@host" + "!" * length
        raise subprocess.CalledProcessError(1, [*command], stderr=text)

    with pytest.raises(BenchError) as raised:
        prepare([requirement], tmp_path, broken)

    assert "host" in str(raised.value)
    assert not any(part in str(raised.value) for part in (TOKEN[:5], TOKEN[-5:]))


def test_no_token_is_kept_with_an_environment(tmp_path: Path) -> None:
    prepare([f"theirs @ git+https://u:{TOKEN}@host/theirs"], tmp_path, Commands())

    kept = [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    assert "theirs @ git+https://u:***@host/theirs\nheld\n" in kept
    assert not any(TOKEN in text for text in kept)


@pytest.mark.parametrize("requirement", ["==1.0", "./gone/away", ""])
def test_what_names_nothing_is_refused(requirement: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="names no distribution"):
        prepare([requirement], tmp_path, Commands())
