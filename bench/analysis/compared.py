"""Which metrics are compared with the baseline, and which sweeps answer the question."""

from __future__ import annotations

from bench.scenario.metric import QUANTILES, THROUGHPUT
from bench.scenario.scenario import Scenario

# Compared besides the scenario's primary metrics and those that its thresholds compare with the
# baseline, where both sides have them.
ALWAYS_COMPARED = (
    "cycle.response.p50",
    "put.response.p50",
    "put.response.p99",
    "get_tuple.response.p50",
    "get_tuple.response.p99",
    THROUGHPUT.name,
    "worker.rss_peak",
    "worker.uss_peak",
    "worker.cpu_share",
    "server.rss_peak",
    "server.pss_peak",
    "server.cpu_share",
    "stored.bytes_per_checkpoint",
)


def compared_metrics(scenario: Scenario) -> tuple[str, ...]:
    """Name the metrics that are compared, the primary ones first."""
    limited = (name for threshold in scenario.thresholds for name in threshold.relative_metrics)
    return tuple(dict.fromkeys((*scenario.primary_metrics, *limited, *ALWAYS_COMPARED)))


def compared_tails(scenario: Scenario) -> tuple[str, ...]:
    """Name those of the :func:`compared_metrics` that are quantiles above the median.

    None where nothing is compared.
    """
    baseline = scenario.baseline
    has_arms = any(subject.same_as for subject in scenario.subjects.values())
    if not (baseline.subjects or baseline.loop or has_arms):
        return ()
    names = compared_metrics(scenario)
    return tuple(name for name in names if QUANTILES.get(name.rpartition(".")[2], 0.0) > 0.5)


def told_sweeps(scenario: Scenario) -> tuple[str, ...]:
    """Name the sweeps that answer the question: those not aside, or all where all are."""
    told = tuple(name for name, sweep in scenario.sweeps.items() if not sweep.aside)
    return told or tuple(scenario.sweeps)
