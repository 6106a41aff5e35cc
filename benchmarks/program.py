"""Runs a program of this folder in a fresh process, so that nothing is left from the last one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def answer_of(module: str, *arguments: object, limit_s: float = 60.0) -> dict[str, Any]:
    """Return the JSON object that ``benchmarks.<module>`` prints.

    Raises:
        RuntimeError: it ended with another code than 0.
        subprocess.TimeoutExpired: it took longer than ``limit_s``.
    """
    command = [sys.executable, "-m", f"benchmarks.{module}", *map(str, arguments)]
    ended = subprocess.run(  # noqa: S603 - our own program
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=limit_s
    )
    if ended.returncode:
        raise RuntimeError(f"{module} ended with {ended.returncode}: {ended.stderr[-1000:]}")
    found: dict[str, Any] = json.loads(ended.stdout)
    return found
