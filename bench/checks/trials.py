"""The small load under which subjects are checked, as a scenario of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.contracts import CHECKPOINT_SAVER
from bench.scenario.arrival import Closed
from bench.scenario.plan import Trial, expand
from bench.scenario.scenario import FaultUse, Moment, Scenario, SubjectUse, Sweep, Use
from bench.subjects._factories.factory import subject_of

KILLS = 2
"""How often the process of each saver is killed, each time in a trial of its own."""
KILL = "kill"
"""The label of the fault of the crash check."""
# So many writes that a saver which flushes every 100 ms has acknowledged more than it stored, and
# that one which flushes after every hundred is not killed right after that.
_OPERATIONS = (150, 400)
# The kill comes before that.
_LONGEST_S = 10.0


@dataclass(frozen=True, slots=True)
class CheckTrials:
    """The scenario of the checks; it has :data:`KILLS` trials for each subject."""

    scenario: Scenario
    trials: tuple[Trial, ...]

    def of(self, label: str) -> tuple[Trial, ...]:
        """Return the trials of one subject."""
        return tuple(trial for trial in self.trials if trial.subject == label)


def check_trials(subjects: Mapping[str, SubjectUse], seed: int, **changes: Any) -> CheckTrials:
    """Return the trials in which ``subjects`` are checked, with what is drawn from ``seed``.

    Two clients write small states on the selector loop; nothing is warmed up, and all that was
    written is read back. ``changes`` are keys of the scenario.
    """
    keys = {"duration_s": _LONGEST_S, "verify_s": 30.0, **changes}
    scenario = Scenario(
        **keys,
        schema_version=2,
        question="Does each saver do what LangGraph asks, and keep what it acknowledges?",
        seed=seed,
        repetitions=KILLS,
        warmup_s=0.0,
        warmup_cycles=0,
        probes=(),
        subjects=subjects,
        workloads={"steps": Use(use="append_steps")},
        payloads={"small": Use(use="nested")},
        arrivals={"two": Closed(kind="closed", clients=2)},
        sweeps={
            "checks": Sweep(
                subjects=tuple(subjects),
                workloads=("steps",),
                payloads=("small",),
                arrivals=("two",),
                loops=("selector",),
            )
        },
        faults={KILL: FaultUse(use="worker_kill", at=Moment(operation=_OPERATIONS))},
    )
    return CheckTrials(scenario, expand(scenario).trials)


def distinct_subjects(scenario: Scenario) -> list[str]:
    """Return the first label of each saver that is measured; A/A arms are the same subject.

    Checked is what LangGraph asks, so what is no checkpoint saver is left out.
    """
    distinct = {
        scenario.checked_as(label)
        for label in scenario.measured_subjects
        if subject_of(scenario.resolve(label)).interface is CHECKPOINT_SAVER
    }
    return [label for label in scenario.subjects if label in distinct]
