"""Many samples, and many cells: how long what is made of them takes, and how much memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.conftest import Add
from benchmarks.program import answer_of
from benchmarks.reach import Reach, at_most

_MOST_S = 15.0
_MOST_GB = 1.5
_MOST_REPORT_S = 10.0
_MOST_REPORT_GB = 0.5
_LIMIT_S = 120.0


def test_analysis(benchmark: Any, add: Add, tmp_path: Path) -> None:
    made = answer_of("analysed", "make_deep", tmp_path, limit_s=_LIMIT_S)
    found = benchmark.pedantic(
        answer_of, ("analysed", "analyse", tmp_path), {"limit_s": _LIMIT_S}, rounds=1
    )
    if found["operations"] != made["samples"]:
        raise RuntimeError(f"{found['operations']} of {made['samples']} samples were analysed")
    title = f"analysis of {made['samples']} samples in {made['trials']} trials"
    for reach in _reaches(title, found, _MOST_S, _MOST_GB):
        add(reach)


def test_report(benchmark: Any, add: Add, tmp_path: Path) -> None:
    made = answer_of("analysed", "make_wide", tmp_path, limit_s=_LIMIT_S)
    found = benchmark.pedantic(
        answer_of, ("analysed", "report", tmp_path), {"limit_s": _LIMIT_S}, rounds=1
    )
    title = f"reports of {found['cells']} cells, {made['samples']} samples"
    for reach in _reaches(title, found, _MOST_REPORT_S, _MOST_REPORT_GB):
        add(reach)


def _reaches(
    title: str, found: Mapping[str, Any], most_s: float, most_gb: float
) -> Iterator[Reach]:
    seconds, gigabytes = found["seconds"], found["peak_bytes"] / 1e9
    yield at_most(f"{title}: time", seconds, most_s, f"{seconds:.1f} s", f"{most_s:g} s")
    figure = f"{gigabytes:.2f} GB"
    yield at_most(f"{title}: peak memory", gigabytes, most_gb, figure, f"{most_gb:g} GB")
