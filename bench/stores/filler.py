"""The process that fills one store; then it ends.

Started by ``bench.stores.templates`` as a trial's worker is, with the same two lines.
"""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.discovery import load
from bench.handover.failures import failure_of
from bench.handover.job import RESULT_FILE, Opening, TrialResult
from bench.handover.parts import Parts, close, options_of
from bench.measure.worker import Orders
from bench.records.files import to_json
from bench.records.redaction import secrets_in
from bench.workloads.walk_history import WalkHistoryOptions, WalkHistoryWorkload

# So many connections write at once, and share what the server flushes.
_CLIENTS = 16


def main() -> None:
    """Fill the store that standard input describes, in the directory that is the one argument."""
    directory = Path(sys.argv[1])
    orders = Orders(directory)
    secrets = (*orders.opening.secrets, *secrets_in(os.environ))
    orders.announce("fill")
    with asyncio.Runner(loop_factory=orders.parts.loop.new_event_loop) as runner:
        try:
            runner.run(_fill(orders.parts, orders.opening))
            result = TrialResult("measured")
        except (Exception, SystemExit) as error:  # noqa: BLE001 - why it cannot be filled is the result
            result = TrialResult("failed", failure=failure_of(error, "fill", secrets))
        result = replace(result, stages=orders.stages())
        (directory / RESULT_FILE).write_bytes(to_json(result))
        orders.hand_over()


async def _fill(parts: Parts, opening: Opening) -> None:
    scenario = parts.scenario
    preload = scenario.preload(parts.job.trial.workload)
    if preload is None:
        raise ValueError("the trial has no store")
    use = scenario.payloads[preload.payload]
    payload: Any = load("payload", use.use)
    state = payload(options_of(payload, use), scenario.seed)
    filling = WalkHistoryWorkload(WalkHistoryOptions(), state, opening.namespace, _CLIENTS)
    filling.preload = preload
    subject = parts.subject(parts.subject_options, parts.job.place(opening))
    try:
        await subject.open(_CLIENTS)
        fills = (filling.fill(client, subject.saver(client)) for client in range(_CLIENTS))
        await asyncio.gather(*fills)
    finally:
        await close(subject)


if __name__ == "__main__":
    main()
