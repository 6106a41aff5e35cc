"""What each saver kept, and for how long nobody was served, when it was broken on purpose."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from statistics import median
from typing import Literal

from bench.analysis.wording import Check, Statement, counted, listed
from bench.records.trial import TrialRecord, Verification
from bench.scenario.durability import Durability
from bench.scenario.metric import CYCLE, SAVER_OPERATIONS
from bench.scenario.plan import Trial
from bench.scenario.quantity import count, quantity
from bench.scenario.scenario import Scenario

FaultVerdict = Literal["kept", "stale", "lost", "corrupt", "not opened", "unknown"]
# The stage of a trial in which its saver is opened.
_OPEN = "open"


@dataclass(frozen=True, slots=True)
class FaultCell:
    """A saver under a fault, all trials of it together.

    The stores of ``trials_read`` could be read back; the counts of writes are theirs. Of
    ``acknowledged`` writes, in ``strikes`` of the fault, ``lost`` were gone afterwards; the oldest
    had been acknowledged ``oldest_lost_ns`` before. ``out_of_order`` checkpoints were gone though a
    later one was there; ``wrong`` came back otherwise than they were written. Of
    ``unacknowledged`` writes ``unacknowledged_stored`` checkpoints were there, which is allowed.

    Of ``due`` cycles ``served`` succeeded; ``done`` counts operations, and what the workload marks.
    ``outage_ns`` and ``recovery_ns`` are medians of what callers felt (``FaultRecord``),
    ``longest_outage_ns`` and ``longest_response_ns`` the longest; after ``never_served`` strikes
    nobody was served again. ``errors`` has what failed meanwhile, by exception class,
    ``error_texts`` the first of each.
    ``reason`` says why the verdict is ``unknown``, ``not opened``, ``corrupt`` or ``stale``, or why
    nothing could be done.
    """

    sweep: str
    subject: str
    fault: str
    kind: str
    workload: str
    payload: str
    arrival: str
    loop: str
    durability: Durability
    trials: int
    trials_planned: int
    verdict: FaultVerdict
    reason: str = ""
    trials_read: int = 0
    trial_ids: tuple[str, ...] = ()
    concurrency: int = 0
    is_unsupported: bool = False
    strikes: int = 0
    acknowledged: int = 0
    lost: int = 0
    oldest_lost_ns: int = 0
    out_of_order: int = 0
    wrong: int = 0
    unacknowledged: int = 0
    unacknowledged_stored: int = 0
    due: int = 0
    served: int = 0
    done: Mapping[str, int] = field(default_factory=dict)
    outage_ns: float | None = None
    longest_outage_ns: float | None = None
    longest_response_ns: float | None = None
    recovery_ns: float | None = None
    never_served: int = 0
    errors: Mapping[str, int] = field(default_factory=dict)
    error_texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def marks(self) -> Mapping[str, int]:
        """What the workload marks, with how often that was."""
        operations = (CYCLE, *SAVER_OPERATIONS)
        return {name: times for name, times in self.done.items() if name not in operations}

    @property
    def breaks_promise(self) -> bool:
        """Whether something that was flushed is gone or was not read, or anything is changed.

        No durability allows that something is stored otherwise than it was written.
        """
        is_flushed = self.durability is Durability.FSYNC
        return self.verdict == "corrupt" or (is_flushed and self.verdict in ("lost", "stale"))

    @property
    def is_open(self) -> bool:
        """Whether it is not known that a promise was kept, or that it was broken."""
        is_unsure = self.durability is Durability.UNKNOWN and self.verdict in ("lost", "stale")
        return is_unsure or (self.verdict == "unknown" and not self.is_unsupported)


def fault_cells(
    scenario: Scenario, records: Sequence[TrialRecord], planned: Sequence[Trial]
) -> tuple[FaultCell, ...]:
    """Return every cell that is broken, in the order of the plan's sweeps, subjects and faults."""
    trials: dict[tuple[str, ...], list[Trial]] = defaultdict(list)
    for trial in planned:
        if trial.fault:
            trials[_key(trial)].append(trial)
    by_key: dict[tuple[str, ...], list[TrialRecord]] = defaultdict(list)
    for record in records:
        by_key[_key(record.trial)].append(record)
    opened = {record.trial.subject for record in records if record.window}
    subjects, faults = list(scenario.subjects), list(scenario.faults)
    ordered = sorted(
        trials, key=lambda key: (key[0], subjects.index(key[1]), faults.index(key[2]), key)
    )
    return tuple(_cell(scenario, key, len(trials[key]), by_key[key], opened) for key in ordered)


def _key(trial: Trial) -> tuple[str, ...]:
    where = (trial.workload, trial.payload, trial.arrival, trial.loop)
    return (trial.sweep, trial.subject, trial.fault, *where)


def _cell(
    scenario: Scenario,
    key: tuple[str, ...],
    planned: int,
    records: Sequence[TrialRecord],
    opened: Collection[str],
) -> FaultCell:
    sweep, subject, fault, workload, payload, arrival, loop = key
    broken = [record.broken for record in records if record.broken]
    verifications = [record.verification for record in records if record.verification]
    read = [each for each in verifications if not each.unread]
    durabilities = {r.durability for r in records if r.settings or r.status == "measured"}
    outages = list(chain.from_iterable(each.outages_ns for each in broken))
    known = chain.from_iterable(each.outages_ns for each in broken if each.responses_ns)
    served = [each for each in known if each is not None]
    responses = chain.from_iterable(each.responses_ns for each in broken)
    recoveries = chain.from_iterable(each.recoveries_ns for each in broken)
    back = [each for each in recoveries if each is not None]
    felt = [each.timeline for each in broken if each.timeline]
    errors: Counter[str] = Counter()
    done: Counter[str] = Counter()
    texts: dict[str, str] = {}
    for record in records:
        errors.update(record.errors)
        done.update(record.broken.done if record.broken else {})
        texts = {**record.error_texts, **texts}
    verdict, reason = _verdict(planned, records, verifications)
    stages = {record.failure.stage if record.failure else "" for record in records}
    if verdict == "unknown" and len(records) == planned and stages == {_OPEN} and subject in opened:
        # Without the fault it can be opened, so this is what the fault does to it.
        verdict = "not opened"
    return FaultCell(
        sweep=sweep,
        subject=subject,
        fault=fault,
        kind=scenario.faults[fault].use,
        workload=workload,
        payload=payload,
        arrival=arrival,
        loop=loop,
        durability=durabilities.pop() if len(durabilities) == 1 else Durability.UNKNOWN,
        trials=len(records),
        trials_planned=planned,
        verdict=verdict,
        reason=reason,
        trials_read=len(read),
        trial_ids=tuple(record.trial.id for record in records),
        concurrency=scenario.arrival(arrival).concurrency,
        is_unsupported=bool(records) and all(each.status == "unsupported" for each in records),
        strikes=sum(len(each.strikes) for each in broken),
        acknowledged=sum(each.acknowledged for each in read),
        lost=sum(each.missing for each in read),
        oldest_lost_ns=max((each.oldest_lost_ns for each in read), default=0),
        out_of_order=sum(each.lost_out_of_order for each in read),
        wrong=sum(each.wrong for each in read),
        unacknowledged=sum(each.indeterminate for each in read),
        unacknowledged_stored=sum(each.unacknowledged_stored for each in read),
        due=sum(sum(each.due) for each in felt),
        served=sum(sum(each.ok) for each in felt),
        done=dict(done),
        outage_ns=median(served) if served else None,
        longest_outage_ns=max(served, default=None),
        longest_response_ns=max(responses, default=None),
        recovery_ns=median(back) if back else None,
        never_served=outages.count(None),
        errors=dict(errors),
        error_texts=texts,
    )


def _verdict(
    planned: int, records: Sequence[TrialRecord], verifications: Sequence[Verification]
) -> tuple[FaultVerdict, str]:
    """Return the gravest that is known, and why it is not simply kept or lost."""
    unread = {each.unread: each.problems[0] for each in verifications if each.unread}
    if "saver" in unread:
        return "corrupt", f"its store could not be read: {unread['saver']}"
    # Something is wrong that cannot be counted in writes, or more than that they are gone.
    wrong = [
        each
        for each in verifications
        if not each.unread and (each.changed or not (each.passed or each.missing or each.stale))
    ]
    if wrong:
        return "corrupt", next((each.problems[0] for each in wrong if each.problems), "")
    if any(each.missing for each in verifications):
        return "lost", ""
    stale = next((each for each in verifications if each.stale), None)
    if stale:
        return "stale", next(iter(stale.problems), "")
    unknown = _unknown(planned, records, unread.get("harness", ""))
    return ("unknown", unknown) if unknown else ("kept", "")


def _unknown(planned: int, records: Sequence[TrialRecord], unread: str) -> str:
    """Say why not every store was looked at; empty where each was."""
    failure = next((each.failure for each in records if each.failure), None)
    if failure is not None:
        return f"{failure.error_class}: {failure.message}"
    if unread:
        return f"its store was not read back: {unread}"
    if len(records) < planned:
        return f"{len(records)} of {planned} trials are recorded"
    return "" if all(each.verification for each in records) else "its store was not read back"


def statements(cells: Iterable[FaultCell]) -> Iterator[Statement]:
    """Say who kept everything that was acknowledged, and who lost how much, by kind of fault."""
    by_kind: dict[str, list[FaultCell]] = defaultdict(list)
    for cell in cells:
        if not cell.is_unsupported:
            by_kind[cell.kind].append(cell)
    for kind, of_kind in by_kind.items():
        texts = []
        kept = [cell.subject for cell in of_kind if cell.verdict == "kept"]
        if kept:
            texts.append(f"{listed(dict.fromkeys(kept))} kept every acknowledged write")
        texts += [
            f"{cell.subject} lost {count(cell.lost)} of {count(cell.acknowledged)}"
            f" (the oldest {quantity(cell.oldest_lost_ns, 'ns')} old)"
            for cell in of_kind
            if cell.verdict == "lost"
        ]
        texts += [
            f"{cell.subject} kept every acknowledged write, but was read stale"
            for cell in of_kind
            if cell.verdict == "stale"
        ]
        texts += [
            f"{cell.subject}: {cell.verdict}"
            for cell in of_kind
            if cell.verdict in ("corrupt", "not opened", "unknown")
        ]
        yield Statement("", f"{kind}: {'; '.join(texts)}.")


def checks(cells: Sequence[FaultCell]) -> Iterator[Check]:
    """Yield what was looked for: all trials, and what was promised."""
    if not cells:
        return
    recorded, planned = (sum(getattr(c, n) for c in cells) for n in ("trials", "trials_planned"))
    text = f"{count(recorded)} of {count(planned)} trials that are broken on purpose recorded"
    yield Check(text, is_in_order=recorded >= planned)
    promised = [c for c in cells if c.durability is Durability.FSYNC and c.strikes]
    if promised:
        lost = sum(cell.lost for cell in promised)
        gone = f"{count(lost)} were" if lost > 1 else "1 was" if lost else "none was"
        strikes = sum(cell.strikes for cell in promised)
        written = count(sum(cell.acknowledged for cell in promised))
        yield Check(
            f"of {written} writes that were flushed before they were acknowledged "
            f"{gone} lost in {counted(strikes, 'fault')}",
            is_in_order=not any(cell.breaks_promise for cell in promised),
        )
