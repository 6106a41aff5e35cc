"""What is gone of that which was acknowledged, and how old it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from bench.handover.acknowledgements import Acknowledged
from bench.verify.differences import Fault


def losses(log: Acknowledged, faults: Iterable[Fault]) -> tuple[int, int]:
    """Return how many acknowledged writes are gone, and the age of the oldest in ns.

    A write is a checkpoint or a call of ``aput_writes``; the calls on a checkpoint that is gone are
    gone with it. The age is that of the oldest checkpoint concerned, from its acknowledgement to
    the last one of the log; 0 where nothing is gone.
    """
    faulty = {(fault.kind, fault.key, fault.place): fault.count for fault in faults}
    count = 0
    concerned_ns: list[int] = []
    all_ns: list[int] = []
    for chain in log.chains:
        key = chain.thread_id, chain.namespace
        calls = Counter(name for (name, _), values in chain.writes.items() if values)
        for name, put in chain.puts.items():
            all_ns.append(put.acknowledged_ns)
            lost = 0
            if ("lost", key, name) in faulty and put.acknowledged_ns:
                lost = 1 + calls[name]
            elif ("lost_writes", key, name) in faulty:
                # A call has one value at least.
                lost = min(faulty["lost_writes", key, name], calls[name])
            if lost:
                count += lost
                concerned_ns.append(put.acknowledged_ns)
    return count, max(all_ns) - min(concerned_ns) if concerned_ns else 0
