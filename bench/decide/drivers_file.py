"""Reads a drivers file and says what is wrong with it: which key, what was expected."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from bench.decide.drivers import Drivers
from bench.errors import InputError
from bench.scenario.scenario_file import parse_toml, read_text, validation_messages


def load_drivers(path: Path) -> Drivers:
    """Read and check the drivers file at ``path``.

    Whether a run has what it names is checked where the run is known (``bench.decide.decision``).

    Raises:
        InputError: the file is missing, is not TOML, has an unknown or missing key, or a value of a
            wrong type; the text names the file and the key.
    """
    return parse_drivers(read_text(path, "the drivers"), str(path))


def parse_drivers(text: str, origin: str) -> Drivers:
    """Check the drivers file ``text``; ``origin`` names it in errors. See :func:`load_drivers`."""
    raw = parse_toml(text, origin)
    try:
        return Drivers.model_validate(raw)
    except ValidationError as error:
        raise InputError("\n".join(validation_messages(error, origin, Drivers))) from error
