"""The harness's own load, timing and recorder, put together as a trial does.

The only place here that knows how they are made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver

from bench.contracts import Workload
from bench.handover.acknowledgements import AcknowledgementLog
from bench.handover.clock import now_ns
from bench.measure.load_generator import Load, Offer
from bench.measure.pacer import sleep_beside
from bench.measure.recorder import Recorder
from bench.measure.timing import OPERATIONS, Timing
from bench.records.trial import Window
from bench.scenario.arrival import Closed, Open
from bench.scenario.metric import CYCLE

Saver = BaseCheckpointSaver[Any]

_NS_PER_S = 1_000_000_000
_DRAIN_S = 5.0


def new_recorder(*marks: str) -> Recorder:
    """Make a recorder for the saver's operations, cycles and a workload's ``marks``."""
    return Recorder((*OPERATIONS.values(), CYCLE, *marks))


def timed(saver: Saver, recorder: Recorder) -> Saver:
    """Make ``saver`` report to ``recorder``, in place, and return it."""
    return Timing(recorder, now_ns, AcknowledgementLog()).time_saver(saver)


async def offer(
    workload: Workload,
    arrival: Closed | Open,
    saver_for: Callable[[int], Saver],
    recorder: Recorder,
    *,
    warmup_s: float,
    duration_s: float,
) -> Window:
    """Offer the load on the running loop until it is drained; return its window."""
    offered = Offer.of(arrival, 0, warmup_s, duration_s)
    load = Load(workload, offered, saver_for, recorder, now_ns)
    await load.prepare()
    start_ns = load.start() + round(warmup_s * _NS_PER_S)
    end_ns = start_ns + round(duration_s * _NS_PER_S)
    load.end_at(end_ns)
    await sleep_beside((end_ns - now_ns()) / _NS_PER_S)
    await load.drain(_DRAIN_S)
    return Window(start_ns, end_ns, now_ns())
