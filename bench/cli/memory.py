"""How much memory a worker will take: from what is offered, and whether its saver keeps it.

The rule stands in docs/scenarios.md. What a server takes has no part in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bench.discovery import load
from bench.handover.parts import options_of
from bench.measure.worker_process import most_memory_bytes
from bench.scenario.arrival import Closed
from bench.scenario.plan import Plan, Trial
from bench.scenario.quantity import quantity
from bench.scenario.scenario import Scenario
from bench.subjects._factories.factory import subject_of

# A worker that has imported what it needs.
_WORKER_BYTES = 100_000_000
# A state that a call holds: as it was given, as it is serialised, and as it was read.
_COPIES_UNDER_WAY = 3
# In a store: as part of a checkpoint, and as the write that led to it.
_COPIES_KEPT = 2
# What a cycle on LangGraph's in-memory saver takes, and each byte of a state in it. From cycles
# with states of 1 kB to 10 MB on one core.
_CYCLE_S, _BYTE_S = 1e-4, 2.6e-9
# So many cycles of each client prepare and rehearse.
_CYCLES_BEFORE = 16


def expected_bytes(scenario: Scenario, trial: Trial) -> int | None:
    """Return about how much memory the worker of ``trial`` takes.

    ``None`` where the payload has no ``state_bytes``, by which it would be known.
    """
    state_bytes = _state_bytes(scenario, trial)
    if state_bytes is None:
        return None
    arrival, use = scenario.arrival(trial.arrival), scenario.resolve(trial.subject)
    clients = arrival.concurrency
    copies = _COPIES_UNDER_WAY * clients
    subject = subject_of(use)
    if subject.copies and not subject.reopens:
        rate_per_s = 1.0 / (_CYCLE_S + _BYTE_S * state_bytes)
        if not isinstance(arrival, Closed):
            rate_per_s = min(rate_per_s, arrival.highest_rate_per_s)
        elif arrival.think_s:
            rate_per_s = min(rate_per_s, clients / arrival.think_s)
        cycles = rate_per_s * (trial.warmup_s + trial.duration_s)
        copies += round(_COPIES_KEPT * (_CYCLES_BEFORE * clients + cycles))
    return _WORKER_BYTES + copies * state_bytes


def _state_bytes(scenario: Scenario, trial: Trial) -> int | None:
    """Return the size of a state; of one that grows with each turn, that of the middle turn."""
    payload, workload = scenario.payloads[trial.payload], scenario.workload(trial.workload)
    size: Any = options_of(load("payload", payload.use), payload)
    state_bytes: int | None = getattr(size, "state_bytes", None)
    if state_bytes is None or getattr(size, "growth", "") != "by_turn":
        return state_bytes
    shape = options_of(load("workload", workload.use), workload)
    turns: int = min(size.max_turns, getattr(shape, "turns_per_thread", size.max_turns))
    return state_bytes * (turns + 1) // 2


def warnings(scenario: Scenario, plan: Plan) -> Iterator[str]:
    """Say of each subject and payload whose worker will take more memory than it may."""
    most_bytes = most_memory_bytes(scenario)
    largest: dict[tuple[str, str], tuple[int, str]] = {}
    for trial in plan.trials:
        key = (trial.subject, trial.payload)
        taken = (expected_bytes(scenario, trial) or 0, trial.arrival)
        largest[key] = max(taken, largest.get(key, taken))
    for (subject, payload), (taken_bytes, arrival) in largest.items():
        if taken_bytes > most_bytes:
            yield (
                f"{subject} with the payload {payload} at {arrival} takes about "
                f"{quantity(taken_bytes, 'bytes')} of memory, and a worker may take "
                f"{quantity(most_bytes, 'bytes')} (worker_memory_bytes): its trials will be ended. "
                "Take smaller states, fewer clients, a shorter window, or a fixed rate."
            )
