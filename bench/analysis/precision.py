"""Whether ratios are known as precisely as the scenario wants, and how many blocks that takes.

A condition's ratios are looked at after each block. They are *precise* if the 95 % interval of each
primary metric's ratio reaches no further from its estimate than by the wanted factor. Only how wide
an interval is decides, never where it lies: a rule that stopped once an interval excludes 1 would
call equal things different far too often, one that looks at the width alone does not favour any
answer (sequential intervals of fixed width: Chow and Robbins, "On the asymptotic theory of
fixed-width sequential confidence intervals for the mean", Annals of Mathematical Statistics 1965).

Their result is for many blocks. With few, blocks that happen to agree end the measuring early, and
with skewed ratios such blocks also lie to one side: stopping at once, intervals that say 95 % cover
91 of 100. So the first look is at 10 blocks, and once the ratios are precise there come a quarter
as many blocks again that nobody looks at. Then they cover 93 of 100 or more
(tests/unit/analysis/test_precision.py).

Whether another block is wanted is asked while a run is being measured (:class:`Stopping`). Asking
again gives the same answer: it rests on the records alone, so a run that was interrupted ends with
the blocks that it would have had.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bench.analysis.comparison import compare, compared_pairs
from bench.analysis.result import Comparison
from bench.analysis.summary import summarise
from bench.analysis.trial_summary import TrialSummary, summarise_trial
from bench.records.store import Run
from bench.records.trial import TrialRecord
from bench.scenario.metric import ERRORS
from bench.scenario.plan import Trial, blocks_of, expand
from bench.scenario.quantity import number
from bench.stats.effects import effect

FIRST_LOOK = 10

Condition = tuple[str, str, str, str]


def _complete(compared: Iterable[Comparison], blocks: int) -> list[Comparison]:
    """Return what has a ratio of each of the first ``blocks``."""
    return [each for each in compared if all(block in each.ratios for block in range(blocks))]


def half_width(compared: Comparison, blocks: int) -> float:
    """Return by what share the 95 % interval of the first ``blocks`` exceeds its estimate.

    The larger of high ÷ ratio and ratio ÷ low, less 1; infinite for a single block.
    """
    found = effect([compared.ratios[block] for block in range(blocks)], [1.0] * blocks)
    if found.low is None or found.high is None or found.low <= 0.0:
        return float("inf")
    return max(found.high / found.ratio, found.ratio / found.low) - 1.0


def precise_after(
    compared: Iterable[Comparison], wanted: float, looks: Sequence[int]
) -> int | None:
    """Return the first of ``looks``, ascending numbers of blocks, at which all are precise.

    Ratios that lack a block of the last look have no part in it: no comparison will rest on them.
    """
    if not looks:
        return None
    complete = _complete(compared, looks[-1])
    # The widest of all tells soonest that a look is not precise.
    complete.sort(key=lambda each: -half_width(each, looks[-1]))
    precise = (look for look in looks if all(half_width(e, look) <= wanted for e in complete))
    return next(precise, None)


def looks(certain: int, begun: int) -> range:
    """Return after how many blocks is looked, of ``begun``, where ``certain`` are measured anyway.

    A condition that is precise from the start so gets none beyond the certain ones.
    """
    return range(max(FIRST_LOOK, certain * 4 // 5), begun + 1)


def blocks_after(precise: int) -> int:
    """Return how many blocks there are in the end where ``precise`` were precise: 5 ÷ 4 as many."""
    return -(-precise * 5 // 4)


def widest(compared: Iterable[Comparison], blocks: int) -> tuple[Comparison, float] | None:
    """Return the ratio with the widest interval after ``blocks`` and its half-width."""
    known = [(each, half_width(each, blocks)) for each in _complete(compared, blocks)]
    return max(known, key=lambda each: each[1], default=None)


def width_in_words(compared: Comparison, half_width: float, wanted: float) -> str:
    """Say how wide an interval is, e.g. ``throughput of a against b (uvloop): ±12 % …``."""
    where = compared.subject if compared.axis == "loop" else compared.loop
    return (
        f"the interval of {compared.metric.name} of {compared.candidate} against "
        f"{compared.baseline} ({where}) is ±{number(100.0 * half_width)} %, wanted "
        f"±{number(100.0 * wanted)} %"
    )


# ------------------------------------------------------- whether another block is wanted


@dataclass(frozen=True, slots=True)
class Wish:
    """Whether the block is wanted, and why or why not."""

    is_wanted: bool
    because: str


class Stopping:
    """Follows a run of a scenario with a wanted precision.

    ``add`` takes each record as it is made. A trial is summarised once; what is kept of it are a
    few numbers.
    """

    def __init__(self, run: Run) -> None:
        precision = run.scenario.precision
        if precision is None:
            raise ValueError("the scenario wants no precision")
        self._precision = precision
        self._run = replace(run, trials=())
        self._plan = expand(run.scenario)
        self._records: dict[Condition, list[TrialRecord]] = {}
        self._summaries: dict[str, TrialSummary] = {}
        self._spent_s = 0.0
        for record in run.trials:
            self.add(record)

    def add(self, record: TrialRecord) -> None:
        """Take a finished trial.

        Raises:
            InputError: its samples cannot be read.
        """
        self._spent_s += record.took_s
        self._records.setdefault(record.trial.condition, []).append(record)
        if record.is_measured:
            self._summaries[record.trial.id] = self._slim(record)

    def wish(self, trial: Trial) -> Wish:
        """Say whether the optional block that ``trial`` belongs to is wanted now."""
        condition = trial.condition
        sweep = self._run.scenario.sweeps[trial.sweep]
        certain, _ = blocks_of(self._run.scenario, sweep, trial.arrival)
        begun = trial.repetition
        # An earlier block was not wanted: nothing new is known.
        if begun > self._begun(condition):
            return Wish(False, "")
        compared = self._compared(condition)
        if not _complete(compared, begun):
            return Wish(False, "no ratio has all its blocks")
        looked = looks(certain, begun)
        precise = precise_after(compared, self._precision.half_width, looked)
        if precise is not None and begun >= blocks_after(precise):
            return Wish(False, "")
        because = self._because(compared, precise, looked, begun)
        if self._spent_s >= self._precision.budget_s:
            spent = f"{self._spent_s:.0f} s, budget_s is {self._precision.budget_s:g}"
            return Wish(False, f"the trials took {spent}; {because}")
        return Wish(True, because)

    def _because(
        self, compared: Sequence[Comparison], precise: int | None, looked: range, begun: int
    ) -> str:
        if precise is not None:
            blocks = min(blocks_after(precise), self._precision.most_repetitions)
            return (
                f"precise enough after {precise} blocks; it gets {blocks}, "
                "whatever the last ones show"
            )
        if begun < looked.start:
            return f"{begun} blocks, the first look is at {looked.start}"
        found = widest(compared, begun)
        return width_in_words(*found, self._precision.half_width) if found else ""

    def _begun(self, condition: Condition) -> int:
        records = self._records.get(condition, ())
        return max((record.trial.repetition + 1 for record in records), default=0)

    def _compared(self, condition: Condition) -> Sequence[Comparison]:
        records = tuple(self._records.get(condition, ()))
        begun = {record.trial.block for record in records}
        planned = [t for t in self._plan.expected(begun) if t.condition == condition]
        run = replace(self._run, trials=records)
        cells = summarise(run, planned, lambda _, record: self._summaries[record.trial.id])
        cells = tuple(cell for cell in cells if cell.condition == condition)
        pairs = compared_pairs(run.scenario, cells)
        names = run.scenario.primary_metrics
        found = (compare(candidate, base, name) for base, candidate in pairs for name in names)
        return [each for each in found if each is not None]

    def _slim(self, record: TrialRecord) -> TrialSummary:
        """Summarise a trial, and keep what decides: samples would fill the memory."""
        found = summarise_trial(self._run, record, tails=())
        primary = self._run.scenario.primary_metrics
        kept = (*primary, ERRORS.name)
        values = {name: found.values[name] for name in kept if name in found.values}
        return replace(found, values=values, operations={}, distributions={}, drifts={})
