"""Decisions on made-up cells: values per trial are given, everything else follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bench.analysis.cell import Blocks, Cell, Estimate
from bench.analysis.estimation import LOWER_BOUND
from bench.analysis.result import Analysis, Finding
from bench.analysis.summary import matrix
from bench.decide.decision import decide
from bench.decide.drivers import Drivers
from bench.decide.result import Decision
from bench.records.run import Environment, RunRecord
from bench.scenario.durability import Durability
from bench.scenario.metric import (
    ERRORS,
    READ_OPERATION,
    THROUGHPUT,
    WRITE_OPERATION,
    Metric,
    time_metric,
)
from bench.scenario.scenario_file import parse_scenario
from bench.scenario.toml_file import parse_model
from bench.stats.intervals import arithmetic, geometric
from tests.unit.analysis.synthetic import scenario_text

PUT, GET = "put.response.p50", "get_tuple.response.p50"
MEMORY, SERVER = "worker.uss_peak", "server.pss_peak"
MS = 1e6
METRICS = {
    PUT: time_metric(WRITE_OPERATION, "response", "p50"),
    GET: time_metric(READ_OPERATION, "response", "p50"),
    THROUGHPUT.name: THROUGHPUT,
    ERRORS.name: ERRORS,
    MEMORY: Metric(MEMORY, "bytes", "lower", "memory of the worker"),
    SERVER: Metric(SERVER, "bytes", "lower", "memory of the server"),
    "gc.collections": Metric("gc.collections", "count", "neither", "collections"),
}
# Repetitions of one figure that hardly differ, so that every true difference is resolved.
STEADY = (1.0, 1.001, 0.999, 1.0, 1.001)
# Repetitions between which a factor of 1.2 is not resolved.
NOISY = (0.5, 2.0, 0.6, 1.7, 1.0)


def around(value: float, spread: Sequence[float] = STEADY) -> tuple[float, ...]:
    """Return the values of the trials of a cell."""
    return tuple(value * factor for factor in spread)


def estimate(name: str, values: Sequence[float]) -> Estimate:
    made = geometric(values) if min(values) > 0.0 else arithmetic(values)
    return Estimate(
        metric=METRICS[name],
        value=made.value,
        low=made.low,
        high=made.high,
        confidence=0.95,
        trials=len(values),
        method=made.method,
        why_not="",
        trial_values=tuple(values),
    )


def without_interval(found: Estimate) -> Estimate:
    return replace(found, low=None, high=None, method=LOWER_BOUND, trial_values=())


def cell(subject: str, values: Mapping[str, Sequence[float]], **changes: Any) -> Cell:
    arrival = changes.get("arrival", "one")
    loop = changes.get("loop", "selector")
    trials = max(len(each) for each in values.values()) if values else 0
    made = Cell(
        sweep="all",
        subject=subject,
        plugin=subject,
        aa_of="",
        workload="steps",
        payload="1k",
        arrival=arrival,
        arrival_text="closed, 1 client",
        concurrency=1,
        loop=loop,
        loop_class="Loop",
        loop_kind="native",
        durability=Durability.FSYNC,
        server="embedded",
        trial_ids=tuple(f"{subject}-{arrival}-{loop}-{at}" for at in range(trials)),
        estimates={name: estimate(name, each) for name, each in values.items()},
    )
    return replace(made, **changes)


def with_blocks(made: Cell) -> Cell:
    """Give a cell the values by block that its estimates rest on."""
    known = {n: e.trial_values for n, e in made.estimates.items() if e.trial_values}
    blocks = Blocks(
        planned=len(made.trial_ids),
        values={name: dict(enumerate(values)) for name, values in known.items()},
        lower_bounds=frozenset(n for n, e in made.estimates.items() if e.method == LOWER_BOUND),
    )
    return replace(made, blocks=blocks)


def run_of(cells: Sequence[Cell], findings: Sequence[Finding] = ()) -> Analysis:
    """Make the analysis of a run of ``cells``."""
    subjects = tuple(dict.fromkeys(each.subject for each in cells))
    loops = tuple(dict.fromkeys(each.loop for each in cells))
    trials = sum(len(each.trial_ids) for each in cells)
    environment = Environment(
        host={"cores": "2", "cpu_model": "A | B"},
        packages={"langgraph-checkpoint": "4.0", "numpy": "2.0"},
        python={"version": "3.11.7"},
        servers={"redis": "Redis 8"},
        commit="0123456789abcdef",
        dirty=False,
    )
    record = RunRecord(
        format_version=1,
        run_id="20260101T000000Z-made-up",
        scenario_name="made-up",
        scenario_text="",
        scenario_digest="5cenario",
        plan_digest="",
        trials_planned=trials,
        started_at="2026-01-01T00:00:00+00:00",
        environment=environment,
    )
    return Analysis(
        run=record,
        scenario=parse_scenario(scenario_text(), "made up"),
        question="Which?",
        subjects=subjects,
        loops=loops,
        subject_texts={subject: f"{subject}'s plug-in" for subject in subjects},
        payload_texts={},
        workload_texts={},
        arrival_texts={},
        trials_recorded=trials,
        trials_planned=trials,
        primary_metrics=(PUT,),
        baseline_text="",
        matrix=matrix(subjects, loops, cells),
        cells=tuple(map(with_blocks, cells)),
        findings=tuple(findings),
        readings={},
    )


def asked(weights: Mapping[str, float], more: str = "", top: str = "") -> str:
    """Write a drivers file; ``more`` are further tables."""
    drivers = "\n".join(
        f'[[drivers]]\nmetric = "{metric}"\nweight = {weight}' for metric, weight in weights.items()
    )
    head = 'schema_version = 2\ntitle = "Store"\ncontext = "We store."\n'
    return f"{head}{top}\n{drivers}\n{more}\n"


def decided(
    cells: Sequence[Cell],
    weights: Mapping[str, float],
    more: str = "",
    top: str = "",
    findings: Sequence[Finding] = (),
) -> Decision:
    return decide(
        parse_model(asked(weights, more, top), "made up", Drivers), run_of(cells, findings)
    )


def two_drivers(**options: tuple[float, float]) -> list[Cell]:
    """Make one cell for each option, from its put and get_tuple times in ms."""
    return [
        cell(name, {PUT: around(put * MS), GET: around(get * MS)})
        for name, (put, get) in options.items()
    ]
