"""Subjects with an interpreter of their own: what is made for them, and what is said where not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.cli import main, measuring
from bench.cli.loading import load_checked
from bench.cli.measuring import described
from bench.errors import InputError
from bench.interpreters import environments
from bench.interpreters.of_subjects import prepare_own
from bench.measure.preflight import Services
from bench.scenario.plan import expand
from bench.scenario.scenario import OwnInterpreter, Scenario
from bench.scenario.scenario_file import parse_scenario

SUBJECTS = """
schema_version = 2
question = "q"

[subjects]
here = { use = "memory" }
one = { use = "theirs:Saver", interpreter = { requirements = ["theirs==1"] } }
same = { use = "theirs:Other", interpreter = { requirements = ["theirs==1"] } }
old = { use = "theirs:Saver", interpreter = { requirements = ["theirs==1"], python = "3.12" } }
again = { same_as = "one" }
unused = { use = "theirs:Saver", interpreter = { requirements = ["never==1"] } }

[workloads.steps]
use = "append_steps"

[sweeps.all]
subjects = ["here", "one", "same", "old", "again"]
"""


@pytest.fixture(autouse=True)
def _without_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: "here" * ("python" in name))


def scenario() -> Scenario:
    return parse_scenario(SUBJECTS, "given")


class Installer:
    """Refuses installs that have ``refused`` among their words, with these last lines."""

    def __init__(self, refused: str = "", told: str = "theirs needs\nlanggraph<1") -> None:
        self.given: list[list[str]] = []
        self._told = told
        self._refused = refused

    def __call__(self, command: Sequence[str]) -> str:
        self.given.append([*command])
        if self._refused and self._refused in command:
            raise subprocess.CalledProcessError(1, [*command], stderr=self._told)
        return "theirs 1\npip 99\n" if "-c" in command else ""

    def with_word(self, word: str) -> list[list[str]]:
        return [command for command in self.given if word in command]


def test_who_asks_for_the_same_shares_it(tmp_path: Path) -> None:
    installer, said = Installer(), list[str]()
    made = prepare_own(scenario(), said.append, tmp_path, installer)

    requirements = ("theirs==1",)
    assert set(made) == {
        OwnInterpreter(requirements=requirements),
        OwnInterpreter(requirements=requirements, python="3.12"),
    }
    assert [command[0] for command in installer.with_word("venv")] == [sys.executable, "python3.12"]
    assert len({found.interpreter.path for found in made.values()}) == 2
    assert all(found.versions == {"theirs": "1"} for found in made.values())
    assert said == [
        "one: an interpreter with theirs==1 …",
        "old: an interpreter with theirs==1, Python 3.12 …",
    ]


def test_what_does_not_go_with_the_versions_here_gets_others(tmp_path: Path) -> None:
    installer = Installer(refused="--constraint", told="ResolutionImpossible")
    prepare_own(scenario(), lambda _: None, tmp_path, installer)

    first, second, *_ = installer.with_word("install")
    assert "[savers]" in " ".join(first)
    assert "[savers]" not in " ".join(second)
    assert second[-1] == "theirs==1"


def test_a_second_label_of_a_subject_has_its_packages_in_the_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = scenario()
    made = prepare_own(
        found, lambda _: None, tmp_path, Installer("--constraint", "(from versions: 1)")
    )
    monkeypatch.setattr(measuring, "check_services", lambda *_: Services({}, {}, ()))

    packages = described(found, expand(found), "a", SUBJECTS, made).environment.packages

    assert {name: packages[name] for name in packages if "(" in name} == {
        f"{name} ({label})": value
        for label in ("one", "same", "old", "again")
        for name, value in (("theirs", "1"), ("constraints", environments.LEFT_OUT))
    }


TOKEN = "glpat-0123456789"  # noqa: S105 - made up


def test_a_token_in_a_scenario_is_refused_and_not_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.toml"
    path.write_text(SUBJECTS.replace("theirs==1", f"theirs @ git+https://{TOKEN}@host/theirs"))

    assert main(["plan", str(path)]) == 2

    told = capsys.readouterr()
    assert "subjects.one.interpreter.requirements.0 holds a user, password or token" in told.err
    assert TOKEN not in told.out + told.err


def test_a_port_is_no_password(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(SUBJECTS.replace("theirs==1", "theirs @ git+https://host:8443/theirs@v1"))

    assert main(["plan", str(path), "--results", str(tmp_path)]) == 0


def test_no_token_is_shown_where_a_value_of_another_kind_is_expected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.toml"
    wrong = f"requirements = 'git+https://{TOKEN}@host/theirs'"
    path.write_text(SUBJECTS.replace('requirements = ["theirs==1"]', wrong))

    assert main(["plan", str(path)]) == 2
    assert TOKEN not in capsys.readouterr().err


def test_each_that_cannot_be_made_is_named_with_what_the_installer_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", {sys.executable: "here"}.get)
    with pytest.raises(InputError) as caught:
        prepare_own(scenario(), lambda _: None, tmp_path, Installer(refused="theirs==1"))

    sentence = "cannot make an environment with theirs==1: theirs needs\nlanggraph<1"
    assert str(caught.value) == (
        f"subjects.one.interpreter: {sentence}\n"
        "subjects.old.interpreter: there is no python3.12 on the PATH: install it, or uv, which "
        "fetches it"
    )


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("{ requirement = ['a'] }", "unknown key 'subjects.one.interpreter.requirement'. Did you"),
        ("{ requirements = [] }", "subjects.one.interpreter.requirements = []: expected a list"),
        ("{ requirements = ['a'], python = '2' }", "subjects.one.interpreter.python = '2'"),
        ("{}", "the key 'subjects.one.interpreter.requirements' is missing"),
        ("3", "subjects.one.interpreter = 3: "),
    ],
)
def test_a_wrong_interpreter_is_named_by_its_key(written: str, message: str) -> None:
    text = SUBJECTS.replace('{ requirements = ["theirs==1"] }', written, 1)
    with pytest.raises(InputError) as caught:
        parse_scenario(text, "given")

    assert message in str(caught.value)
    assert "[table]" not in str(caught.value)


def test_the_interpreter_is_part_of_what_is_measured() -> None:
    other = parse_scenario(SUBJECTS.replace("theirs==1", "theirs==2"), "given")

    assert other.digest() != scenario().digest()
    assert scenario().checked_as("same") == "same"


DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("path", sorted((DOCS / "savers").glob("*.toml")), ids=lambda p: p.stem)
def test_a_scenario_of_a_saver_that_is_not_installed_can_be_planned(path: Path) -> None:
    found, _ = load_checked(path)

    uses = [use for use in found.subjects.values() if use.is_elsewhere]
    assert len(uses) == 1
    assert uses[0].use.partition(":")[0] not in sys.modules


def test_the_plan_says_what_an_interpreter_will_have(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", str(DOCS / "savers" / "pg8000.toml"), "--format", "md"]) == 0

    requirement = "langgraph-checkpoint-postgres-pg8000, Python 3.12"
    assert f"pg8000: on an interpreter with {requirement}" in capsys.readouterr().out


def test_the_page_shows_a_part_of_such_a_scenario() -> None:
    page = (DOCS / "your-saver.md").read_text(encoding="utf-8")
    shown = page.partition("```toml\n[subjects.lmdb]")[2].partition("```")[0]

    assert shown
    assert shown in (DOCS / "savers" / "lmdb.toml").read_text(encoding="utf-8")
