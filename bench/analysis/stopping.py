"""Whether another block of a condition is wanted, asked while a run is being measured.

Asking again gives the same answer: it rests on the records alone, so a run that was interrupted
ends with the blocks that it would have had.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench.analysis.precision import (
    BlockRatios,
    Condition,
    blocks_after,
    looks,
    precise_after,
    ratios_of,
    widest,
    width_in_words,
)
from bench.analysis.summary import is_measured, summarise
from bench.analysis.trial_summary import TrialSummary, summarise_trial
from bench.records.store import Run
from bench.records.trial import TrialRecord
from bench.scenario.metric import ERRORS
from bench.scenario.plan import Trial, blocks_of, expand


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
        if is_measured(record):
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
        if not any(ratios.is_complete(begun) for ratios in compared):
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
        self, compared: Sequence[BlockRatios], precise: int | None, looked: range, begun: int
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

    def _compared(self, condition: Condition) -> Sequence[BlockRatios]:
        records = tuple(self._records.get(condition, ()))
        begun = {record.trial.block for record in records}
        planned = [t for t in self._plan.expected(begun) if t.condition == condition]
        run = replace(self._run, trials=records)
        cells = [
            found.cell
            for found in summarise(run, planned, lambda _, record: self._summaries[record.trial.id])
            if found.cell.condition == condition
        ]
        return ratios_of(run.scenario, cells).get(condition, ())

    def _slim(self, record: TrialRecord) -> TrialSummary:
        """Summarise a trial, and keep what decides: samples would fill the memory."""
        found = summarise_trial(self._run, record, tails=())
        primary = self._run.scenario.primary_metrics
        kept = (*primary, ERRORS.name)
        values = {name: found.values[name] for name in kept if name in found.values}
        return replace(found, values=values, operations={}, distributions={}, drifts={})
