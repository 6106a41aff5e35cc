"""The process in which one subject's saver is tested for conformance; then it ends.

Started by ``bench.checks.conformance`` as a trial's worker is, with the same two lines.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.errors import UnsupportedError
from bench.handover.job import Opening
from bench.handover.parts import Parts, close
from bench.measure.worker import Orders
from bench.records.check import Conformance
from bench.records.files import to_json

CONFORMANCE_FILE = "conformance.json"


def main() -> None:
    """Test the saver that standard input describes, in the directory that is the one argument."""
    directory = Path(sys.argv[1])
    orders = Orders(directory)
    with asyncio.Runner(loop_factory=orders.parts.loop.new_event_loop) as runner:
        result = runner.run(_conformance(orders.parts, orders.opening, orders.announce))
        (directory / CONFORMANCE_FILE).write_bytes(to_json(result))
        orders.hand_over()


async def _conformance(
    parts: Parts, opening: Opening, announce: Callable[[str], None]
) -> Conformance:
    try:
        # Another interpreter, of an arm of a gate, may not have it.
        suite: Any = importlib.import_module("bench.checks.suite")
    except ModuleNotFoundError as error:
        return Conformance(not_checked=f"package missing: {error.name} is not installed")
    subject = parts.subject(parts.subject_options, parts.job.place(opening))
    announce("open")
    try:
        await subject.open(1)
        saver = subject.saver(0)
        suite.name_after(opening.namespace)
        capabilities = await suite.capability_checks(saver, announce)
        announce("types")
        changed = await suite.changed_types(saver)
        return Conformance(capabilities, changed_types=changed, types=len(suite.TYPES))
    except Exception as error:  # noqa: BLE001 - why a saver cannot be tested is the result
        cause = error.__cause__ if isinstance(error, UnsupportedError) else None
        text = f"{type(cause or error).__name__}: {error}"
        return Conformance(not_checked=" ".join(text.split()))
    finally:
        await close(subject)


if __name__ == "__main__":
    main()
