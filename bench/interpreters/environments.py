"""Makes virtual environments, and finds them again.

Each holds this program, what the requirements name, and of everything else the same versions: those
of ``constraints.txt`` in a checkout, else those that are installed beside this program. It is made
once and kept in a directory named by a hash of all that decides what is in it.

Where nothing but the requirements may differ, as between the arms of a gate, that is all. A saver
with other dependencies gets what goes with it where these versions do not: what differs is told.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from importlib.metadata import distributions
from pathlib import Path

import bench
from bench.errors import InputError, UnavailableError
from bench.handover.interpreter import Interpreter
from bench.records.files import make_directory, write_file
from bench.records.lock import locked
from bench.records.redaction import redact, secrets_in, secrets_within
from bench.server_variables import without_servers

_LIMIT_S = 900.0
_TAIL_CHARACTERS = 1_500
READY = "ready.txt"
"""What an environment that is whole has: its requirements. Its time is that of the last use."""
_NOT_INSTALLED = "not installed"
_VERSIONS = """
from importlib.metadata import distributions
for one in distributions():
    print(one.name, one.version)
"""
ENVIRONMENTS = Path(".gate")
"""Where those of a gate are kept."""
HELD = "held"
LEFT_OUT = "left out: they conflict with the requirements"
# How pip and uv say that versions do not go together, and not that nobody answered.
_CONFLICT = re.compile(
    r"ResolutionImpossible|No solution found when resolving|\(from versions: (?!none\))"
)
# Nothing that is measured has to do with them.
_INSTALLERS = ("pip", "setuptools")
# What a saver is measured with where LangGraph's own savers do not go with it.
_LEAST = ("uvloop", "winloop")
_SUITE = "langgraph-checkpoint-conformance"

# Runs a command and returns what it printed; raises subprocess.SubprocessError or OSError.
Runs = Callable[[Sequence[str]], str]


@dataclass(frozen=True, slots=True)
class PreparedEnvironment:
    """An environment that is ready: its ``interpreter``, and ``versions`` by distribution.

    These are of what the requirements name, and of all that has another version here, or none;
    ``installed`` has them all. ``constraints`` is ``HELD`` or ``LEFT_OUT``.
    """

    interpreter: Interpreter
    versions: Mapping[str, str]
    installed: Mapping[str, str]
    constraints: str = HELD

    def beside(self, other: PreparedEnvironment) -> PreparedEnvironment:
        """Return this with the versions alone in which the two differ; else of what is named."""
        either = {**self.versions, **other.versions}
        differing = [one for one in either if self.installed.get(one) != other.installed.get(one)]
        names = differing or [*self.versions][:1]
        return replace(
            self, versions={one: self.installed.get(one, _NOT_INSTALLED) for one in names}
        )


@dataclass(frozen=True, slots=True)
class Ready:
    """What an environment says of itself: both are empty while it is half made."""

    requirements: tuple[str, ...] = ()
    constraints: str = ""

    @classmethod
    def of(cls, place: Path) -> Ready:
        """Read that of the environment at ``place``, which another process may be removing."""
        try:
            *requirements, constraints = (place / READY).read_text(encoding="utf-8").splitlines()
        except (FileNotFoundError, ValueError):
            return cls()
        whole = constraints in {HELD, LEFT_OUT}
        return cls(tuple(requirements), constraints) if whole else cls()


def run_command(command: Sequence[str]) -> str:
    """Run ``command`` and return its standard output.

    It is not told of the user's servers: installers run what packages bring to build themselves.
    """
    done = subprocess.run(  # noqa: S603 - our own arguments; requirements are the user's
        command,
        capture_output=True,
        text=True,
        check=True,
        timeout=_LIMIT_S,
        env=without_servers(os.environ),
    )
    return done.stdout


def prepare(
    requirements: Sequence[str],
    directory: Path,
    runs: Runs = run_command,
    *,
    python: str = "",
    holds_the_rest: bool = True,
) -> PreparedEnvironment:
    """Return an environment in which ``requirements`` are installed; make it if it is not there.

    A requirement is what pip takes: ``name==1.2``, ``name @ URL``, or the path of a project or an
    archive. The distributions that they name are free of the constraints, and nothing else is,
    unless the rest need not be held where it cannot be. ``python`` is a version as "3.12"; "" is
    that of this program.

    Raises:
        InputError: a requirement names no distribution.
        UnavailableError: it cannot be installed, or that Python is not there, or another process
            is making this environment.
    """
    names = [_name_of(requirement) for requirement in requirements]
    constraints = "".join(f"{line}\n" for line in _constraints(set(names)))
    place = directory / _digest(requirements, f"{constraints}{python}{holds_the_rest}")
    made = place / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    try:
        # What is ready stays as it is, so that nobody has to wait for it.
        if not Ready.of(place).constraints:
            with making(place, requirements):
                if not Ready.of(place).constraints:
                    if place.exists():
                        shutil.rmtree(place)
                    install = _new(make_directory(place), made, python, runs)
                    _fill(place, install, requirements, constraints, holds_the_rest=holds_the_rest)
        with suppress(OSError):
            (place / READY).touch()
        told = runs([str(made), "-P", "-c", _VERSIONS])
    except (OSError, subprocess.SubprocessError) as error:
        raise UnavailableError(_why(requirements, error)) from error
    # Two checkouts may have one version.
    places = {
        name: f" from {redact(requirement, _secrets_of(requirements))}"
        for name, requirement in zip(names, requirements, strict=True)
        if _is_path(requirement)
    }
    there = (line.split(" ", 1) for line in told.splitlines())
    found = {canonical(name): version for name, version in there}
    installed = {name: version + places.get(name, "") for name, version in found.items()}
    versions = {name: installed.get(name, _NOT_INSTALLED) for name in (*names, *_differing(found))}
    interpreter = Interpreter(str(made.absolute()))
    return PreparedEnvironment(interpreter, versions, installed, Ready.of(place).constraints)


def making(place: Path, requirements: Sequence[str]) -> AbstractContextManager[None]:
    """Be the only one to make or remove the environment at ``place``, which is of these.

    Raises:
        InputError: another process is.
    """
    file = make_directory(place.parent) / f"{place.name}.lock"
    file.touch()
    named = redact(", ".join(requirements), _secrets_of(requirements))
    return locked(file, f"an environment with {named}")


def _new(place: Path, made: Path, python: str, runs: Runs) -> Callable[[Sequence[str]], object]:
    """Make an empty environment; return what installs into it."""
    uv = shutil.which("uv")
    if uv:
        chosen = python or sys.executable
        runs([uv, "venv", "--quiet", "--allow-existing", "--python", chosen, str(place)])
        installer = [uv, "pip", "install", "--quiet", "--python", str(made)]
    else:
        chosen = f"python{python}" if python else sys.executable
        if not shutil.which(chosen):
            raise UnavailableError(
                f"there is no {chosen} on the PATH: install it, or uv, which fetches it"
            )
        runs([chosen, "-P", "-m", "venv", str(place)])
        installer = [str(made), "-P", "-m", "pip", "install", "--quiet", "--no-compile"]
    return lambda wanted: runs([*installer, *wanted])


def _fill(
    place: Path,
    install: Callable[[Sequence[str]], object],
    requirements: Sequence[str],
    constraints: str,
    *,
    holds_the_rest: bool,
) -> None:
    file = place / "constraints.txt"
    write_file(file, constraints.encode())
    used = HELD
    try:
        install(["--constraint", str(file), *_ourselves("savers"), *requirements])
    except subprocess.CalledProcessError as error:
        if holds_the_rest or not _CONFLICT.search(f"{error.stderr}\n{error.stdout}"):
            raise
        install([*_ourselves(*_LEAST), _SUITE, *requirements])
        used = LEFT_OUT
    told = redact("\n".join(requirements), _secrets_of(requirements))
    write_file(place / READY, f"{told}\n{used}\n".encode())


def _differing(found: Mapping[str, str]) -> list[str]:
    """Name what is installed otherwise than here."""
    here = {canonical(one.name): one.version for one in distributions()}
    return sorted(
        name
        for name, version in found.items()
        if here.get(name) != version and name not in _INSTALLERS
    )


def _ourselves(*extras: str) -> tuple[str, ...]:
    root = _checkout()
    if root is not None:
        return ("--editable", f"{root}[{','.join(extras)}]")
    return (f"checkpoint-bench[{','.join(extras)}]=={bench.__version__}",)


def _checkout() -> Path | None:
    root = Path(bench.__file__).parents[1]
    return root if (root / "pyproject.toml").is_file() else None


def _constraints(free: set[str]) -> Iterator[str]:
    root = _checkout()
    file = root / "constraints.txt" if root else None
    if file is not None and file.is_file():
        lines = file.read_text(encoding="utf-8").splitlines()
    else:
        found = {canonical(each.name): each.version for each in distributions()}
        lines = [f"{name}=={version}" for name, version in sorted(found.items())]
    free = free | {"checkpoint-bench"}
    yield from (
        line for line in lines if "==" in line and canonical(line.split("==")[0]) not in free
    )


def _name_of(requirement: str) -> str:
    """Return the canonical name of the distribution that ``requirement`` names."""
    path = Path(requirement)
    if not _is_path(requirement):
        found = re.match(r"([A-Za-z0-9][\w.-]*)\s*(?=$|[\[=<>~!@; ])", requirement)
    elif path.is_dir():
        file = path / "pyproject.toml"
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        found = re.search(r"^name\s*=\s*[\"']([\w.-]+)[\"']", text, re.MULTILINE)
    else:
        is_there = path.is_file()
        found = re.match(r"([\w.]+(?:-[A-Za-z][\w.]*)*)-\d", path.name) if is_there else None
    if found is None:
        raise InputError(
            f"{redact(repr(requirement), _secrets_of([requirement]))} names no distribution; "
            "expected for example 'name==1.2', or the path of a project with a pyproject.toml"
        )
    return canonical(found[1])


def _is_path(requirement: str) -> bool:
    """Tell paths from names as pip does: a name alone is never a directory."""
    place = requirement.partition("@")[0]
    archive = place.endswith((".whl", ".tar.gz", ".zip"))
    return archive or place in (".", "..") or "/" in place or "\\" in place


def canonical(name: str) -> str:
    """Spell a distribution's name as PEP 503 does."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def _digest(requirements: Sequence[str], constraints: str) -> str:
    content = hashlib.sha256(f"{sys.version}\n{constraints}\n{_ourselves('savers')}\n".encode())
    for requirement in sorted(requirements):
        content.update(f"{requirement}\n".encode())
        for path in sorted(_files(Path(requirement)) if _is_path(requirement) else ()):
            content.update(f"{path}\n".encode())
            content.update(path.read_bytes())
    return content.hexdigest()[:16]


def _files(path: Path) -> Iterator[Path]:
    """Yield the files that a local requirement is built from, but for what is made from them."""
    if path.is_file():
        yield path
    elif path.is_dir():
        for found in path.rglob("*"):
            hidden = any(part.startswith(".") for part in found.relative_to(path).parts)
            if found.is_file() and not hidden and found.suffix != ".pyc":
                yield found


def _why(requirements: Sequence[str], error: Exception) -> str:
    text = str(error)
    if isinstance(error, subprocess.CalledProcessError):
        text = str(error.stderr or error.stdout).strip()
    secrets = _secrets_of(requirements)
    named = redact(", ".join(requirements), secrets)
    # Before it is cut: of a token that is cut in two nobody finds the rest.
    tail = redact(text, secrets)[-_TAIL_CHARACTERS:]
    return f"cannot make an environment with {named}: {tail}"


def _secrets_of(requirements: Sequence[str]) -> tuple[str, ...]:
    return (*secrets_in(os.environ), *(s for each in requirements for s in secrets_within(each)))
