"""Writes a scenario as TOML: the record of one that is derived from another."""

from __future__ import annotations

import tomli_w

from bench.errors import InputError
from bench.scenario.scenario import Scenario


def scenario_text(scenario: Scenario, comment: str = "") -> str:
    """Return TOML that ``parse_scenario`` reads as an equal scenario, below a line of ``comment``.

    Raises:
        InputError: an option holds what TOML has no literal for.
    """
    lines = "".join(f"# {line}\n" for line in comment.splitlines())
    try:
        return lines + tomli_w.dumps(scenario.model_dump(exclude_unset=True, exclude_none=True))
    except TypeError as error:
        raise InputError(f"a scenario cannot be written again: {error}") from error
