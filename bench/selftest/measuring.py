"""Measures a row's scenario by the same code as any other run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bench.checks.checking import check_subjects
from bench.errors import InputError
from bench.measure.preflight import check_plugins
from bench.measure.runner import NO_OTHERS, Progress, run
from bench.records.run import Environment, new_run
from bench.records.store import Run, Store
from bench.scenario.plan import Plan, expand
from bench.scenario.scenario import Scenario
from bench.scenario.scenario_file import parse_scenario
from bench.selftest.rows import LOOPS, Row


@dataclass(frozen=True, slots=True)
class Planned:
    """A row's scenario for some loops, and its trials."""

    row: Row
    text: str
    scenario: Scenario
    plan: Plan


def planned(row: Row, loops: Sequence[str] = LOOPS) -> Planned:
    """Read the scenario of ``row`` and expand it for those of its loops that are in ``loops``.

    Raises:
        MissingPackageError: a plug-in needs a package that is not installed.
    """
    text = row.scenario.read_text(encoding="utf-8")
    line = _line(row.loops)
    if line not in text:
        raise InputError(f"{row.scenario}: expected the line {line!r}")
    text = text.replace(line, _line(loop for loop in loops if loop in row.loops))
    scenario = parse_scenario(text, row.scenario.name)
    check_plugins(scenario, row.scenario.name)
    return Planned(row, text, scenario, expand(scenario))


def _line(loops: Iterable[str]) -> str:
    names = ", ".join(f'"{loop}"' for loop in loops)
    return f"loops = [{names}]"


def measure(
    what: Planned,
    store: Store,
    environment: Environment,
    variables: Mapping[str, str],
    started_at: datetime,
    on_progress: Callable[[Progress], None],
) -> Run:
    """Check the subjects, measure all trials into ``store``, and read the run back."""
    name = f"selftest-{what.row.name}"
    record = new_run(name, what.text, what.scenario, what.plan, environment, started_at)
    store.begin(record)
    with store.locked(record.run_id):
        # What is checked is not told: it takes less than a trial.
        check_subjects(what.scenario, store, record.run_id, variables, NO_OTHERS, lambda _: None)
        limit_s = what.row.limit_s
        run(
            *(what.scenario, what.plan, store, record.run_id, on_progress, variables),
            limit_s=limit_s,
        )
    return store.read(record.run_id)
