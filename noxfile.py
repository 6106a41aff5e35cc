"""Sessions: ``nox -s bench`` measures, ``nox`` checks. ``nox -l`` lists them.

They run on the interpreter that runs nox (CPython 3.11 to 3.13); ``nox -P 3.12 -s tests`` takes
another one. Every session installs the versions of ``constraints.txt``.

nox itself ends with 1 for whatever a session fails with. The benchmark's own exit codes (2 bad
input, 3 inconclusive, …) are those of ``checkpoint-bench``.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import nox

ROOT = Path(__file__).parent
CONSTRAINTS = ROOT / "constraints.txt"
PYPROJECT = ROOT / "pyproject.toml"
EXTRAS = nox.project.load_toml(PYPROJECT)["project"]["optional-dependencies"]

# The runner needs this time after Ctrl-C to stop its servers and remove what it made; nox would
# otherwise end it within half a second.
INTERRUPT_TIMEOUT_S = 30
TERMINATE_TIMEOUT_S = 10

nox.needs_version = ">=2024.4.15"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["tests", "lint", "types"]


@nox.session
def bench(session: nox.Session) -> None:
    """Measure a scenario and write its report: nox -s bench -- [SCENARIO] [flags of run]."""
    _install(session, "-e", ".[all]")
    arguments = list(session.posargs)
    if not arguments or arguments[0].startswith("-"):
        arguments.insert(0, "savers")
    _run(session, "checkpoint-bench", "run", *arguments)


@nox.session
def smoke(session: nox.Session) -> None:
    """Run every saver on every loop once, in about a minute."""
    _install(session, "-e", ".[all]")
    _run(session, "checkpoint-bench", "run", "smoke", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests, those of the real servers included: nox -s tests -- [flags of pytest].

    Two more at a time than there are cores, since many wait; ``-- -n 0`` runs one after the other.
    """
    _install(session, "-e", ".[all,tests]")
    workers = str((os.cpu_count() or 1) + 2)
    _run(session, "python", "-m", "pytest", "-n", workers, "--dist", "worksteal", *session.posargs)


@nox.session
def overhead(session: nox.Session) -> None:
    """Measure what measuring costs: nox -s overhead -- [--benchmark-json=FILE, flags of pytest]."""
    _install(session, "-e", ".[overhead]")
    _run(session, "python", "-m", "pytest", "benchmarks", "--benchmark-quiet", *session.posargs)


@nox.session
def verify(session: nox.Session) -> None:
    """Judge the published claims on recorded runs, without a database or a driver."""
    _install(session, "-e", ".")
    _run(session, "checkpoint-bench", "verify", *session.posargs)


@nox.session
def site(session: nox.Session) -> None:
    """Write static pages of the reference runs, verdicts and documents into site/."""
    _install(session, "-e", ".")
    _run(session, "checkpoint-bench", "site", *session.posargs)


@nox.session
def claims(session: nox.Session) -> None:
    """Measure what claims need, and compare: nox -s claims -- [ID…] (all: 42 min)."""
    _install(session, "-e", ".[all]")
    _run(session, "checkpoint-bench", "claims", *session.posargs)


@nox.session
def gate(session: nox.Session) -> None:
    """Tell whether a saver got slower: nox -s gate -- --base REQUIREMENT --head REQUIREMENT."""
    _install(session, "-e", ".[all]")
    _run(session, "checkpoint-bench", "gate", *session.posargs)


@nox.session
def characteristics(session: nox.Session) -> None:
    """Find how often the gate is right, from recorded trials: nox -s characteristics -- [--record].

    Writes the figures of docs/characteristics.md and its plots, within 5 minutes; with --record it
    first measures again, on a quiet machine in a quarter of an hour.
    """
    _install(session, "-e", ".[all]")
    _run(session, "python", "-m", "characteristics", *session.posargs)


@nox.session
def selftest(session: nox.Session) -> None:
    """Measure subjects whose behaviour is known, on every loop; about 5 minutes on 2 cores."""
    _install(session, "-e", ".[all]")
    _run(session, "checkpoint-bench", "selftest", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, format and the direction of imports."""
    _install(session, *EXTRAS["lint"])
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("lint-imports", "--no-cache")


@nox.session
def types(session: nox.Session) -> None:
    """Check types, strictly."""
    _install(session, "-e", ".[all,tests,types]")
    session.run("mypy")


@nox.session
def build(session: nox.Session) -> None:
    """Build the source archive and the wheel into dist/."""
    _install(session, "build")
    session.run("python", "-m", "build", *session.posargs)


def _install(session: nox.Session, *requirements: str) -> None:
    """Install ``requirements``, unless this environment has them already.

    So a second run starts at once, and needs no network. Where nox makes no environments
    (--no-venv), everything is in the one that runs it.
    """
    if session.venv_backend == "none":
        return
    content = [PYPROJECT.read_bytes(), CONSTRAINTS.read_bytes(), repr(requirements).encode()]
    digest = hashlib.sha256(b"\0".join(content)).hexdigest()
    stamp = Path(session.virtualenv.location) / "installed.sha256"
    if stamp.is_file() and stamp.read_text(encoding="ascii") == digest:
        session.log("everything is installed already")
        return
    session.install("-c", str(CONSTRAINTS), *requirements)
    # As a step of the installation it is left out where nox leaves that out (--no-install).
    write = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text(sys.argv[2])"
    session.run_install("python", "-c", write, str(stamp), digest, silent=True)


def _run(session: nox.Session, *command: str) -> None:
    session.run(
        *command,
        interrupt_timeout=INTERRUPT_TIMEOUT_S,
        terminate_timeout=TERMINATE_TIMEOUT_S,
    )
