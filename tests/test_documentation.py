"""The documents name what exists, and only that."""

from __future__ import annotations

import ast
import asyncio
import builtins
import dis
import re
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, CoroutineType
from typing import Any

import pytest
from pydantic_core import PydanticUndefined

import bench.errors
from bench.analysis.findings.registry import finding_kinds
from bench.cli import VERBS, _fill, _parser
from bench.discovery import FOLDERS, load, names
from bench.errors import BenchError
from bench.payloads.application_state import TYPES
from bench.scenario.scenario_file import parse_scenario
from bench.workloads._graphs import GRAPHS

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
COMMANDS = ROOT / "docs" / "commands.md"
PLUGINS = ROOT / "docs" / "plugins.md"
FINDINGS = ROOT / "docs" / "findings.md"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])

OWN_PLUGINS = [
    (kind, name)
    for kind, folder in FOLDERS.items()
    for name in names(kind)
    if (ROOT / "bench" / folder / f"{name}.py").is_file()
]
# Kinds of plug-ins that take options from a scenario.
WITH_OPTIONS = [
    (kind, name)
    for kind, name in OWN_PLUGINS
    if kind in {"subject", "workload", "payload", "fault"}
]


def plugin_sections() -> dict[tuple[str, str], str]:
    """Return the text below each heading of a plug-in in docs/plugins.md, by kind and name."""
    kind_of_title = {folder.capitalize(): kind for kind, folder in FOLDERS.items()}
    found = {}
    for section in re.split(r"^## ", PLUGINS.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        kind = kind_of_title[section.partition("\n")[0].strip()]
        for part in re.split(r"^### ", section, flags=re.MULTILINE)[1:]:
            title, _, text = part.partition("\n")
            found[kind, title.strip().strip("`")] = text
    return found


def documented_defaults(text: str) -> dict[str, str]:
    """Return option → default, as the table of options in ``text`` has them."""
    table = text.partition("| option |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\|([^|]*)\|", table, re.MULTILINE)
    return {name: default.strip() for name, default in rows}


def in_toml(value: object) -> str:
    """Spell a default as one would in a scenario."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(in_toml, value))}]"
    return f'"{value}"' if isinstance(value, str) else repr(value)


def commands(document: Path) -> Iterator[list[str]]:
    """Yield the words of each command in the code blocks of ``document``."""
    text = document.read_text(encoding="utf-8")
    fenced = re.findall(r"^```[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    indented = re.findall(r"^(?: {4}|\t)(\S.*)$", text, re.MULTILINE)
    for line in "\n".join([*fenced, *indented]).splitlines():
        bare = line.partition(" #")[0].removeprefix("$ ")
        for command in re.split(r"&&|;|\|", bare):
            if words := command.split():
                yield words


def nox_sessions() -> set[str]:
    """Return the sessions that noxfile.py defines."""
    tree = ast.parse((ROOT / "noxfile.py").read_text(encoding="utf-8"))
    return {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and any("nox.session" in ast.unparse(decorator) for decorator in node.decorator_list)
    }


def sessions_asked_for(words: list[str]) -> list[str]:
    """Return what follows ``-s`` in a command of nox."""
    if words[0] != "nox" or "-s" not in words:
        return []
    after = words[words.index("-s") + 1 :]
    ends = [index for index, word in enumerate(after) if word.startswith("-")]
    return after[: ends[0]] if ends else after


def verb_asked_for(words: list[str]) -> str | None:
    """Return the verb in a command of this program."""
    for program in (["python", "-m", "bench"], ["checkpoint-bench"]):
        if words[: len(program)] == program and len(words) > len(program):
            verb = words[len(program)]
            return None if verb.startswith("-") else verb
    return None


def test_plugins_are_found() -> None:
    assert {"subject", "workload", "payload", "probe", "loop", "server", "fault", "reporter"} == {
        kind for kind, _ in OWN_PLUGINS
    }


def test_every_plugin_has_its_heading() -> None:
    assert sorted(plugin_sections()) == sorted(OWN_PLUGINS)


@pytest.mark.parametrize(("kind", "name"), WITH_OPTIONS)
def test_every_option_is_described_with_its_default(kind: str, name: str) -> None:
    plugin: Any = load(kind, name)
    fields = plugin.Options.model_fields
    documented = documented_defaults(plugin_sections()[kind, name])
    assert sorted(documented) == sorted(fields)
    for option, field in fields.items():
        if field.is_required():
            assert documented[option] == "required"
        elif field.default is not PydanticUndefined and field.default is not None:
            assert documented[option] == f"`{in_toml(field.default)}`"


def test_every_graph_is_described() -> None:
    table = (
        plugin_sections()["workload", "run_graph"].partition("| graph |")[2].partition("\n\n")[0]
    )
    rows = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    assert sorted(rows) == sorted(GRAPHS)


def test_every_type_is_named() -> None:
    text = plugin_sections()["payload", "application_state"]
    assert [name for name in TYPES if f"`{name}`" not in text] == []


@pytest.mark.parametrize("name", [name for kind, name in OWN_PLUGINS if kind == "probe"])
def test_every_reading_is_described(name: str) -> None:
    text = plugin_sections()["probe", name]
    assert [one for one in load("probe", name).readings if f"`{one}`" not in text] == []


def test_every_finding_is_described_as_reports_tell_it() -> None:
    text = FINDINGS.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*) \| (.*) \|$", text, re.MULTILINE)
    told = {(kind.code, str(kind.severity), kind.meaning, kind.advice) for kind in finding_kinds()}
    assert set(rows) == told


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_described(verb: str) -> None:
    text = COMMANDS.read_text(encoding="utf-8")
    assert re.search(rf"(checkpoint-bench |`){verb}\b", text) is not None


@pytest.mark.parametrize("variable", ["BENCH_POSTGRES_DSN", "BENCH_REDIS_URL"])
def test_every_variable_is_in_the_readme(variable: str) -> None:
    assert variable in README.read_text(encoding="utf-8")


def test_every_error_is_in_the_tree_with_its_exit_code() -> None:
    tree = dict(re.findall(r"(\w+Error)(?: +(\d+) |$)", bench.errors.__doc__ or "", re.MULTILINE))
    errors = {
        name: value
        for name, value in vars(bench.errors).items()
        if isinstance(value, type) and issubclass(value, BenchError)
    }
    assert sorted(tree) == sorted(errors)
    stated = {name: int(code) for name, code in tree.items() if code}
    assert stated == {name: errors[name].exit_code for name in stated}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_in_a_document_exists(document: Path) -> None:
    found = list(commands(document))
    sessions = {name for words in found for name in sessions_asked_for(words)}
    verbs = {verb for words in found if (verb := verb_asked_for(words))}
    scenarios = {word for words in found for word in words if word.startswith("scenarios/")}
    assert sessions - nox_sessions() == set()
    assert verbs - set(VERBS) == set()
    assert {path for path in scenarios if not (ROOT / path).is_file()} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_in_a_document_is_accepted(document: Path) -> None:
    for words in commands(document):
        if verb := verb_asked_for(words):
            parser, verbs = _parser()
            _fill(verbs[verb], verb)
            given = words[words.index(verb) :]
            # Ends with InputError at a flag that is not there.
            parser.parse_args(given[: given.index(">")] if ">" in given else given)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_to_a_file_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", document.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link and not link.startswith("mailto:")]
    assert [link for link in local if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_path_of_the_code_exists(document: Path) -> None:
    """One with a place to fill in, as ``bench/loops/<name>.py``, is that of its folder."""
    paths = re.findall(r"`((?:bench|tests)/[^`<\s]*)", document.read_text(encoding="utf-8"))
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_program_of_the_systems_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs" / "systems.md").read_text(encoding="utf-8")
    programs = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    begun: list[CodeType] = []

    def begin(main: CoroutineType[Any, Any, None]) -> None:
        begun.append(main.cr_code)
        main.close()

    monkeypatch.setattr(asyncio, "run", begin)
    assert programs
    for program in programs:
        names = {**vars(builtins)}
        exec(compile(program, "systems.md", "exec"), names)  # noqa: S102 - our own page
        used = [each for each in dis.get_instructions(begun.pop()) if each.opname == "LOAD_GLOBAL"]
        assert {each.argval for each in used} <= names.keys()


def test_the_readme_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").split()) <= 800


def test_the_readme_shows_how_to_start() -> None:
    asked = {name for words in commands(README) for name in sessions_asked_for(words)}
    assert {"bench", "tests"} <= asked


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("nox -s bench -- scenarios/pool.toml", ["bench"]),
        ("nox -s lint types", ["lint", "types"]),
        ("nox -l", []),
    ],
)
def test_sessions_are_read_from_a_command(line: str, expected: list[str]) -> None:
    assert sessions_asked_for(line.split()) == expected


def test_every_action_is_named_by_its_commit() -> None:
    """A tag can be moved to other code."""
    workflows = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    used = [line for path in workflows for line in re.findall(r"uses: .*", path.read_text("utf-8"))]
    assert used
    pinned = re.compile(r"uses: [\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    assert [line for line in used if not pinned.fullmatch(line)] == []


def test_the_servers_of_docker_compose_have_no_password_but_the_users() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    given = re.findall(r"(?:PASSWORD|AUTH): (.*)|requirepass\n +- (.*)", text)
    values = [plain or after for plain, after in given]
    assert len(values) == 3
    asked = re.compile(r'"\$\{BENCH_(POSTGRES|REDIS)_PASSWORD:\?[^:}]+\}"')
    assert [value for value in values if not asked.fullmatch(value)] == []


@pytest.mark.parametrize("page", ["README.md", "docs/your-saver.md", "docs/your-graph.md"])
def test_a_scenario_to_begin_with_gives_ratios(page: str) -> None:
    text = ROOT.joinpath(page).read_text(encoding="utf-8")
    examples = re.findall(r"^```toml\n(schema_version.*?)^```", text, re.MULTILINE | re.DOTALL)

    assert examples
    assert all(parse_scenario(example, page).baseline.subjects for example in examples)
