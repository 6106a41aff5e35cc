"""Reads back what a trial wrote and compares it with what was acknowledged, and with the truth."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bench.contracts import (
    ALL_WRITES,
    CHECKPOINT_WRITES,
    ExpectedThread,
    Subject,
    ThreadTruth,
    TrueCheckpoint,
    Workload,
)
from bench.handover.acknowledgements import Acknowledged, ChainLog, Key
from bench.handover.job import Ledger
from bench.records.trial import Unread, Verification
from bench.values import value_hash
from bench.verify.differences import (
    ANY,
    Discrepancy,
    DiscrepancyKind,
    ReadCheckpoint,
    compare_channels,
    compare_listing,
    compare_unknown,
    compare_writes,
    count_by_kind,
    discrepancies_of_row,
    losses,
    own_rows,
    owner_of,
    paired_namespaces,
)
from bench.verify.stores import STORES, Store

_PROBLEMS_KEPT = 5
_NS_PER_S = 1_000_000_000
MOST_CHAINS = 64
# Making the runs of a thread again may take as long as the runs did.
TRUTH_LIMIT_S = 10.0
# A server may count the last writes a moment after it has acknowledged them.
_COUNTER_LOOKS = 20
_COUNTER_PAUSE_S = 0.1
_OF_LISTINGS = frozenset({"unordered", "out_of_namespace"})
_NOTHING_LEFT = (
    "nothing that was acknowledged is in the store: if the saver keeps it in its process, "
    "say reopens = false"
)
_NOTHING_KNOWN = ExpectedThread()


def unread(by: Unread, problem: str, log: Acknowledged | None = None) -> Verification:
    """Return the verification of a store that could not be read back; it has not passed.

    ``by`` says whose fault that is. It counts what was acknowledged where there is a ``log`` of it.
    """
    log = log or Acknowledged()
    return Verification(
        *(0, 0, 0, 0, 0, (problem,)),
        unread=by,
        attempted=log.attempted,
        acknowledged=log.acknowledged,
        indeterminate=log.attempted - log.acknowledged,
    )


async def read_back(
    subject: Subject,
    workload: Workload,
    ledger: Ledger,
    log: Acknowledged,
    verify_s: float,
    clock: Callable[[], int],
) -> Verification:
    """Do as :func:`verify` does; what fails is the verification's problem."""
    try:
        return await verify(subject, workload, ledger, log, verify_s, clock)
    except Exception as error:  # noqa: BLE001 - a store that cannot be read is not verified
        return unread("saver", f"reading back failed: {type(error).__name__}: {error}", log)


async def verify(
    subject: Subject,
    workload: Workload,
    ledger: Ledger,
    log: Acknowledged,
    verify_s: float,
    clock: Callable[[], int],
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Verification:
    """Compare the open store behind ``subject`` with ``log``, and with the truth of ``workload``.

    Looks at the number of checkpoints, counted by the store's own means where it has them; at the
    server's own counters; at the latest checkpoint of every chain (of :data:`MOST_CHAINS` of roots
    and of subgraphs, spread over all, where there are more); at whole threads with all their
    namespaces, in an order drawn from the ledger's seed; and at whether the saver keeps references,
    which writes a checkpoint into a thread of its own. Contents of latest checkpoints are compared
    for ``verify_s`` seconds of ``clock`` (in ns), then whole threads for as long, at least one. A
    saver without history is compared by its latest checkpoints alone. So is a session store; one
    that was broken restores all its sessions first, and every one is compared that it should have.
    """
    store = STORES[subject.interface.name](subject)
    reader = _Reader(subject, store, workload, ledger, log)
    most = MOST_CHAINS
    if log.broken_ns and await store.restore():
        most = max(1, len(log.chains))
    # What a preload has put is not of the trial, and is not counted with it.
    stored = None if workload.preload else (await subject.stored()).checkpoints
    counters: Mapping[str, int] = {}
    problems: list[str] = []
    # A server that was started again counts from nothing.
    if not log.broken_ns:
        counters, problems = await _counters(subject, log, pause)
    latest = [chain for is_root in (True, False) for chain in _spread(log.chains, most, is_root)]
    deadline_ns = clock() + round(verify_s * _NS_PER_S)
    for chain in latest:
        await reader.compare_latest(chain, with_content=clock() < deadline_ns)
    order = list(dict.fromkeys(chain.thread_id for chain in log.chains))
    random.Random(ledger.seed).shuffle(order)  # noqa: S311 - a reproducible choice, no secret
    deadline_ns = clock() + round(verify_s * _NS_PER_S)
    whole = 0
    for thread_id in order if subject.keeps_history else ():
        if whole and clock() >= deadline_ns:
            break
        await reader.compare_thread(thread_id)
        whole += 1
    reader.note(_wrong_reads(ledger, log))
    if subject.copies:
        reader.note(await store.kept_references(f"{workload.namespace}-references"))
    if subject.reopens and not reader.seen and any(chain.acknowledged for chain in log.chains):
        problems = [_NOTHING_LEFT, *problems]
    counts, texts, of_listings = reader.judged(stored)
    lost = losses(log, reader.discrepancies.values())
    return Verification(
        threads=len(latest),
        checkpoints=reader.seen if stored is None else stored,
        lost=counts["lost"],
        corrupted=counts["corrupted"],
        unexpected=counts["unexpected"],
        problems=tuple([*problems, *texts][:_PROBLEMS_KEPT]),
        steps=reader.compared,
        whole_threads=whole,
        attempted=log.attempted,
        acknowledged=log.acknowledged,
        indeterminate=log.attempted - log.acknowledged,
        duplicated=counts["duplicated"],
        stale=counts["stale"],
        broken_parents=counts["broken_parents"],
        lost_writes=counts["lost_writes"],
        server_counters=counters,
        misplaced=counts["misplaced"],
        unordered=counts["unordered"],
        out_of_namespace=counts["out_of_namespace"],
        deterministic=reader.deterministic,
        contents_unknown=reader.contents_unknown,
        listing_problems=tuple(of_listings[:_PROBLEMS_KEPT]),
        lost_acknowledged=lost.count,
        oldest_lost_ns=lost.oldest_ns,
        lost_out_of_order=lost.out_of_order,
        unacknowledged_stored=len(reader.unacknowledged),
    )


def _spread(chains: Sequence[ChainLog], most: int, is_root: bool) -> Sequence[ChainLog]:
    wanted = [chain for chain in chains if (not chain.namespace) == is_root]
    return wanted[:: max(1, -(-len(wanted) // most))]


def _wrong_reads(ledger: Ledger, log: Acknowledged) -> Iterator[Discrepancy]:
    for read in ledger.wrong_reads:
        text = f"a read of the trial: {read.problem}"
        yield Discrepancy(
            "corrupted", (read.thread_id, ""), f"{read.checkpoint_id} (as read)", text
        )
    for chain in log.chains:
        kinds = Counter(filter(None, (_odd_read(chain, log, *r) for r in chain.odd_reads)))
        for (kind, text), count in kinds.items():
            key = chain.key
            problem = f"{count} reads of the trial returned {text}"
            yield Discrepancy(kind, key, f"(as read: {kind})", problem, count)


def _odd_read(
    chain: ChainLog, log: Acknowledged, latest: str, given: str
) -> tuple[DiscrepancyKind, str] | None:
    """Say what is wrong with a read that gave another checkpoint than the latest acknowledged."""
    if not given:
        nothing = "nothing, though a checkpoint had been acknowledged"
        return None if chain.deletion_begun else ("stale", nothing)
    if given in chain.puts or given in chain.deleted:
        older = "an older checkpoint than the last acknowledged one"
        return None if given > latest or chain.deletion_begun else ("stale", older)
    other = owner_of(log, given)
    if other:
        return "misplaced", f"a checkpoint of thread {other}"
    return "unexpected", f"a checkpoint that was never written, {given}"


@dataclass(slots=True)
class _Reader:
    """Reads a store and gathers discrepancies; ``rows`` has how many ids were listed of a chain."""

    subject: Subject
    store: Store
    workload: Workload
    ledger: Ledger
    log: Acknowledged
    discrepancies: dict[tuple[DiscrepancyKind, Key, str], Discrepancy] = field(default_factory=dict)
    rows: dict[Key, int] = field(default_factory=dict)
    truths: dict[str, ThreadTruth | None] = field(default_factory=dict)
    unacknowledged: set[tuple[Key, str]] = field(default_factory=set)
    latest_read: int = 0
    compared: int = 0
    deterministic: bool = True
    contents_unknown: int = 0

    @property
    def seen(self) -> int:
        """How many checkpoints were listed, or found as a latest one where nothing was listed."""
        return sum(self.rows.values()) if self.rows else self.latest_read

    def note(self, discrepancies: Iterable[Discrepancy]) -> None:
        """Keep ``discrepancies``, each once."""
        for discrepancy in discrepancies:
            name = discrepancy.kind, discrepancy.key, discrepancy.place
            known = self.discrepancies.setdefault(name, discrepancy)
            if discrepancy.count > known.count:
                self.discrepancies[name] = discrepancy

    async def compare_latest(self, chain: ChainLog, *, with_content: bool) -> None:
        """Compare the latest checkpoint of a chain; its content where that is known and wanted."""
        row = await self.store.read(chain.key)
        self.latest_read += row is not None
        if row is not None and row.checkpoint_id in chain.indeterminate:
            self.unacknowledged.add((chain.key, row.checkpoint_id))
        acknowledged = chain.acknowledged
        key = chain.key
        latest = acknowledged[-1] if acknowledged else ""
        if row is None:
            if latest:
                self.note([Discrepancy("lost", key, latest, "nothing found in the thread")])
        elif row.checkpoint_id != latest:
            self.note(await self._another_latest(chain, latest, row))
        else:
            # Where the parent is gone, so may be what tells of it.
            if self.subject.keeps_history:
                self.note(discrepancies_of_row(chain, row))
            if with_content and not chain.namespace:
                await self._compare_latest_content(chain, len(acknowledged) - 1, row)

    async def _compare_latest_content(
        self, chain: ChainLog, place: int, row: ReadCheckpoint
    ) -> None:
        truth = await self._truth(chain.thread_id)
        if truth is None or not truth.deterministic:
            return
        checkpoints = truth.namespaces.get("", ())
        if place < len(checkpoints):
            self.note(self._content(chain, truth, checkpoints[place], row))

    async def _another_latest(
        self, chain: ChainLog, latest: str, row: ReadCheckpoint
    ) -> list[Discrepancy]:
        key, given = chain.key, row.checkpoint_id
        # Ids are ordered by time; without history an indeterminate put may overwrite at any time.
        if given in chain.indeterminate and (given > latest or not self.subject.keeps_history):
            return []
        if given not in chain.puts:
            return [compare_unknown(chain, self.log, row)]
        if not latest:
            return []
        text = f"the latest checkpoint is {given}, acknowledged was {latest}"
        if self.subject.keeps_history and await self.store.read(key, latest) is not None:
            return [Discrepancy("stale", key, latest, text)]
        return [Discrepancy("lost", key, latest, text)]

    async def compare_thread(self, thread_id: str) -> None:
        """List a thread, namespace by namespace, and compare every checkpoint of it."""
        chains = {name: c for name, c in self.log.threads[thread_id].items() if c.puts or c.deleted}
        read: dict[str, list[ReadCheckpoint]] = {}
        for namespace, chain in chains.items():
            listed = await self.store.listed(chain.key)
            self.note(compare_listing(chain, self.log, listed))
            own = {row.checkpoint_id: row for row in own_rows(chain, self.log, listed)}
            self.rows[thread_id, namespace] = len(own)
            kept = chain.indeterminate & own.keys()
            self.unacknowledged |= {(chain.key, name) for name in kept}
            read[namespace] = [own[name] for name in chain.acknowledged if name in own]
            self.compared += len(read[namespace])
        await self._compare_with_truth(thread_id, chains, read)

    async def _compare_with_truth(
        self,
        thread_id: str,
        chains: Mapping[str, ChainLog],
        read: Mapping[str, Sequence[ReadCheckpoint]],
    ) -> None:
        truth = await self._truth(thread_id)
        if truth is None:
            return
        if not truth.deterministic:
            self.note(self._ends(thread_id, truth, read.get("", ())))
            return
        discrepancies: list[Discrepancy] = []
        paired = dict(paired_namespaces(truth, read, self.workload.canonical))
        for namespace, checkpoints in truth.namespaces.items():
            given = paired.get(namespace)
            if given is None:
                if truth.complete:
                    discrepancies.append(_other_number((thread_id, namespace), len(checkpoints), 0))
                continue
            chain, rows = chains[given], {row.checkpoint_id: row for row in read[given]}
            key, acknowledged = (thread_id, given), chain.acknowledged
            if truth.complete and len(acknowledged) != len(checkpoints):
                discrepancies.append(_other_number(key, len(checkpoints), len(acknowledged)))
                continue
            for true, name in zip(checkpoints, acknowledged, strict=False):
                if name in rows:
                    discrepancies += self._content(chain, truth, true, rows[name])
        if discrepancies and await self._is_not_deterministic(thread_id):
            self.note(self._ends(thread_id, truth, read.get("", ())))
            return
        self.note(discrepancies)

    def _content(
        self, chain: ChainLog, truth: ThreadTruth, true: TrueCheckpoint, row: ReadCheckpoint
    ) -> Iterator[Discrepancy]:
        yield from compare_channels(chain, true, row, self.workload)
        if self.subject.keeps_history:
            ends = [checkpoints[-1] for checkpoints in truth.namespaces.values() if checkpoints]
            is_end = not truth.complete and any(true is end for end in ends)
            yield from compare_writes(chain, true, row, self.workload, is_end=is_end)

    async def _is_not_deterministic(self, thread_id: str) -> bool:
        """Make the truth again before somebody is accused: a graph may draw by chance."""
        first = self.truths.pop(thread_id)
        again = await self._truth(thread_id)
        if first is None or again is None:
            return False
        canonical = self.workload.canonical
        return first.fingerprint(canonical) != again.fingerprint(canonical)

    def _ends(
        self, thread_id: str, truth: ThreadTruth, rows: Sequence[ReadCheckpoint]
    ) -> Iterator[Discrepancy]:
        """Compare the states that runs ended with, in the eyes of who ran them."""
        self.deterministic = False
        known = self.ledger.threads.get(thread_id, _NOTHING_KNOWN)
        true = truth.namespaces.get("", ())
        saved = true[-1].channels.keys() if true else frozenset[str]()
        starts = [place for place, row in enumerate(rows) if row.source == "input"]
        last = [place - 1 for place in starts[1:]] + [len(rows) - 1]
        if len(starts) != len(known.runs):
            last = last[-1:]
        for place, states in zip(reversed(last), reversed(known.runs), strict=False):
            row, end = rows[place], states[-1] if states else {}
            for channel in sorted(end.keys() & saved):
                content = row.channels.get(channel)
                if value_hash(self.workload.canonical(channel, content)) != end[channel]:
                    text = f"channel {channel!r} is not what the run ended with"
                    yield Discrepancy("corrupted", (thread_id, ""), row.checkpoint_id, text)
                    break

    async def _truth(self, thread_id: str) -> ThreadTruth | None:
        if thread_id not in self.truths and self._was_misled(thread_id):
            self.truths[thread_id] = None
        if thread_id not in self.truths:
            known = self.ledger.threads.get(thread_id, _NOTHING_KNOWN)
            root = self.log.threads[thread_id].get("")
            acknowledged = len(root.acknowledged) if root else 0
            try:
                async with asyncio.timeout(TRUTH_LIMIT_S):
                    truth = await self.workload.truth(thread_id, known, acknowledged)
            except TimeoutError:
                truth = None
                self.contents_unknown += 1
            self.truths[thread_id] = truth
        return self.truths[thread_id]

    def _was_misled(self, thread_id: str) -> bool:
        """Tell whether another state follows: of a deleted thread, or after a wrong read."""
        chains = self.log.threads[thread_id].values()
        return any(chain.deletion_begun for chain in chains) or any(
            _odd_read(chain, self.log, *odd) for chain in chains for odd in chain.odd_reads
        )

    def judged(self, stored: int | None) -> tuple[Counter[DiscrepancyKind], list[str], list[str]]:
        """Add up the discrepancies, and what the store's own count says of the chains not listed.

        The texts of what is wrong with listings alone come last.
        """
        discrepancies = self.discrepancies.values()
        counts = count_by_kind(discrepancies)
        listed = count_by_kind(each for each in discrepancies if each.key in self.rows)
        rest = {chain.key for chain in self.log.chains} - self.rows.keys()
        unlisted = count_by_kind(each for each in discrepancies if each.key in rest)
        texts = [each.text for each in discrepancies if each.kind not in _OF_LISTINGS]
        of_listings = [each.text for each in discrepancies if each.kind in _OF_LISTINGS]
        if stored is None:
            return counts, texts, of_listings
        others = stored - sum(self.rows.values())
        least, most = self._bounds()
        # What was noticed one by one is in the store's count as well.
        missing = least - others - unlisted["lost"]
        known = unlisted["unexpected"] + unlisted["misplaced"]
        surplus = others - most - known - listed["lost"] - listed["duplicated"]
        if missing > 0:
            counts["lost"] += missing
            texts.append(f"{stored} checkpoints are stored, {missing} fewer than acknowledged")
        if surplus > 0:
            counts["duplicated"] += surplus
            texts.append(f"{stored} checkpoints are stored, {surplus} more than written")
        return counts, texts, of_listings

    def _bounds(self) -> tuple[int, int]:
        rest = [c for c in self.log.chains if c.key not in self.rows]
        if not self.subject.keeps_history:
            return sum(1 for chain in rest if chain.acknowledged), len(rest)
        return sum(len(c.acknowledged) for c in rest), sum(len(c.puts) for c in rest)


def _other_number(key: Key, wanted: int, given: int) -> Discrepancy:
    text = f"the same runs save {wanted} checkpoints on the in-memory saver, here {given}"
    return Discrepancy("corrupted", key, ANY, text)


async def _counters(
    subject: Subject, log: Acknowledged, pause: Callable[[float], Awaitable[None]]
) -> tuple[Mapping[str, int], list[str]]:
    """Read the server's counters, and say where they are behind what was acknowledged."""
    acknowledged = log.acknowledged
    least = {CHECKPOINT_WRITES: log.puts_acknowledged, ALL_WRITES: acknowledged}
    for look in range(_COUNTER_LOOKS):
        if look:
            await pause(_COUNTER_PAUSE_S)
        counters = await subject.server_counters()
        behind = [name for name in least if counters.get(name, least[name]) < least[name]]
        if not behind:
            break
    return counters, [
        f"the server itself counted {counters[name]} writes, {least[name]} were acknowledged"
        for name in behind
    ]
