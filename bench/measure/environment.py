"""Where a run takes place: host, packages, interpreter, source.

Read once, in the runner. Only what workers share with it is told: they are started with the same
interpreter and the same variables, but not with its command-line options.

Nothing here names a person, a machine or a place: no host or user name, no address, no path.
"""

from __future__ import annotations

import gc
import importlib.util
import os
import platform
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from functools import partial
from importlib.metadata import distributions
from pathlib import Path

from packaging.utils import canonicalize_name

import bench
from bench.child_process import output_of
from bench.measure._host import read_host, readable
from bench.records.run import Environment
from bench.server_variables import without_servers

# Each can change a number of any saver. What else can, a plug-in declares.
PACKAGES = (
    *("checkpoint-bench", "langchain-core", "langgraph", "langgraph-sdk", "numpy", "orjson"),
    *("ormsgpack", "psutil", "pydantic", "pydantic-core", "scipy"),
)
_PREFIX = "langgraph-checkpoint"

# What a run writes into its own checkout changes nothing of the program.
_PROGRAM = ("--", ":/", ":(top,exclude)reports", ":(top,exclude)results")

# The values of these are numbers or words; those of all others could be paths.
_TELLING_VARIABLES = (
    "PYTHONASYNCIODEBUG",
    "PYTHONDEVMODE",
    "PYTHONMALLOC",
    "PYTHONOPTIMIZE",
    "PYTHON_CPU_COUNT",
    "PYTHON_GIL",
    "PYTHON_JIT",
)
# Printed last by an interpreter that says what watches it, in the order of the program.
_WATCHERS = ("tracing", "profiling", "coverage", "tracemalloc")
_ASK = """
import sys, tracemalloc
coverage, monitoring = sys.modules.get("coverage"), getattr(sys, "monitoring", None)
tools = [monitoring.get_tool(number) is not None for number in range(3)] if monitoring else []
answers = (
    sys.gettrace() is not None or any(tools[:2]),
    sys.getprofile() is not None or any(tools[2:]),
    coverage is not None and coverage.Coverage.current() is not None,
    tracemalloc.is_tracing(),
)
print(*("yes" if answer else "no" for answer in answers))
"""


def read_environment(
    packages: Iterable[str], servers: Mapping[str, str], programs: Mapping[str, str] | None = None
) -> Environment:
    """Describe where a run takes place; never fails, since what cannot be read is left out.

    ``packages`` are distributions to name besides :data:`PACKAGES`; ``servers`` is kept as it is:
    what each server says of itself, by name, without a password; so are ``programs``, the files of
    embedded servers with version and SHA-256.
    """
    commit = _commit()
    return Environment(
        host=read_host(),
        packages=_versions(packages),
        python=_python(os.environ),
        servers=dict(servers),
        commit=commit,
        dirty=bool(commit and _git("status", "--porcelain", "--untracked-files=no", *_PROGRAM)),
        programs=dict(programs or {}),
    )


def machine_here() -> str:
    """Name this machine as the records of runs do that were made on one like it."""
    return Environment(read_host(), {}, {}, {}, "", dirty=False).machine


def _versions(packages: Iterable[str]) -> dict[str, str]:
    wanted = {canonicalize_name(name) for name in (*PACKAGES, *packages)}
    found: dict[str, str] = {}
    for distribution in distributions():
        read = readable({key: partial(getattr, distribution, key) for key in ("name", "version")})
        name = canonicalize_name(read.get("name", ""))
        # Of two that have one name, the first on the path is imported.
        if "version" in read and (name in wanted or name.startswith(_PREFIX)):
            found.setdefault(name, read["version"])
    return dict(sorted(found.items()))


def _python(variables: Mapping[str, str]) -> dict[str, str]:
    asked = watched_by(variables)
    return readable(
        {
            "version": platform.python_version,
            "implementation": platform.python_implementation,
            "compiler": platform.python_compiler,
            "gil": _gil,
            "debug_build": lambda: _yes_or_no(bool(sysconfig.get_config_var("Py_DEBUG"))),
            "optimized_build": _optimized_build,
            "asyncio_debug": lambda: _yes_or_no(_debugs_asyncio(variables)),
            **{name: partial(asked.get, name) for name in asked},
            "switch_interval_s": sys.getswitchinterval,
            "gc_thresholds": lambda: " ".join(map(str, gc.get_threshold())),
            "psycopg": lambda: _psycopg(variables),
            "libpq": _libpq,
            "hiredis": lambda: _yes_or_no(_is_installed("hiredis")),
            "sqlite": _sqlite,
            "variables": lambda: _variables(variables),
        }
    )


def _gil() -> str:
    is_enabled = getattr(sys, "_is_gil_enabled", lambda: True)
    return "enabled" if is_enabled() else "disabled"


def _optimized_build() -> str:
    arguments = str(sysconfig.get_config_var("CONFIG_ARGS") or "")
    options = {"--enable-optimizations": "pgo", "--with-lto": "lto"}
    return " ".join(name for option, name in options.items() if option in arguments)


def _debugs_asyncio(variables: Mapping[str, str]) -> bool:
    return bool(variables.get("PYTHONASYNCIODEBUG") or variables.get("PYTHONDEVMODE"))


def watched_by(variables: Mapping[str, str]) -> dict[str, str]:
    """Ask a fresh interpreter, started as workers are, what watches its code: yes or no by name.

    Variables and what is installed beside Python (``.pth`` files, ``sitecustomize``) can switch
    tracing, profiling, coverage or ``tracemalloc`` on; only an interpreter of its own shows that.
    Empty where none can be started.
    """
    try:
        told = output_of([sys.executable, "-P", "-c", _ASK], without_servers(variables))
    except (OSError, subprocess.SubprocessError):
        return {}
    lines = told.splitlines()
    answers = dict(zip(_WATCHERS, lines[-1].split(), strict=False)) if lines else {}
    return {name: answer for name, answer in answers.items() if answer in ("yes", "no")}


def _psycopg(variables: Mapping[str, str]) -> str | None:
    """Return the implementation that psycopg chooses as it is imported."""
    if not _is_installed("psycopg"):
        return None
    asked_for = variables.get("PSYCOPG_IMPL", "").lower()
    compiled = [name for name in ("c", "binary") if _is_installed(f"psycopg_{name}")]
    choices = (*compiled, "python")
    return asked_for if asked_for in choices else choices[0]


def _libpq() -> str:
    from psycopg import pq  # noqa: PLC0415 - a driver: loaded only when its version is asked for

    major, minor = divmod(pq.version(), 10_000)
    return f"{major}.{minor}"


def _sqlite() -> str:
    import sqlite3  # noqa: PLC0415 - not every Python was built with it

    return sqlite3.sqlite_version


def _variables(variables: Mapping[str, str]) -> str:
    """Name the variables of Python's that are set, with their values where those are no paths."""
    return " ".join(
        f"{name}={value}" if _may_tell(name, value) else name
        for name, value in sorted(variables.items())
        if name.startswith("PYTHON")
    )


def _may_tell(name: str, value: str) -> bool:
    return name in _TELLING_VARIABLES and re.fullmatch(r"[A-Za-z0-9_-]{1,20}", value) is not None


def _is_installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _yes_or_no(answer: bool) -> str:
    return "yes" if answer else "no"


def _commit() -> str:
    """Return the commit of the checkout that this package is part of, or nothing.

    Installed packages may lie inside the checkout of another project: so this one must be tracked.
    """
    return _git("rev-parse", "HEAD") if _git("ls-files", "--", "__init__.py") else ""


def _git(*arguments: str) -> str:
    command = ["git", "--no-optional-locks", *arguments]
    try:
        return output_of(command, directory=Path(bench.__file__).parent)
    except (OSError, subprocess.SubprocessError):
        return ""
