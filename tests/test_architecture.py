"""What ARCHITECTURE.md promises about the shape of the code."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "bench").rglob("*.py"))

MOST_LINES = 500
VAGUE_NAMES = {
    *("util", "utils", "utility", "utilities", "helper", "helpers", "common", "misc"),
    *("manager", "managers"),
}
HEAVY = {
    *("numpy", "matplotlib", "scipy", "pydantic", "rich", "jinja2", "psutil"),
    *("langgraph", "langchain_core", "langsmith", "psycopg", "psycopg_pool", "redis", "redisvl"),
    *("aiosqlite", "uvloop"),
}
CLOCKS = {
    *("perf_counter", "perf_counter_ns", "monotonic", "monotonic_ns", "time_ns"),
    *("process_time", "process_time_ns", "thread_time", "thread_time_ns"),
}

# Operations are timed with one clock, which is handed to those who stamp. Whoever else reads one
# says here what for.
CLOCK_READERS = {
    "bench/checks/checking.py": "tells how long a subject's checks took",
    "bench/cli/progress.py": "spaces the lines that it prints",
    "bench/cli/verbs/inspect/migrate.py": "tells how fast it copies, spaces its lines",
    "bench/cli/verbs/inspect/clean.py": "for how long an interpreter was not used",
    "bench/handover/clock.py": "is the clock of all measuring",
    "bench/measure/runner.py": "estimates the time left",
    "bench/measure/worker_process.py": "waits for a worker no longer than a limit",
    "bench/probes/garbage_collector.py": "times collections, which no operation's time shows apart",
    "bench/probes/host_pressure.py": "divides what the system counted by time",
    "bench/probes/_beat.py": "sets timers again that fire early",
    "bench/probes/loop_holder.py": "tells how late the loop comes to its beat",
    "bench/probes/loop_lag.py": "tells how late the loop comes to its beat",
    "bench/probes/process_usage.py": "divides CPU time by time, spaces its samples",
    "bench/selftest/simulated.py": "releases what it simulates at absolute instants",
    "bench/servers/_embedded.py": "waits for a server no longer than a limit",
    "bench/servers/_redis_namespace.py": "waits for indexes and files no longer than a limit",
    "bench/systems/degrading.py": "monitors its own response time",
    "bench/servers/_keeper.py": "waits for a server no longer than a limit",
}
CLOCK_USERS = {
    "bench/measure/runner.py": "hands the clock to what breaks a trial",
    "bench/verify/verifier.py": "bounds the time of reading back",
    "bench/measure/worker.py": "hands the clock to what runs in the worker",
    "bench/measure/site.py": "notes when what is done beside the worker was done",
    "bench/measure/worker_process.py": "notes when a worker was started",
}


def name_of(module: Path) -> str:
    return module.relative_to(ROOT).as_posix()


@cache
def nodes(module: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(module.read_text(encoding="utf-8"))))


def reads_clock(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.module == "time" and any(
            alias.name in CLOCKS | {"time"} for alias in node.names
        )
    if not isinstance(node, ast.Attribute):
        return False
    of_time = isinstance(node.value, ast.Name) and node.value.id == "time"
    return node.attr in CLOCKS or (of_time and node.attr == "time")


def reads_loop_clock(node: ast.AST) -> bool:
    """Tell whether ``node`` is ``<something>.time()`` of anything but the module ``time``."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    owner = node.func.value
    of_module = isinstance(owner, ast.Name) and owner.id in {"time", "datetime", "dt"}
    return node.func.attr == "time" and not of_module


def sleeps_a_period(node: ast.AST) -> bool:
    """Tell whether ``node`` is ``sleep(<something> / <something>)``."""
    if not isinstance(node, ast.Call) or not node.args:
        return False
    function = node.func
    called = getattr(function, "attr", getattr(function, "id", ""))
    argument = node.args[0]
    return (
        called == "sleep" and isinstance(argument, ast.BinOp) and isinstance(argument.op, ast.Div)
    )


def run_python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # this interpreter, fixed arguments
        [sys.executable, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_a_module_can_be_read_in_one_sitting(module: Path) -> None:
    lines = len(module.read_text(encoding="utf-8").splitlines())
    assert lines <= MOST_LINES


def test_no_name_says_nothing() -> None:
    words = {
        (name_of(module), word)
        for module in MODULES
        for part in module.relative_to(ROOT).with_suffix("").parts
        for word in part.split("_")
    }
    assert {(module, word) for module, word in words if word in VAGUE_NAMES} == set()


def test_imports_run_one_way() -> None:
    program = "import sys; from importlinter.cli import lint_imports; "
    program += "sys.exit(lint_imports(no_cache=True, is_debug_mode=False))"
    result = run_python("-c", program)
    assert result.returncode == 0, result.stdout + result.stderr


def test_help_imports_nothing_heavy() -> None:
    result = run_python("-X", "importtime", "-m", "bench", "--help")
    assert result.returncode == 0, result.stderr
    imported = set(re.findall(r"^import time:.*\|\s*([\w.]+)$", result.stderr, re.MULTILINE))
    assert "bench.cli" in imported
    assert {name for name in imported if name.partition(".")[0] in HEAVY} == set()


def test_clocks_are_read_in_known_places_only() -> None:
    readers = {
        name_of(module) for module in MODULES if any(reads_clock(node) for node in nodes(module))
    }
    assert sorted(readers) == sorted(CLOCK_READERS)


def test_the_clock_of_all_measuring_is_handed_out_in_one_place() -> None:
    users = {
        name_of(module)
        for module in MODULES
        for node in nodes(module)
        if isinstance(node, ast.ImportFrom | ast.Import)
        and "bench.handover.clock" in ast.unparse(node)
    }
    assert sorted(users) == sorted(CLOCK_USERS)


@pytest.mark.parametrize(
    "source",
    ["time.time()", "time.perf_counter_ns()", "from time import monotonic", "clock=time.monotonic"],
)
def test_reading_a_clock_is_recognised(source: str) -> None:
    assert any(reads_clock(node) for node in ast.walk(ast.parse(source)))


def test_no_event_loop_clock_is_read() -> None:
    """Some loops cache it."""
    found = [name_of(m) for m in MODULES for node in nodes(m) if reads_loop_clock(node)]
    assert found == []


@pytest.mark.parametrize("source", ["loop.time()", "asyncio.get_running_loop().time()"])
def test_reading_a_loop_clock_is_recognised(source: str) -> None:
    assert any(reads_loop_clock(node) for node in ast.walk(ast.parse(source)))


def test_nothing_is_paced_by_sleeping_a_period() -> None:
    """Each sleep adds its own lateness, so that the rate would drift downwards."""
    found = [name_of(m) for m in MODULES for node in nodes(m) if sleeps_a_period(node)]
    assert found == []


@pytest.mark.parametrize("source", ["await asyncio.sleep(1 / rate)", "sleep(1_000 / rate)"])
def test_sleeping_a_period_is_recognised(source: str) -> None:
    program = ast.parse(source, mode="exec")
    assert any(sleeps_a_period(node) for node in ast.walk(program))
