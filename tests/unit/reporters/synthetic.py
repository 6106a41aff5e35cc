"""Analyses made up for tests: rich as a real one, and one in which nothing was measured."""

from __future__ import annotations

import math
import random
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache

from bench.analysis.cell import Blocks, Cell, Curve, Estimate, Thinned, Trace
from bench.analysis.result import Analysis, Comparison, ComparisonOutcome, Finding, MatrixEntry
from bench.analysis.summary import NOT_PLANNED
from bench.analysis.wording import Answer, Check, Statement
from bench.records.run import FORMAT_VERSION, Environment, RunRecord
from bench.records.trial import Reading
from bench.scenario.durability import Durability
from bench.scenario.metric import ERRORS, THROUGHPUT, Metric, Unit, time_metric
from bench.scenario.scenario_file import parse_scenario
from bench.stats.effects import Effect
from tests.unit.analysis.synthetic import scenario_text

NASTY = "Psycopg cannot use <b>'ProactorEventLoop'</b> | & run\nasync; [docs](x) `run()` *_now_*"
INVALID = "the worker used 99 % of its core | <saturated>"
WHY_NOT = "p99 needs 1 000 operations in a trial, there were 212"
Maker = Callable[[], Analysis]

LOOPS = ("selector", "uvloop", "proactor")
PRIMARY = ("put.response.p50", "get_tuple.response.p50", "throughput")

# label: plug-in, durability, write and read response p50 in ns with one client and small state
SUBJECTS: Mapping[str, tuple[str, Durability, float, float]] = {
    "null": ("null", Durability.VOLATILE, 2.1e3, 1.9e3),
    "memory": ("memory", Durability.VOLATILE, 61e3, 24e3),
    "sqlite": ("sqlite", Durability.FSYNC, 2.4e6, 410e3),
    "sqlite-normal": ("sqlite", Durability.RELAXED, 690e3, 400e3),
    "postgres": ("postgres", Durability.FSYNC, 4.1e6, 1.3e6),
    "postgres-again": ("postgres", Durability.FSYNC, 4.2e6, 1.3e6),
    "postgres-relaxed": ("postgres", Durability.RELAXED, 2.6e6, 1.3e6),
    "postgres-sync": ("postgres_sync", Durability.FSYNC, 3.2e6, 0.9e6),
    "redis-none": ("redis", Durability.VOLATILE, 1.9e6, 1.1e6),
    "redis-everysec": ("redis", Durability.RELAXED, 2.0e6, 1.1e6),
    "redis-always": ("redis", Durability.FSYNC, 3.0e6, 1.2e6),
    "redis-shallow-with-a-long-label-of-41-ch": ("redis_shallow", Durability.RELAXED, 1.2e6, 1.0e6),
}
CONDITIONS = tuple(
    ("load", "steps", payload, arrival) for payload in ("1k", "50k") for arrival in ("one", "many")
)
LOOP_CONDITION = ("loops", "steps", "1k", "eight")
CONCURRENCY = {"one": 1, "many": 32, "eight": 8}
BASELINES = ("postgres", "postgres-relaxed")
INVALID_CELL = ("postgres-sync", ("load", "steps", "1k", "many"))
ANSWER = Answer(
    verdict="no",
    headline="No. Nowhere faster than 1.3 times (95 %), and up to 5.1 times slower.",
    statements=(
        Statement("redis against postgres", "writes take 1.2 to 2.7 times as long?."),
        Statement("Does it run?", "Reads are <open>: see below."),
    ),
    doubts=(Statement("This run is coarse", "7 of 9 comparisons are not decided."),),
    checks=(
        Check("298 of 300 trials recorded", is_in_order=False),
        Check("no acknowledged write was lost, of 7 in 298 trials"),
    ),
    sweeps=("load",),
    metrics=PRIMARY[:2],
)
FAILED_CELL = ("sqlite-normal", ("load", "steps", "50k", "many"))


def reading_metric(name: str, unit: Unit) -> Metric:
    return Metric(name, unit, "lower", f"{name} as its probe reads it")


def estimate(metric: Metric, value: float, trials: int = 5) -> Estimate:
    chance = random.Random(f"{metric.name}/{value}")  # noqa: S311 - noise, not a secret
    values = tuple(value * chance.lognormvariate(0.0, 0.08) for _ in range(trials))
    middle = sorted(values)[trials // 2]
    return Estimate(
        metric=metric,
        value=middle,
        low=min(values) if trials > 1 else None,
        high=max(values) if trials > 1 else None,
        confidence=0.95,
        trials=trials,
        method="median of the trials; interval from order statistics",
        why_not="",
        trial_values=values,
    )


def not_estimable(metric: Metric, why_not: str = WHY_NOT) -> Estimate:
    return Estimate(metric, None, None, None, 0.95, 0, "median of the trials", why_not, ())


def estimates(subject: str, condition: tuple[str, str, str, str]) -> dict[str, Estimate]:
    plugin, _, write, read = SUBJECTS[subject]
    clients = CONCURRENCY[condition[3]]
    size = 6.0 if condition[2] == "50k" else 1.0
    crowd = clients**0.8
    made: list[Estimate] = []
    service_by_operation = {
        "put": write * size,
        "put_writes": write * 0.8,
        "get_tuple": read * size,
        "cycle": (1.8 * write + 0.25 * read) * size,
    }
    for operation, service in service_by_operation.items():
        for time, share in (("response", crowd), ("service", 1.0), ("wait", max(0.0, crowd - 1))):
            for statistic, tail in (("p50", 1.0), ("p90", 1.7), ("p99", 4.2)):
                metric = time_metric(operation, time, statistic)
                scarce = statistic == "p99" and size > 1 and clients == 1
                made.append(
                    not_estimable(metric) if scarce else estimate(metric, service * share * tail)
                )
        if plugin == "postgres":
            made.append(estimate(reading_metric(f"{operation}.lock_wait.mean", "ns"), service / 9))
            made.append(estimate(reading_metric(f"{operation}.pool_wait.mean", "ns"), service / 4))
    made.append(estimate(THROUGHPUT, clients * 1e9 / (service_by_operation["cycle"] * crowd)))
    made.append(estimate(ERRORS, 0.0021 if subject == "redis-none" else 0.0))
    made.append(estimate(reading_metric("loop_lag.p50", "ns"), 60e3))
    made.append(estimate(reading_metric("loop_lag.p99", "ns"), 900e3 * clients**0.5))
    made.append(estimate(reading_metric("loop_lag.max", "ns"), 3e6 * clients**0.5))
    made.append(estimate(reading_metric("worker.rss_peak", "bytes"), 128e6 + 1e6 * clients))
    made.append(estimate(reading_metric("worker.uss_peak", "bytes"), 101e6 + 1e6 * clients))
    made.append(estimate(reading_metric("worker.cpu_share", "ratio"), 0.71))
    if plugin.startswith(("postgres", "redis")):
        made.append(estimate(reading_metric("server.pss_peak", "bytes"), 64e6 * size))
        made.append(estimate(reading_metric("server.cpu_share", "ratio"), 0.33))
    made.append(estimate(reading_metric("stored.bytes_per_checkpoint", "bytes"), 1450.0 * size**2))
    return {item.metric.name: item for item in made}


def curve(p50: float) -> Curve:
    shares = tuple((at + 1) / 200 for at in range(200))
    return Curve(tuple(p50 * math.exp(0.5 * (at - 100) / 45) for at in range(200)), shares)


def trace(subject: str, write: float) -> Trace:
    """Return 30 writes, the last of which failed, with a collection in the slowest."""
    window_ns, step_ns = 10**9, 33_000_000
    service = tuple(round(write * (40 if at == 20 else 1 + at % 7 / 10)) for at in range(30))
    due = tuple(at * step_ns for at in range(30))
    spans = {"gc.pause_max": ((due[20] + 1000, 3_000_000),), "loop_lag.max": ((5, 800_000),)}
    writes = Thinned(4210, due, (0,) * 30, service, {29: "failed"})
    return Trace(window_ns, {"put": writes}, spans)


def cell(subject: str, condition: tuple[str, str, str, str], loop: str = "selector") -> Cell:
    plugin, durability, write, _ = SUBJECTS[subject]
    found = estimates(subject, condition)
    names = [name for name in found if name.endswith(".response.p50")]
    sweep, workload, payload, arrival = condition
    names_of_trials = [f"{'.'.join((subject, *condition, loop))} {block}" for block in range(5)]
    trials = tuple(f"{zlib.crc32(name.encode()):08x}" for name in names_of_trials)
    values = {
        name: dict(enumerate(one.trial_values)) for name, one in found.items() if one.trial_values
    }
    return Cell(
        sweep=sweep,
        subject=subject,
        plugin=plugin,
        aa_of="postgres" if subject == "postgres-again" else "",
        workload=workload,
        payload=payload,
        arrival=arrival,
        arrival_text=f"closed, {CONCURRENCY[arrival]} clients",
        concurrency=CONCURRENCY[arrival],
        loop=loop,
        loop_class=f"a_module.{loop.title()}EventLoop",
        loop_kind="emulated" if loop == "proactor" else "native",
        durability=durability,
        settings={"synchronous_commit": "on", "fsync": "on"} if "postgres" in plugin else {},
        server="embedded PostgreSQL 18.1" if "postgres" in plugin else "",
        status="measured",
        reason="",
        invalid_because="",
        trial_ids=trials,
        operations={"put": 4210, "put_writes": 4210, "get_tuple": 1052, "cycle": 4210},
        errors={"TimeoutError": 7} if subject == "redis-none" else {},
        error_texts={"TimeoutError": "no answer | within <5 s>"} if subject == "redis-none" else {},
        estimates=found,
        curves={name.split(".")[0]: curve(found[name].value or 1.0) for name in names},
        traces={trial: trace(subject, write) for trial in trials},
        blocks=Blocks(planned=5, values=values, trials=dict(enumerate(trials))),
    )


def without_measurement(measured: Cell, status: str, reason: str) -> Cell:
    bare = replace(measured, reason=reason, estimates={}, curves={}, operations={})
    return replace(bare, errors={}, error_texts={}, status=status)  # type: ignore[arg-type]  # a literal in each call


def cells() -> Iterator[Cell]:
    for condition in CONDITIONS:
        for subject in SUBJECTS:
            made = cell(subject, condition)
            if (subject, condition) == INVALID_CELL:
                made = replace(made, invalid_because=INVALID)
            if (subject, condition) == FAILED_CELL:
                made = without_measurement(made, "failed", "OperationalError: disk I/O error")
            yield made
    for loop in LOOPS:
        for subject in ("memory", "postgres", "postgres-sync", "redis-everysec"):
            made = cell(subject, LOOP_CONDITION, loop)
            if (subject, loop) == ("postgres", "proactor"):
                made = without_measurement(made, "unsupported", f"InterfaceError: {NASTY}")
            yield made


def comparison(baseline: Cell, candidate: Cell, metric: str) -> Comparison | None:
    ends = (baseline.estimates.get(metric), candidate.estimates.get(metric))
    if ends[0] is None or ends[1] is None or not ends[0].value or ends[1].value is None:
        return None
    ratio = ends[1].value / ends[0].value
    low, high = ratio * 0.86, ratio * 1.19
    faster = ratio < 1 if ends[0].metric.better == "lower" else ratio > 1
    outcome: ComparisonOutcome = "better" if faster else "worse"
    return Comparison(
        metric=ends[0].metric,
        candidate_cell=candidate,
        baseline_cell=baseline,
        effect=Effect(
            ratio=ratio,
            low=low,
            high=high,
            equivalence_low=None,
            equivalence_high=None,
            p_value=None,
            detectable_factor=1.2,
            blocks=5,
            confidence=0.95,
            method="median of the ratios inside blocks; interval by bootstrap over blocks",
        ),
        ratios=dict.fromkeys(range(5), ratio),
        outcome="unresolved" if low < 1 < high else outcome,
        cause="interval" if low < 1 < high else "",
    )


def comparisons(measured: tuple[Cell, ...]) -> Iterator[Comparison]:
    for candidate in measured:
        for baseline in measured:
            subjects = baseline.subject in BASELINES and candidate.loop == baseline.loop
            subjects = subjects and candidate.subject not in BASELINES
            subjects = subjects and candidate.aa_of in ("", baseline.subject)
            loops = baseline.subject == candidate.subject and baseline.loop == "selector"
            loops = loops and candidate.loop != "selector"
            if baseline.condition != candidate.condition or not (subjects or loops):
                continue
            for metric in PRIMARY:
                made = comparison(baseline, candidate, metric)
                if made:
                    yield made


def findings(invalid: Cell) -> tuple[Finding, ...]:
    made = {
        "few-blocks": ("note", "Five blocks give wide intervals."),
        "loop-blocked": ("warning", "postgres-sync blocks the event loop <for> 31 ms | of wait"),
        "generator-saturated": ("invalid", "The load generator was saturated in 1 cell."),
    }
    return tuple(
        Finding(
            code=code,
            severity=severity,  # type: ignore[arg-type]  # one of the three, see above
            message=message,
            meaning=f"What {code} means for the reader & the numbers.",
            advice=f"Do something about {code}; e.g. raise `repetitions`.",
            cells=(invalid.name,) * (6 if severity == "warning" else 1),
            trials=("t1",),
        )
        for code, (severity, message) in made.items()
    )


def with_invalid_entry(analysis: Analysis, subject: str) -> Analysis:
    """Return ``analysis`` whose matrix says that ``subject`` is invalid wherever it ran."""
    entries = tuple(
        replace(each, reason="invalid at x: 1 lost", is_invalid=True)
        if each.subject == subject and each.status == "measured"
        else each
        for each in analysis.matrix
    )
    return replace(analysis, matrix=entries)


def matrix(measured: tuple[Cell, ...]) -> Iterator[MatrixEntry]:
    for subject in SUBJECTS:
        for loop in LOOPS:
            found = [each for each in measured if (each.subject, each.loop) == (subject, loop)]
            kind = "emulated" if loop == "proactor" else "native"
            if not found:
                yield MatrixEntry(subject, loop, kind, "missing", NOT_PLANNED)
                continue
            worst = min(found, key=lambda each: bool(each.estimates))
            status = "partly" if worst.status == "failed" else worst.status
            yield MatrixEntry(subject, loop, kind, status, worst.reason)


def run_record() -> RunRecord:
    return RunRecord(
        format_version=FORMAT_VERSION,
        run_id="20260820T101500Z-savers",
        scenario_name="savers",
        scenario_text='# the question <of all>\nschema_version = 1\nquestion = "```?"\n',
        scenario_digest="0123456789abcdef",
        plan_digest="fedcba9876543210",
        trials_planned=300,
        started_at="2026-08-20T10:15:00+00:00",
        environment=Environment(
            host={"system": "Linux", "cpu_model": "A CPU @ 2 GHz", "cores": "2"},
            packages={"langgraph": "1.2.22", "psycopg": "3.3.9", "redis": "8.1.0"},
            python={"version": "3.11.9", "implementation": "CPython"},
            servers={"postgres": "embedded PostgreSQL 18.1", "redis": "embedded Redis 8.2"},
            commit="4b5761b",
            dirty=True,
        ),
    )


@cache
def full_analysis() -> Analysis:
    """Twelve subjects, three loops, five conditions, and everything that can go wrong."""
    measured = tuple(cells())
    invalid = next(each for each in measured if each.invalid_because)
    return Analysis(
        run=run_record(),
        scenario=parse_scenario(scenario_text(), "made up"),
        question="Is Redis 10 to 100 times faster than Postgres at writing checkpoints?",
        answer=ANSWER,
        subjects=tuple(SUBJECTS),
        loops=LOOPS,
        subject_texts={subject: f"{spec[0]}, {spec[1]}" for subject, spec in SUBJECTS.items()},
        payload_texts={"1k": "LangChain messages, 1 kB", "50k": "LangChain messages, 50 kB"},
        workload_texts={"steps": "4 threads a client, 4 steps a turn, 1 task a step"},
        arrival_texts={name: f"closed, {count} clients" for name, count in CONCURRENCY.items()},
        trials_recorded=298,
        trials_planned=300,
        primary_metrics=PRIMARY,
        baseline_text="postgres and postgres-relaxed, each at its own durability and across",
        matrix=tuple(matrix(measured)),
        cells=measured,
        comparisons=tuple(comparisons(measured)),
        findings=findings(invalid),
        readings={"clock.step": Reading("clock.step", 41.0, "ns", "lower", "step of the clock")},
        exit_code=4,
    )


def nothing_measured() -> Analysis:
    """A run in which every trial failed."""
    full = full_analysis()
    bare = tuple(
        without_measurement(each, "missing", "no trial has a record") for each in full.cells
    )
    entries = tuple(
        replace(each, status="missing", reason=each.reason or "no record") for each in full.matrix
    )
    return replace(
        full, answer=Answer(), cells=bare, matrix=entries, comparisons=(), findings=(), readings={},
        trials_recorded=0, exit_code=3,
    )  # fmt: skip


def nothing_at_all() -> Analysis:
    """A run that was interrupted before its first trial."""
    return replace(
        nothing_measured(), subjects=(), loops=(), subject_texts={}, payload_texts={},
        workload_texts={}, arrival_texts={}, cells=(), matrix=(), primary_metrics=(),
        baseline_text="",
    )  # fmt: skip
