"""Rows about time: what must be measured where the time that everything takes is known."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TypeVar, cast

import numpy as np
import numpy.typing as npt

from bench.contracts import PluginOptions
from bench.scenario.arrival import Open, Poisson, schedule_ns
from bench.scenario.metric import ROUND_TRIPS, counted_name
from bench.scenario.plan import Trial
from bench.scenario.quantity import quantity
from bench.selftest.observation import Check, Observed
from bench.selftest.queues import (
    mean_sojourn_md1_s,
    mean_sojourn_mmc_s,
    sojourns_ns,
    stalled_quantile_s,
)
from bench.selftest.simulated import FixedServiceOptions, QueueOptions, StalledOptions
from bench.stats.intervals import arithmetic

_NS_PER_S = 1e9
_Options = TypeVar("_Options", bound=PluginOptions)
# What an operation on a saver that does nothing may take: some 20 times what it takes here.
FLOOR_S = 0.001
# What the release by a thread, the loop's wake-up and the measuring may add to a simulated time.
TOO_LONG_S = 0.0015
# Nothing makes a simulated time shorter but the rounding of its release.
TOO_SHORT_S = 0.0001
# Of the stall: what is due in it is served one by one when it ends, which is not part of the model.
STALL_TOLERANCE = 0.05
# The share of all waiting that must be told as the system's queueing, not the generator's lag.
QUEUEING_SHARE = 0.9
# Of the round trips that are counted: one too many or too few, of the four at most, is a quarter.
ROUND_TRIPS_TOLERANCE = 0.10
# What a saver without a defect must not be said to have, whatever else is found.
DEFECTS = ("loop_blocked", "loop_stalled", "memory_leak")
# Batches for the interval of a mean of values that follow each other (Law and Carson 1979).
BATCHES = 10


def null(observed: Observed) -> Iterator[Check]:
    """Expect a low floor: what measuring costs where the saver does nothing."""
    yield _not_accused(observed)
    for what, series, most_s in (
        ("put response", "put.response", FLOOR_S),
        ("get_tuple response", "get_tuple.response", FLOOR_S),
        ("timer of the loop, late by", "loop_lag", 2 * FLOOR_S),
    ):
        median_s, tail_s = (observed.value_s(f"{series}.{name}") for name in ("p50", "p99"))
        measured = f"{_time(median_s)} (p99 {_time(tail_s)})"
        yield Check(f"{what} p50", f"≤ {_time(most_s)}", measured, median_s <= most_s)


def fixed_service(observed: Observed) -> Iterator[Check]:
    """Expect the service time that is known, and no shorter one."""
    options = _options(observed, FixedServiceOptions)
    least_s = options.service_s
    median_s = observed.value_s("put.service.p50")
    yield _not_longer("put service p50", least_s, median_s)
    shortest_s = float(np.min(observed.in_window_s("service", "put"), initial=math.inf))
    holds = shortest_s >= least_s
    yield Check("shortest put service", f"≥ {_time(least_s)}", _time(shortest_s), holds)


def stalled(observed: Observed) -> Iterator[Check]:
    """Expect P(L > x) = (S − x) ÷ T of one stall under a constant rate."""
    stall_s = _options(observed, StalledOptions).stall_s
    length_s = _trial(observed).duration_s
    tolerance_s = STALL_TOLERANCE * stall_s
    for name, probability in {"p50": 0.50, "p90": 0.90, "p99": 0.99}.items():
        expected_s = stalled_quantile_s(probability, length_s, stall_s)
        measured_s = observed.value_s(f"cycle.response.{name}")
        yield _near(f"response {name}", expected_s, measured_s, tolerance_s)
    longest_s = float(np.max(observed.in_window_s("response"), initial=0.0))
    yield _near("longest response", stall_s, longest_s, tolerance_s)
    service_s = observed.value_s("cycle.service.p90")
    most, holds = f"≤ {_time(tolerance_s)}", service_s <= tolerance_s
    yield Check("service p90: hides the stall", most, _time(service_s), holds)
    wait_s, queued_s = observed.in_window_s("wait"), observed.in_window_s("pool_wait")
    share = float(np.sum(queued_s)) / max(float(np.sum(wait_s)), 1e-9)
    yield Check(
        "waiting told as queueing",
        f"≥ {QUEUEING_SHARE:.0%} of {_time(stall_s)} at most",
        f"{share:.0%}, up to {_time(float(np.max(wait_s, initial=0.0)))}",
        share >= QUEUEING_SHARE,
    )


def queue(observed: Observed) -> Iterator[Check]:
    """Expect what the recursion gives on this very schedule, and what the closed form does."""
    options = _options(observed, QueueOptions)
    trial = _trial(observed)
    arrival = cast("Open", observed.run.scenario.arrival(trial.arrival))
    measured_s = observed.in_window_s("response")
    expected_s = _recursion_s(options, arrival, trial)
    expected, measured = len(expected_s), len(measured_s)
    yield Check("operations in the window", str(expected), str(measured), measured == expected)
    mean_s = float(np.mean(expected_s))
    yield _not_longer(
        "mean response: the recursion", mean_s, float(np.mean(measured_s)), TOO_SHORT_S
    )
    rate_per_s = cast("Poisson", arrival).rate_per_s
    formula_s = (
        mean_sojourn_md1_s(rate_per_s, options.service_s)
        if options.distribution == "fixed"
        else mean_sojourn_mmc_s(rate_per_s, options.service_s, options.servers)
    )
    batches = [float(np.mean(batch)) for batch in np.array_split(measured_s, BATCHES)]
    interval = arithmetic(batches)
    low_s, high_s = interval.low or 0.0, interval.high or math.inf
    yield Check(
        "mean response: the closed form",
        _time(formula_s),
        f"95 % interval {_time(low_s)} to {_time(high_s)}",
        low_s <= formula_s <= high_s,
    )


def same_twice(observed: Observed) -> Iterator[Check]:
    """Expect that a saver does not differ from itself."""
    yield _not_accused(observed)
    primary = observed.analysis.primary_metrics
    compared = [
        comparison
        for comparison in observed.analysis.comparisons
        if comparison.is_aa
        and comparison.loop == observed.loop
        and comparison.metric.name in primary
    ]
    for comparison in compared:
        low, high = comparison.effect.low or 0.0, comparison.effect.high or math.inf
        yield Check(
            comparison.metric.name,
            "neither better nor worse",
            f"{comparison.outcome}, ratio {comparison.effect.ratio:.2f} [{low:.2f}, {high:.2f}]",
            comparison.outcome not in ("better", "worse") and not comparison.lacks_blocks,
        )
    if not compared:
        yield Check("A/A comparison", "one for each primary metric", "none", holds=False)


def round_trips(observed: Observed) -> Iterator[Check]:
    """Expect that a longer way to the server adds as much as the counted round trips say."""
    scenario = observed.run.scenario
    records = {(r.trial.subject, r.trial.arrival): r for r in observed.records}
    added_s = scenario.arrivals["far"].round_trip_s - scenario.arrivals["near"].round_trip_s
    for subject in scenario.subjects:
        near, far = (records[subject, arrival] for arrival in ("near", "far"))
        counts = {reading.name: reading.value for reading in far.readings}
        for operation in ("put", "put_writes", "get_tuple"):
            near_s, far_s = (
                float(np.median(observed.in_window_s("service", operation, [record])))
                for record in (near, far)
            )
            counted = counts.get(counted_name(operation, ROUND_TRIPS), math.nan)
            shown = (far_s - near_s) / added_s
            yield Check(
                f"{subject}: {operation}, by {_time(added_s)} more",
                f"{counted:.2f} round trips ± {ROUND_TRIPS_TOLERANCE:.0%}",
                f"{shown:.2f}",
                abs(shown - counted) <= ROUND_TRIPS_TOLERANCE * counted,
            )


def _recursion_s(options: QueueOptions, arrival: Open, trial: Trial) -> npt.NDArray[np.float64]:
    """Return the sojourn times of all that arrive in the window, the warm-up being served first."""
    due_ns = schedule_ns(arrival, trial.seed, trial.warmup_s, trial.duration_s)
    window_ns = round(trial.warmup_s * _NS_PER_S)
    sojourns = np.array(sojourns_ns(due_ns, options.model()))
    return sojourns[np.array(due_ns) >= window_ns] / _NS_PER_S


def _not_accused(observed: Observed) -> Check:
    accused = ", ".join(
        finding.code
        for finding in observed.findings
        if finding.severity == "invalid" or finding.code in DEFECTS
    )
    return Check("found to be wrong with it", "nothing", accused or "nothing", not accused)


def _not_longer(what: str, expected_s: float, measured_s: float, too_short_s: float = 0.0) -> Check:
    return Check(
        what,
        f"{_time(expected_s)} + at most {_time(TOO_LONG_S)}",
        _time(measured_s),
        expected_s - too_short_s <= measured_s <= expected_s + TOO_LONG_S,
    )


def _near(what: str, expected_s: float, measured_s: float, tolerance_s: float) -> Check:
    return Check(
        what,
        f"{_time(expected_s)} ± {_time(tolerance_s)}",
        _time(measured_s),
        abs(measured_s - expected_s) <= tolerance_s,
    )


def _time(seconds: float) -> str:
    return "none" if math.isnan(seconds) else quantity(seconds * _NS_PER_S, "ns")


def _trial(observed: Observed) -> Trial:
    return observed.records[0].trial


def _options(observed: Observed, model: type[_Options]) -> _Options:
    use = observed.run.scenario.resolve(_trial(observed).subject)
    return model.model_validate(dict(use.options))
