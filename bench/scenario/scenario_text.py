"""Writes a scenario as TOML, for one that is derived from another."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from bench.errors import InputError
from bench.scenario.scenario import Scenario


def scenario_text(scenario: Scenario, comment: str = "") -> str:
    """Return TOML that ``parse_scenario`` reads as an equal scenario, below a line of ``comment``.

    Raises:
        InputError: an option holds what TOML has no plain literal for.
    """
    told = scenario.model_dump(mode="python", exclude_unset=True, exclude_none=True)
    plain = {key: value for key, value in told.items() if not isinstance(value, Mapping)}
    lines = [f"# {line}" for line in comment.splitlines()]
    lines += [f"{key} = {_literal(value)}" for key, value in plain.items()]
    for name, table in told.items():
        if isinstance(table, Mapping):
            lines += _table(name, table)
    return "\n".join(lines) + "\n"


def _table(name: str, table: Mapping[str, Any]) -> Iterator[str]:
    """Yield a table of tables, or a table of values; what lies deeper stays on one line."""
    plain = {key: value for key, value in table.items() if not isinstance(value, Mapping)}
    if plain or not table:
        yield f"\n[{name}]"
        yield from (f"{_key(key)} = {_literal(value)}" for key, value in plain.items())
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield f"\n[{name}.{_key(key)}]"
            yield from (f"{_key(inner)} = {_literal(each)}" for inner, each in value.items())


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _literal(name)


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        # A JSON string is a TOML string but for the one control character that JSON leaves alone.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        inside = ", ".join(f"{_key(key)} = {_literal(each)}" for key, each in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_literal(each) for each in value)}]"
    raise InputError(f"a scenario that holds {value!r} cannot be written again: not a plain value")
