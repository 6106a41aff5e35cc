"""The programs of embedded servers, in the wheels of the extra ``embedded``.

The wheels are located, never imported: importing one of them prints warnings and makes directories.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from importlib.util import find_spec as _find_spec
from pathlib import Path

from bench.child_process import output_of
from bench.discovery import requirements
from bench.server_variables import without_servers

SUFFIX = ".exe" if sys.platform == "win32" else ""


def folder_of(package: str) -> Path | None:
    """Return the folder of an installed package, or ``None``."""
    spec = _find_spec(package)
    locations = list(spec.submodule_search_locations or ()) if spec else []
    return Path(locations[0]) if locations else None


def is_built_here(distribution: str) -> bool:
    """Tell whether the extra ``embedded`` brings ``distribution`` for this platform and Python."""
    markers = [one.marker for one in requirements() if one.name == distribution]
    return not markers or any(
        marker is None or marker.evaluate({"extra": "embedded"}) for marker in markers
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
        answer = output_of([str(program), "--version"], without_servers(os.environ))
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    match = re.search(r"\d+\.\d+(?:\.\d+)?", answer)
    return match[0] if match else "unknown"
