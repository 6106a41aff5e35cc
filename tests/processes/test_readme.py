"""Each command of README.md is run, as far as that takes seconds and no network.

What is measured keeps its verb, its entry and its report, and is a small part of what the README
asks for. What only installs is compared with what is declared, and docker compose is read: neither
can be run offline.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from packaging.requirements import Requirement

from bench.cli import main
from bench.handover.interpreter import OWN
from bench.interpreters.environments import PreparedEnvironment
from tests.unit.analysis.synthetic import healthy, measure_nothing

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROGRAMS = [["git"], ["pip"], ["nox"], ["checkpoint-bench"], ["docker"]]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SMALL = (
    "repetitions = 1\nwarmup_s = 0.05\nduration_s = 0.2\nverify_s = 0.1\nconformance = false\n"
    "crash_check = false\nprobes = []\n"
)
SHOP = {
    "shop/graph.py": """
from typing import TypedDict
from langgraph.graph import START, StateGraph

class Order(TypedDict, total=False):
    name: str
    price: float

builder = StateGraph(Order)
builder.add_node("price", lambda order: {"price": len(order["name"]) + 0.5})
builder.add_edge(START, "price")
""",
    "shop/inputs.py": "def order(thread, run):\n    return {'name': f'{thread}-{run}'}\n",
    "my_package/savers.py": """
from langgraph.checkpoint.memory import InMemorySaver

def open_saver():
    return InMemorySaver()
""",
}
GATED = f"""
schema_version = 2
question = "Has it got slower?"
{SMALL.replace("repetitions = 1", "repetitions = 12")}
[subjects.memory]
use = "memory"

[workloads.steps]
use = "append_steps"

[arrivals.four]
kind = "closed"
clients = 4
"""


def commands() -> list[str]:
    """Return each command of the README, from its blocks and from its sentences."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    shown = "\n".join(text for language, text in blocks if not language)
    lines = [line.partition("  #")[0].strip() for line in shown.splitlines()]
    told = re.findall(
        r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", README, flags=re.MULTILINE | re.DOTALL)
    )
    given = [one for line in lines for one in line.split(" && ")] + told
    found = [one for one in given if one.split()[:1] in PROGRAMS and one.split()[1:]]
    return list(dict.fromkeys(found))


def program(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the program as its console entry does, in a process of its own."""
    entry = "import sys; from bench.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", entry, *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(  # noqa: S603 - our own words
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def session(name: str, *posargs: str) -> list[str]:
    """Return the command that ``nox -s NAME -- POSARGS`` runs once it has installed."""
    nox: Any = ModuleType("nox")
    nox.session = lambda function: function
    nox.options = SimpleNamespace()
    nox.needs_version = ""
    nox.Session = object
    nox.project = SimpleNamespace(load_toml=lambda path: tomllib.loads(path.read_text("utf-8")))
    spec = importlib.util.spec_from_file_location("noxfile_of_readme", ROOT / "noxfile.py")
    assert spec is not None
    assert spec.loader is not None
    noxfile = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(sys.modules, "nox", nox)
        spec.loader.exec_module(noxfile)
    ran: list[tuple[str, ...]] = []
    asked = SimpleNamespace(
        posargs=list(posargs), venv_backend="none", run=lambda *words, **_: ran.append(words)
    )
    getattr(noxfile, name)(asked)
    (command,) = ran
    return list(command)


def clone(directory: Path) -> None:
    """Copy this checkout in place of the address, without its files, which takes longest."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no checkout")
    git = ("git", "-c", "safe.directory=*", "clone", "--quiet", "--no-checkout")
    subprocess.run([*git, str(ROOT), "checkpoint-bench"], cwd=directory, check=True)  # noqa: S603 - our own words
    assert (directory / "checkpoint-bench").is_dir()


def install_nox(_: Path) -> None:
    """Nothing is installed: constraints.txt pins what noxfile.py needs."""
    asked = re.search(r'nox.needs_version = "(.*)"', (ROOT / "noxfile.py").read_text("utf-8"))
    assert asked is not None
    assert Requirement(f"nox{asked[1]}").specifier.contains(pins()["nox"])


def pins() -> dict[str, str]:
    """Return the versions of constraints.txt by name."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    held = map(Requirement, (one for one in lines if one and not one.startswith("#")))
    return {one.name.lower(): str(one.specifier).removeprefix("==") for one in held}


def install_all(_: Path) -> None:
    """Nothing is installed: constraints.txt pins a version of all that the extra asks for."""
    extras, left, wanted = PROJECT["optional-dependencies"], ["all"], [*PROJECT["dependencies"]]
    while left:
        for text in extras[left.pop()]:
            each = Requirement(text)
            is_own = each.name == PROJECT["name"]
            left += each.extras if is_own else []
            wanted += [] if is_own else [text]
    held = pins()
    for each in map(Requirement, wanted):
        if each.marker is None or each.marker.evaluate():
            assert each.specifier.contains(held[each.name.lower()]), each


def measure_all(directory: Path) -> None:
    """Measure one saver in one condition, instead of all of them."""
    part = ("--subject", "memory", "--payload", "1k", "--arrival", "one", "--loop", "selector")
    command = session("bench", *part, "--repetitions", "1")
    assert command[:3] == ["checkpoint-bench", "run", "savers"]
    done = program(*command[1:], cwd=directory)
    assert done.returncode == 0, done.stderr
    assert len(list(directory.glob("reports/*/report.html"))) == 1


def check_all(directory: Path) -> None:
    """Run one file of tests, instead of all of them, in one process."""
    command = session("tests", "-n", "0", str(ROOT / "tests" / "unit" / "test_printable.py"))
    assert command[0] == "python"
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, *command[1:], f"--rootdir={ROOT}", "-c", str(ROOT / "pyproject.toml")],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def check_itself(directory: Path) -> None:
    """Measure one of the savers whose behaviour is known, on one loop."""
    command = session("selftest", "changing_types", "--loop", "selector")
    done = program(*command[1:], cwd=directory)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 row measured on 1 loop: all as expected" in done.stdout


def measure_shop(directory: Path) -> None:
    """Measure the README's scenario with a graph, briefly: SQLite alone, which needs no server."""
    (text,) = re.findall(r"^```toml\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    for name, content in SHOP.items():
        path = directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
    (directory / "shop.toml").write_text(text.replace("= 2\n", f"= 2\n{SMALL}", 1), "utf-8")
    done = program(
        *("run", "shop.toml", "--subject", "sqlite", "--loop", "selector"), cwd=directory
    )
    assert done.returncode == 0, done.stderr
    assert len(list(directory.glob("reports/*/report.html"))) == 1


def quick(directory: Path) -> None:
    """Take a saver without a server for Postgres, and make up the trials: they take a minute."""
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(directory)
        patched.setattr("bench.cli.measuring.check_subjects", lambda *_: None)
        measure_nothing(patched, healthy())
        assert main(["quick", "memory", "sqlite"]) == 0
    assert len(list(directory.glob("reports/*/report.html"))) == 1


def gate(directory: Path) -> None:
    """Make up environments and trials, of a scenario without a server: they take 13 minutes."""
    (directory / "small.toml").write_text(GATED, encoding="utf-8")
    (words,) = [shlex.split(each) for each in commands() if " gate " in each]

    def prepare(requirements: list[str], _: Path) -> PreparedEnvironment:
        (asked,) = map(Requirement, requirements)
        version = {asked.name: str(asked.specifier).removeprefix("==")}
        return PreparedEnvironment(OWN, version, version)

    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(directory)
        patched.setattr("bench.cli.verbs.measure.gate.prepare", prepare)
        measure_nothing(patched, healthy())
        assert main([*words[1:], "small.toml"]) == 0
    (page,) = directory.glob("reports/*/gate/gate.md")
    assert "langgraph-checkpoint-postgres 3.1.0 → 3.2.0" in page.read_text(encoding="utf-8")


def compose(_: Path) -> None:
    """It is not run: it needs Docker. Both servers of the sentence are in its file."""
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert re.findall(r"^  (postgres|redis):$", text, re.MULTILINE) == ["postgres", "redis"]


RUN: dict[str, Callable[[Path], None]] = {
    "git clone <this repository>": clone,
    "pip install nox": install_nox,
    "nox -s bench": measure_all,
    "nox -s tests": check_all,
    "nox -s selftest": check_itself,
    "checkpoint-bench run shop.toml": measure_shop,
    'pip install -c constraints.txt -e ".[all]"': install_all,
    "checkpoint-bench quick postgres sqlite": quick,
    "checkpoint-bench gate": gate,
    "docker compose up": compose,
}


def test_every_command_is_among_those_that_are_run() -> None:
    assert commands()
    assert [one for one in commands() if not one.startswith(tuple(RUN))] == []
    assert [one for one in RUN if one not in README] == []


@pytest.mark.parametrize("command", RUN)
def test_a_command_does_what_the_readme_says(command: str, tmp_path: Path) -> None:
    RUN[command](tmp_path)
