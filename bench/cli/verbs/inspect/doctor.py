"""``doctor``: checks whether this machine can measure, and what to fix."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

from bench.analysis.wording import counted
from bench.cli.screen import add_form, show
from bench.discovery import load, names
from bench.errors import EXIT_PASS, EXIT_UNAVAILABLE, BenchError, MissingPackageError
from bench.measure.environment import read_environment
from bench.records.run import Environment
from bench.report.page import Facts, Look, Section, Text
from bench.report.table import Table, table
from bench.subjects._factories.factory import subject_class

EXAMPLES = ("", "--verbose", "--format json")

Sign = Literal["✓", "⚠", "✗"]
_LOOKS: Mapping[Sign, Look] = {"✓": "good", "⚠": "warning", "✗": "bad"}
_FREE_BYTES = 2_000_000_000
_WATCHED = ("asyncio_debug", "debug_build", "tracing", "profiling", "coverage", "tracemalloc")
_IN_MEMORY = ("tmpfs", "ramfs")

# What was looked at, what of it is so, and what to do.
Finding = tuple[Sign, str, str, str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="also host, versions, and programs by SHA-256"
    )
    add_form(parser)


def run(options: argparse.Namespace) -> int:
    """Print what was found, with advice; end with 5 where something keeps one from measuring."""
    environment = read_environment(_packages(), {})
    free_bytes = shutil.disk_usage(tempfile.gettempdir()).free
    findings = [
        *of_host(environment.host, free_bytes),
        *of_python(environment.python),
        *(_of_plugin(kind, name) for kind in _STATES for name in names(kind)),
    ]
    shown = [*_lines(findings)] if options.form == "text" else [_table(findings)]
    show(
        [_sum(findings), *shown, *(_facts(environment) if options.verbose else ())],
        options.form,
        "Doctor",
    )
    return EXIT_UNAVAILABLE if any(sign == "✗" for sign, *_ in findings) else EXIT_PASS


def _sum(findings: Sequence[Finding]) -> Text:
    """Say whether this machine can measure, and how much stands in the way."""
    signs = Counter(sign for sign, *_ in findings)
    if signs["✗"]:
        return Text(f"✗ Not ready to measure: {counted(signs['✗'], 'point')} to mend.", "bad")
    if signs["⚠"]:
        points = counted(signs["⚠"], "point")
        return Text(f"⚠ Ready to measure, with {points} to know of.", "warning")
    return Text("✓ Ready to measure.", "good")


def _lines(findings: Sequence[Finding]) -> Iterator[Text]:
    for sign, what, is_so, advice in findings:
        yield Text(f"{sign} {what}: {is_so}", _LOOKS[sign])
        if advice:
            yield Text(f"  → {advice}")


def _table(findings: Sequence[Finding]) -> Table:
    return table("", ("verdict", "what", "as it is", "advice"), findings, look="plain")


def of_host(host: Mapping[str, str], free_bytes: int) -> Iterator[Finding]:
    """Judge the machine: its cores, who else uses them, and where the stores lie."""
    cores = float(host.get("cores_usable", host.get("cores", "1")))
    shared = "client and server share them: small differences take many blocks; better 4 or more"
    told = f"{cores:g} usable"
    yield ("✓", "cores", told, "") if cores >= 4 else ("⚠", "cores", told, shared)
    load_average = float(host.get("load_average", "0").split()[0])
    is_busy = load_average > cores / 4
    others = "something else is at work: end it, or wait" if is_busy else ""
    yield ("⚠" if is_busy else "✓", "load", f"{load_average:g} in the last minute", others)
    governor = host.get("governor", "performance")
    if governor != "performance":
        advice = "clocks go up and down; set it to performance"
        yield "⚠", "governor", governor, advice
    if "virtualization" in host:
        yield "⚠", "machine", host["virtualization"], "neighbours may take time; repeat on others"
    filesystem = host.get("filesystem", "unknown")
    if filesystem in _IN_MEMORY:
        advice = "a flush costs nothing there; set TMPDIR to a directory on a disk"
        yield "⚠", "temporary files", filesystem, advice
    else:
        yield "✓", "temporary files", filesystem, ""
    free = f"{free_bytes / 1e9:.1f} GB free"
    is_full = free_bytes < _FREE_BYTES
    yield "✗" if is_full else "✓", "disk", free, "make room: a run needs 2 GB" if is_full else ""


def of_python(python: Mapping[str, str]) -> Iterator[Finding]:
    """Judge the interpreter: nothing may watch the code that is measured."""
    watching = [name for name in _WATCHED if python.get(name) == "yes"]
    version = f"{python.get('implementation', 'Python')} {python.get('version', '')}"
    if not watching:
        yield "✓", "python", version, ""
    for name in watching:
        what = name.replace("_", " ")
        yield "✗", "python", f"{version}, {what}", f"{what} slows what is measured: switch it off"


def _of_plugin(kind: str, name: str) -> Finding:
    try:
        sign, is_so, advice = _STATES[kind](name)
    except MissingPackageError as error:
        sign, is_so, advice = "⚠", "not installed", str(error).partition("; ")[2]
    except BenchError as error:
        sign, is_so, advice = "✗", "not available", str(error)
    return sign, f"{kind} {name}", is_so, advice


def _server(name: str) -> tuple[Sign, str, str]:
    return "✓", load("server", name)(os.environ).check(), ""


def _subject(name: str) -> tuple[Sign, str, str]:
    subject_class(name)
    return "✓", "can be measured", ""


def _loop(name: str) -> tuple[Sign, str, str]:
    loop = load("loop", name)()
    is_windows = sys.platform == "win32"
    if reason := loop.unavailable():
        is_of_others = getattr(loop, "on_windows", is_windows) != is_windows
        return ("✓", reason, "") if is_of_others else ("⚠", "not available", reason)
    if loop.kind == "native":
        return "✓", "native", ""
    return "⚠", loop.kind, "shows what can run on it, not how fast"


_STATES: Mapping[str, Callable[[str], tuple[Sign, str, str]]] = {
    "server": _server,
    "loop": _loop,
    "subject": _subject,
}


def _facts(environment: Environment) -> Iterator[Section]:
    programs: dict[str, str] = {}
    for name in names("server"):
        # What is not there stands beside the server's name.
        with contextlib.suppress(BenchError):
            programs |= load("server", name)(os.environ).programs()
    groups = {
        "Host": environment.host,
        "Python": environment.python,
        "Packages": environment.packages,
        "Programs": programs,
    }
    for title, values in groups.items():
        yield Section(title, (Facts(tuple(sorted(values.items()))),))


def _packages() -> set[str]:
    found: set[str] = set()
    for kind in ("subject", "server", "loop"):
        for name in names(kind):
            with contextlib.suppress(BenchError):
                plugin: Any = load(kind, name)
                found |= {*getattr(plugin, "packages", ())}
    return found
