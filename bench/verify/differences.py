"""Compares what a store holds of one thread's namespace with the truth: pure functions."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, Protocol

from bench.contracts import ThreadTruth, TrueCheckpoint, namespace_names
from bench.handover.acknowledgements import Acknowledged, ChainLog, Key

DiscrepancyKind = Literal[
    "lost",
    "duplicated",
    "corrupted",
    "stale",
    "unexpected",
    "broken_parents",
    "lost_writes",
    "unordered",
    "out_of_namespace",
    "misplaced",
]

ANY = "(any)"
"""The place of a discrepancy that is known of a whole chain, not of its single checkpoints."""


class Values(Protocol):
    """When two values of a channel are the same, as a workload knows it."""

    def canonical(self, channel: str, value: Any) -> bytes:
        """Return bytes that are equal exactly when two values mean the same."""

    def difference(self, channel: str, expected: Any, found: Any) -> str:
        """Say where they differ, in words; empty where they do not."""


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Something that is not as it was acknowledged; ``place`` is a checkpoint's id, or its place.

    One of the same kind, chain and place is the same, however often it is noticed.
    """

    kind: DiscrepancyKind
    key: Key
    place: str
    problem: str
    count: int = 1

    @property
    def text(self) -> str:
        """The problem with its place, for people."""
        thread_id, namespace = self.key
        inside = f", namespace {namespace}" if namespace else ""
        place = "" if self.place == ANY else f", checkpoint {self.place}"
        return f"thread {thread_id}{inside}{place}: {self.problem}"


@dataclass(frozen=True, slots=True)
class ReadCheckpoint:
    """One checkpoint as a store gives it; ``writes`` are (task id, channel, value).

    ``source`` is its metadata's: ``input`` where a run began.
    """

    key: Key
    checkpoint_id: str
    parent_id: str
    channels: Mapping[str, Any]
    writes: Sequence[tuple[str, str, Any]]
    source: str = ""


def compare_listing(
    chain: ChainLog, log: Acknowledged, listed: Sequence[ReadCheckpoint]
) -> Iterator[Discrepancy]:
    """Compare all that was listed of a chain, in the order listed, with what was acknowledged."""
    own = own_rows(chain, log, listed)
    foreign = len(listed) - len(own)
    key = chain.key
    if foreign:
        text = f"its listing contains {foreign} checkpoints of other namespaces"
        yield Discrepancy("out_of_namespace", key, ANY, text, foreign)
    ids = [row.checkpoint_id for row in own]
    if any(later > earlier for earlier, later in pairwise(ids)):
        yield Discrepancy("unordered", key, ANY, "its checkpoints are not listed newest first")
    for name, count in Counter(ids).items():
        if count > 1:
            yield Discrepancy("duplicated", key, name, f"listed {count} times", count - 1)
    rows = {row.checkpoint_id: row for row in own}
    for name in chain.acknowledged:
        if name in rows:
            yield from discrepancies_of_row(chain, rows[name])
        else:
            yield Discrepancy("lost", key, name, "acknowledged, but not found")
    for name in rows.keys() - chain.puts.keys():
        yield compare_unknown(chain, log, rows[name], rows.values())


def own_rows(
    chain: ChainLog, log: Acknowledged, listed: Iterable[ReadCheckpoint]
) -> list[ReadCheckpoint]:
    """Leave out what belongs to another namespace of the thread, or says that it does."""
    listed = list(listed)
    key = chain.key
    others = [c for c in log.threads[chain.thread_id].values() if c is not chain]
    unknown = {row.checkpoint_id for row in listed} - chain.puts.keys()
    foreign = {name for name in unknown if any(name in other.puts for other in others)}
    return [row for row in listed if row.key == key and row.checkpoint_id not in foreign]


def discrepancies_of_row(chain: ChainLog, row: ReadCheckpoint) -> Iterator[Discrepancy]:
    """Compare parent and writes of an acknowledged checkpoint with what was acknowledged."""
    key = chain.key
    parent_id = chain.puts[row.checkpoint_id].parent_id
    if row.parent_id != parent_id:
        text = f"its parent is {row.parent_id or 'none'}, written was {parent_id or 'none'}"
        yield Discrepancy("broken_parents", key, row.checkpoint_id, text)
    tasks = Counter(task for task, _, _ in row.writes)
    written = {t: n for (name, t), n in chain.writes.items() if name == row.checkpoint_id}
    missing = sum(max(0, count - tasks[task]) for task, count in written.items())
    if missing:
        text = f"{missing} of {sum(written.values())} writes on it are gone"
        yield Discrepancy("lost_writes", key, row.checkpoint_id, text, missing)


def compare_unknown(
    chain: ChainLog, log: Acknowledged, row: ReadCheckpoint, rows: Iterable[ReadCheckpoint] = ()
) -> Discrepancy:
    """Say what a checkpoint is that was never put into this chain; ``rows`` are its others."""
    key, name = chain.key, row.checkpoint_id
    if name in chain.deleted:
        return Discrepancy("unexpected", key, name, "deleted, but still there")
    other = owner_of(log, name)
    if other:
        return Discrepancy("misplaced", key, name, f"it belongs to thread {other}")
    for known in rows:
        # Only where something is wrong, so it may be slow.
        is_copy = known.checkpoint_id in chain.puts and known.parent_id == row.parent_id
        if is_copy and repr(known.channels) == repr(row.channels):
            return Discrepancy("duplicated", key, name, "repeats another checkpoint's content")
    return Discrepancy("unexpected", key, name, "never written")


def owner_of(log: Acknowledged, checkpoint_id: str) -> str:
    """Return the id of the thread into which a checkpoint was put; empty if nobody put it."""
    return next((c.thread_id for c in log.chains if checkpoint_id in c.puts), "")


def compare_channels(
    chain: ChainLog, truth: TrueCheckpoint, row: ReadCheckpoint, values: Values
) -> Iterator[Discrepancy]:
    """Compare the channels of an acknowledged checkpoint with what they must hold."""
    for channel in sorted(truth.channels.keys() | row.channels.keys()):
        if channel not in row.channels:
            text = f"channel {channel!r} is missing"
        elif channel not in truth.channels:
            text = f"it has a channel {channel!r} that was never written"
        else:
            differs = values.difference(channel, truth.channels[channel], row.channels[channel])
            text = f"channel {channel!r} came back changed: {differs}" if differs else ""
        if text:
            yield Discrepancy("corrupted", chain.key, row.checkpoint_id, text)
            return


def compare_writes(
    chain: ChainLog,
    truth: TrueCheckpoint,
    row: ReadCheckpoint,
    values: Values,
    *,
    is_end: bool = False,
) -> Iterator[Discrepancy]:
    """Compare the writes upon an acknowledged checkpoint with what they must be.

    ``is_end``: the truth ends here, and further writes upon it may have followed.
    """
    key, name = chain.key, row.checkpoint_id
    wanted, given = _writes(chain, truth, row, values)
    missing, surplus = wanted - given, given - wanted
    changed = _by_channel(missing) & _by_channel(surplus)
    gone = missing.total() - changed.total()
    if changed:
        text = f"{changed.total()} writes on it came back changed (channel {min(changed)!r})"
        yield Discrepancy("corrupted", key, f"{name}, its writes", text, changed.total())
    if gone:
        text = f"{gone} of {wanted.total()} writes on it are gone"
        yield Discrepancy("lost_writes", key, name, text, gone)
    # A call of which the outcome is not known may have been made again.
    elif surplus.total() > changed.total() and not (chain.uncertain_writes or is_end):
        count = surplus.total() - changed.total()
        is_repeated = all(write in wanted for write in surplus)
        kind: DiscrepancyKind = "duplicated" if is_repeated else "unexpected"
        text = "are listed more than once" if is_repeated else "were never made"
        yield Discrepancy(kind, key, f"{name}, its writes", f"{count} {text}", count)


def _by_channel(writes: Counter[tuple[str, str, bytes]]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for (_, channel, _), count in writes.items():
        counts[channel] += count
    return counts


_Writes = Counter[tuple[str, str, bytes]]


def _writes(
    chain: ChainLog, truth: TrueCheckpoint, row: ReadCheckpoint, values: Values
) -> tuple[_Writes, _Writes]:
    """Count the writes that a checkpoint must have, and those that it has.

    Where the truth knows the tasks, those count whose writes were acknowledged.
    """
    tasks = {task for task, _, _ in truth.writes}
    if "" in tasks:
        wanted, given = truth.writes, [("", channel, value) for _, channel, value in row.writes]
    else:
        acknowledged = {
            task for (name, task), n in chain.writes.items() if n and name == row.checkpoint_id
        }
        wanted = [write for write in truth.writes if write[0] in acknowledged]
        given = [write for write in row.writes if write[0] not in tasks - acknowledged]
    of_truth, of_row = (
        Counter((task, channel, values.canonical(channel, value)) for task, channel, value in one)
        for one in (wanted, given)
    )
    return of_truth, of_row


def paired_namespaces(
    truth: ThreadTruth,
    chains: Mapping[str, Sequence[ReadCheckpoint]],
    canonical: Callable[[str, Any], bytes],
) -> Iterator[tuple[str, str]]:
    """Pair the namespaces of a truth with those read: (the truth's, that of the store).

    Those of subgraphs hold the ids of tasks; the same ones have the same names, and of several with
    the same names those whose contents agree, then the others in order.
    """
    wanted: dict[tuple[str, ...], list[str]] = defaultdict(list)
    given: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for namespace in truth.namespaces:
        wanted[namespace_names(namespace)].append(namespace)
    for namespace in chains:
        given[namespace_names(namespace)].append(namespace)
    for names, namespaces in wanted.items():
        candidates = given.get(names, [])
        if len(namespaces) > 1:
            by_content: dict[tuple[bytes, ...], list[str]] = defaultdict(list)
            for namespace in candidates:
                rows = (TrueCheckpoint(row.channels) for row in chains[namespace])
                by_content[tuple(row.content(canonical) for row in rows)].append(namespace)
            for namespace in tuple(namespaces):
                content = tuple(one.content(canonical) for one in truth.namespaces[namespace])
                if by_content[content]:
                    namespaces.remove(namespace)
                    candidates.remove(by_content[content][0])
                    yield namespace, by_content[content].pop(0)
        yield from zip(namespaces, candidates, strict=False)


def count_by_kind(discrepancies: Iterable[Discrepancy]) -> Counter[DiscrepancyKind]:
    """Count by kind; those of single checkpoints are among those of :data:`ANY`."""
    single: Counter[tuple[DiscrepancyKind, Key]] = Counter()
    whole: dict[tuple[DiscrepancyKind, Key], int] = {}
    for discrepancy in discrepancies:
        key = discrepancy.kind, discrepancy.key
        if discrepancy.place == ANY:
            whole[key] = discrepancy.count
        else:
            single[key] += discrepancy.count
    counts: Counter[DiscrepancyKind] = Counter()
    for key in single.keys() | whole.keys():
        counts[key[0]] += max(single[key], whole.get(key, 0))
    return counts


@dataclass(frozen=True, slots=True)
class Losses:
    """Acknowledged writes that are gone: how many, how old the oldest was, how many out of order.

    A write is a checkpoint or a call of ``aput_writes``; the calls on a checkpoint that is gone are
    gone with it. ``oldest_ns`` is from the acknowledgement of the oldest checkpoint that is gone to
    when the trial was broken next, or else to the last acknowledgement of the log; 0 where nothing
    is gone. Of calls on a checkpoint that is there the last one counts, as it is not known which.
    ``out_of_order`` checkpoints are gone though a later one of their chain is there that was
    acknowledged before the trial was broken next.
    """

    count: int
    oldest_ns: int
    out_of_order: int


def losses(log: Acknowledged, discrepancies: Iterable[Discrepancy]) -> Losses:
    """Add up what is gone of ``log``."""
    by_place = {(each.kind, each.key, each.place): each.count for each in discrepancies}
    ends_ns = sorted(log.broken_ns)
    put_ns = (put.acknowledged_ns for chain in log.chains for put in chain.puts.values())
    written_ns = (at_ns for chain in log.chains for at_ns in chain.written_ns.values())
    last_ns = max((*put_ns, *written_ns), default=0)
    if not ends_ns or ends_ns[-1] < last_ns:
        ends_ns.append(last_ns)
    count = oldest_ns = out_of_order = 0
    for chain in log.chains:
        key = chain.key
        calls = Counter(name for (name, _), values in chain.writes.items() if values)
        # By the end of the time that a checkpoint was acknowledged in: the last that is there.
        kept_ns: Counter[int] = Counter()
        gone: list[tuple[int, int]] = []
        for name, put in chain.puts.items():
            at_ns = put.acknowledged_ns
            end_ns = ends_ns[bisect_left(ends_ns, at_ns)]
            is_gone = at_ns and ("lost", key, name) in by_place
            # A call has one value at least.
            lost = 1 + calls[name] if is_gone else by_place.get(("lost_writes", key, name), 0)
            lost = lost if is_gone else min(lost, calls[name])
            if is_gone:
                gone.append((at_ns, end_ns))
            elif at_ns:
                kept_ns[end_ns] = max(kept_ns[end_ns], at_ns)
            if lost:
                count += lost
                since_ns = at_ns if is_gone else chain.written_ns[name]
                oldest_ns = max(oldest_ns, ends_ns[bisect_left(ends_ns, since_ns)] - since_ns)
        out_of_order += sum(at_ns < kept_ns[end_ns] for at_ns, end_ns in gone)
    return Losses(count, oldest_ns, out_of_order)
