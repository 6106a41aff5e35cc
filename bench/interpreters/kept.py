"""What is kept of the environments that were made, and its removal."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from bench.contracts import Leftover
from bench.errors import InputError
from bench.interpreters.environments import READY, making
from bench.records.redaction import redact, secrets_within

_DAY_S = 86_400.0
_DIGEST = re.compile("[0-9a-f]{16}")


def clean(directory: Path, now_s: float, unused_days: float, *, remove: bool) -> Sequence[Leftover]:
    """List the environments in ``directory``; with ``remove`` remove those that are left over.

    That is what no process uses, and nobody has asked for in ``unused_days`` before ``now_s``.
    """
    places = directory.iterdir() if directory.is_dir() else ()
    return [
        _cleaned(place, now_s, unused_days, remove=remove)
        for place in sorted(places)
        if _DIGEST.fullmatch(place.name) and place.is_dir() and not place.is_symlink()
    ]


def _cleaned(place: Path, now_s: float, unused_days: float, *, remove: bool) -> Leftover:
    ready = place / READY
    *asked, _ = (
        ready.read_text(encoding="utf-8").splitlines() if ready.is_file() else ("half made", "")
    )
    named = ", ".join(redact(each, secrets_within(each)) for each in asked)
    days = (now_s - (ready if ready.is_file() else place).stat().st_mtime) / _DAY_S
    size_bytes = sum(file.lstat().st_size for file in place.rglob("*"))
    content = f"{named}; {size_bytes / 1e6:.0f} MB, last used {days:.0f} days ago"
    name = str(place)
    if any(_programs_in(place)):
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


def _programs_in(place: Path) -> Iterator[str]:
    """Yield the commands of processes whose Python is that of this environment."""
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or [""]
        if Path(command[0]).is_relative_to(place.absolute()):
            yield command[0]
