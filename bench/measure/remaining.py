"""What of a plan is still to be measured: the certain blocks, and optional ones as wanted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from itertools import groupby

from bench.scenario.plan import Plan, Trial

# Asked with the first trial of an optional block, when its turn comes.
IsWanted = Callable[[Trial], bool]


def no_more(trial: Trial) -> bool:
    """Want no optional block."""
    del trial
    return False


class Remaining:
    """Iterates over the trials without a record, in the plan's order.

    ``finished`` has the ids of those that have one. A block that was begun is completed without
    being asked for. ``total`` counts the trials that are known to be measured in the end: it grows
    by a block whenever one is added.
    """

    def __init__(self, plan: Plan, finished: Collection[str], is_wanted: IsWanted) -> None:
        self._plan = plan
        self._finished = finished
        self._is_wanted = is_wanted
        done = [trial for trial in plan.trials if trial.id in finished]
        self._begun = {trial.block for trial in done}
        self.done = len(done)
        self.total = len(plan.expected(self._begun))

    def __iter__(self) -> Iterator[Trial]:
        for block, trials in groupby(self._plan.trials, key=lambda trial: trial.block):
            todo = [trial for trial in trials if trial.id not in self._finished]
            if todo and block in self._plan.optional_blocks and block not in self._begun:
                if not self._is_wanted(todo[0]):
                    continue
                self.total += len(todo)
            yield from todo
