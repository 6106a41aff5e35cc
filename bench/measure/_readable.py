"""Facts that may not be there: what cannot be read is left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

Read = Callable[[], object]


def readable(reads: Mapping[str, Read]) -> dict[str, str]:
    """Return by name, as text, what each of ``reads`` gives; without those that give nothing."""
    found = {}
    for name, read in reads.items():
        try:
            value = read()
        # A fact about the machine that cannot be had must not cost the measurement.
        except Exception:  # noqa: BLE001, S112 - see above; a fact left out is seen to be missing
            continue
        if value is not None and str(value).strip():
            found[name] = str(value).strip()
    return found


def first_line(*paths: Path) -> str:
    """Return the first line of the first of ``paths`` that can be read, or nothing."""
    for path in paths:
        try:
            return path.read_text(encoding="utf-8", errors="replace").partition("\n")[0].strip()
        except OSError:
            continue
    return ""
