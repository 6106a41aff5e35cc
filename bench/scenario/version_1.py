"""Reads scenarios of version 1, which recorded runs hold: limits as version 2 has them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_REQUIREMENT = re.compile(r"\s*(p|rate|metric)\s*\(\s*([^\s()]*)\s*\)(.*)", re.DOTALL)
_MULTIPLE = re.compile(r"(?:([^\s<>=]+?)\s*\*\s*)?baseline\s*$")
_RATES = {"errors": "errors", "throughput": "throughput", "operations": "operation_rate"}


def renewed(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the tables of a scenario as version 2 has them; what is no limit stays as it is."""
    if raw.get("schema_version") != 1:
        return raw
    return {
        **raw,
        "schema_version": 2,
        **_changed(raw, "thresholds", list, lambda given: [*map(_threshold, given)]),
        **_changed(raw, "arrivals", dict, lambda given: {k: _arrival(v) for k, v in given.items()}),
    }


def _changed(raw: Mapping[str, Any], key: str, kind: type, change: Any) -> dict[str, Any]:
    return {key: change(raw[key])} if isinstance(raw.get(key), kind) else {}


def _threshold(given: Any) -> Any:
    if not isinstance(given, dict):
        return given
    mark = f"{given.get('operation', 'cycle')}.{given.get('time', 'response')}"
    kept = {key: value for key, value in given.items() if key not in ("operation", "time")}
    require = kept.get("require")
    if isinstance(require, list):
        kept["require"] = [_limit(text, mark) for text in require]
    return kept


def _limit(text: Any, mark: str) -> Any:
    form = _REQUIREMENT.fullmatch(text) if isinstance(text, str) else None
    if form is None:
        return text
    figure, argument, rest = form.groups()
    names = {"p": f"{mark}.p{argument}", "rate": _RATES.get(argument, argument), "metric": argument}
    return names[figure] + _MULTIPLE.sub(lambda found: f"{found[1] or 1} x baseline", rest.rstrip())


def _arrival(given: Any) -> Any:
    objective = given.get("objective") if isinstance(given, dict) else None
    match objective:
        case {"at_most_s": int() | float() as most, **rest} if rest.keys() <= {"metric"}:
            metric = rest.get("metric", "cycle.response.p99")
            return {**given, "objective": f"{metric} <= {most!r} s"}
    return given
