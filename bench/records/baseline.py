"""A run that later ones are compared with: its cells' values without its samples, in one file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from bench.errors import InconclusiveError, InputError, suggestion
from bench.records.files import read_json, write_file
from bench.records.run import Environment, RunRecord
from bench.scenario.durability import Durability
from bench.scenario.metric import Metric

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class BaselineCell:
    """What a baseline knows of a cell. ``doubt`` says why it must not be used; else empty.

    ``values`` has by metric name the value of each trial.
    """

    name: str
    subject: str
    durability: Durability
    doubt: str
    values: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Baseline:
    """A stored run under a ``name``; ``metrics`` describes what ``cells`` have values of."""

    format_version: int
    name: str
    run: RunRecord
    metrics: Mapping[str, Metric]
    cells: tuple[BaselineCell, ...]


_BASELINE = TypeAdapter(Baseline)


def machine_of(environment: Environment) -> Mapping[str, str]:
    """Return what must be equal for two runs to be of one machine: host, Python and servers."""
    kept = ("host ", "python ", "server ")
    return {key: value for key, value in environment.fingerprint() if key.startswith(kept)}


def names_in(directory: Path) -> list[str]:
    """List the baselines that ``directory`` holds, by name."""
    return sorted(path.stem for path in directory.glob("*.json"))


def write_baseline(directory: Path, baseline: Baseline) -> Path:
    """Write ``baseline``, instead of an earlier one of its name, and return the file."""
    path = directory / f"{baseline.name}.json"
    write_file(path, _BASELINE.dump_json(baseline, indent=1) + b"\n")
    return path


def read_baseline(directory: Path, name: str) -> Baseline:
    """Read the baseline ``name``.

    Raises:
        InconclusiveError: there is none: nothing can be said without it.
        InputError: its file is damaged, or a newer program wrote it.
    """
    path = directory / f"{name}.json"
    if not path.exists():
        hint = suggestion(name, names_in(directory))
        raise InconclusiveError(f"{directory} holds no baseline {name!r}.{hint}")
    found = read_json(path, _BASELINE, "a baseline")
    if found.format_version != FORMAT_VERSION:
        raise InputError(
            f"{path}: format_version is {found.format_version}, this program reads {FORMAT_VERSION}"
        )
    return found
