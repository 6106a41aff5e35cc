"""What is kept of the environments that were made, and its removal."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from bench.contracts import Leftover
from bench.errors import InputError
from bench.interpreters.environments import READY, Ready, making
from bench.records.redaction import redact, secrets_within

_DAY_S = 86_400.0
_DIGEST = re.compile("[0-9a-f]{16}")


def clean(directory: Path, now_s: float, unused_days: float, *, remove: bool) -> Sequence[Leftover]:
    """List the environments in ``directory``; with ``remove`` remove those that are left over.

    That is what no process uses, and nobody has asked for in ``unused_days`` before ``now_s``.
    """
    places = directory.iterdir() if directory.is_dir() else ()
    found = []
    for place in sorted(places):
        if _DIGEST.fullmatch(place.name) and place.is_dir() and not place.is_symlink():
            # Another process may have removed it since.
            with suppress(FileNotFoundError):
                found.append(_cleaned(place, now_s, unused_days, remove=remove))
    return found


def _cleaned(place: Path, now_s: float, unused_days: float, *, remove: bool) -> Leftover:
    ready, requirements = place / READY, Ready.of(place).requirements
    asked = requirements or ("half made",)
    named = ", ".join(redact(each, secrets_within(each)) for each in asked)
    used_s = (ready if requirements else place).stat().st_mtime
    days = (now_s - used_s) / _DAY_S
    content = f"{named}; {_size_bytes(place) / 1e6:.0f} MB, last used {days:.0f} days ago"
    name = str(place)
    if _is_used(place):
        return Leftover(name, content, "in use")
    if days < unused_days:
        return Leftover(name, content, "recent")
    if not remove:
        return Leftover(name, content, "left over")
    try:
        with making(place, asked):
            # Half of it must not be taken for whole.
            ready.unlink(missing_ok=True)
            shutil.rmtree(place)
    except InputError:
        return Leftover(name, content, "in use")
    except OSError as error:
        return Leftover(name, content, "kept", str(error))
    return Leftover(name, content, "removed")


def _size_bytes(place: Path) -> int:
    """Return what it takes; another process may be making or removing it."""
    size_bytes = 0
    for directory, folders, files in os.walk(place):
        for name in (*folders, *files):
            with suppress(FileNotFoundError):
                size_bytes += (Path(directory) / name).lstat().st_size
    return size_bytes


def _is_used(place: Path) -> bool:
    """Tell whether the Python of some process is that of this environment."""
    return any(
        Path((process.info["cmdline"] or [""])[0]).is_relative_to(place.absolute())
        for process in psutil.process_iter(["cmdline"])
    )
