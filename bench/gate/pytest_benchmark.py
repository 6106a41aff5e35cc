"""Both arms as files that ``pytest-benchmark compare`` reads, one each, of the same names.

A round is a trial: what it took, in seconds. A rate is told as the time between two of its events.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from bench.gate.result import GateResult, Judgement
from bench.records.run import RunRecord

_NS_PER_S = 1e9


def pytest_benchmark(result: GateResult) -> Mapping[str, bytes]:
    """Return file name → content for base and head."""
    return {f"pytest-benchmark-{arm}.json": _file(result, arm) for arm in ("base", "head")}


def _file(result: GateResult, arm: Literal["base", "head"]) -> bytes:
    run = result.runs[0]
    content = {
        "machine_info": _machine(run),
        "commit_info": {"id": run.environment.commit, "dirty": run.environment.dirty},
        "benchmarks": list(_benchmarks(result.judgements, arm)),
        "datetime": run.started_at,
        "version": "5.1.0",
    }
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def _machine(run: RunRecord) -> dict[str, Any]:
    host, python = run.environment.host, run.environment.python
    return {
        "node": "",
        "processor": host.get("machine", ""),
        "machine": host.get("machine", ""),
        "python_implementation": python.get("implementation", ""),
        "python_version": python.get("version", ""),
        "system": host.get("system", ""),
        "cpu": {"brand_raw": host.get("cpu_model", ""), "count": host.get("cores", "")},
    }


def _benchmarks(
    judgements: Sequence[Judgement], arm: Literal["base", "head"]
) -> Iterator[dict[str, Any]]:
    for judged in judgements:
        values = judged.base_values if arm == "base" else judged.head_values
        seconds = _seconds(judged, values)
        if not seconds:
            continue
        # The same in both files: a comparison is made between equal names.
        name = f"{judged.base}[{judged.place} · {judged.metric.name}]"
        yield {
            "group": judged.metric.name,
            "name": name,
            "fullname": name,
            "params": None,
            "param": None,
            "extra_info": {"subject": judged.base if arm == "base" else judged.head},
            "options": {
                "disable_gc": False,
                "timer": "perf_counter",
                "min_rounds": len(seconds),
                "max_time": 0.0,
                "min_time": 0.0,
                "warmup": True,
            },
            "stats": _stats(seconds),
        }


def _seconds(judged: Judgement, values: Sequence[float]) -> list[float]:
    if judged.metric.unit == "ns":
        return [value / _NS_PER_S for value in values if value > 0.0]
    if judged.metric.unit == "per_s":
        return [1.0 / value for value in values if value > 0.0]
    return []


def _stats(seconds: Sequence[float]) -> dict[str, Any]:
    """Return what pytest-benchmark computes itself; its outliers are counted as none."""
    mean = statistics.fmean(seconds)
    several = len(seconds) > 1
    first, _, third = statistics.quantiles(seconds, method="inclusive") if several else [mean] * 3
    return {
        "min": min(seconds),
        "max": max(seconds),
        "mean": mean,
        "stddev": statistics.stdev(seconds) if several else 0.0,
        "rounds": len(seconds),
        "median": statistics.median(seconds),
        "iqr": third - first,
        "q1": first,
        "q3": third,
        "iqr_outliers": 0,
        "stddev_outliers": 0,
        "outliers": "0;0",
        "ld15iqr": min(seconds),
        "hd15iqr": max(seconds),
        "ops": 1.0 / mean,
        "total": sum(seconds),
        "data": list(seconds),
        "iterations": 1,
    }
