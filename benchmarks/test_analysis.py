"""Ten million samples: how long their analysis takes, and how much memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.conftest import Add
from benchmarks.program import answer_of
from benchmarks.reach import at_most

_MOST_S = 15.0
_MOST_GB = 1.5
_LIMIT_S = 120.0


def test_analysis(benchmark: Any, add: Add, tmp_path: Path) -> None:
    made = answer_of("analysed", "make_deep", tmp_path, limit_s=_LIMIT_S)
    found = benchmark.pedantic(
        answer_of, ("analysed", "analyse", tmp_path), {"limit_s": _LIMIT_S}, rounds=1
    )
    if found["operations"] != made["samples"]:
        raise RuntimeError(f"{found['operations']} of {made['samples']} samples were analysed")
    title = f"analysis of {made['samples']} samples in {made['trials']} trials"
    seconds, gigabytes = found["seconds"], found["peak_bytes"] / 1e9
    add(at_most(f"{title}: time", seconds, _MOST_S, f"{seconds:.1f} s", f"{_MOST_S:g} s"))
    figure = f"{gigabytes:.2f} GB"
    add(at_most(f"{title}: peak memory", gigabytes, _MOST_GB, figure, f"{_MOST_GB:g} GB"))
