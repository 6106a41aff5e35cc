"""How long measuring will take: from what this machine's runs took, else from what plug-ins say."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from contextlib import suppress
from statistics import fmean

from bench.checks.trials import distinct_subjects
from bench.discovery import load
from bench.errors import InputError
from bench.measure.environment import machine_here
from bench.records.store import Run, Store
from bench.scenario.plan import Plan, Trial
from bench.scenario.scenario import Scenario
from bench.subjects._factories.factory import subject_of

# What ``Server.beside_s`` is for a subject without a server, from recorded trials on two cores.
_BESIDE_WITHOUT_SERVER_S = 1.0

# What checking a subject takes: conformance and crash check, each about half. From 11 subjects.
_CHECKS_S = 2.0
_CHECKS_WITH_SERVER_S = 4.5

# So many runs of this machine are looked at, the newest ones.
_MOST_RUNS = 20

Measured = tuple[Hashable, float]
"""What was measured or checked, and the seconds that it took beside warm-up and window."""


class Durations:
    """What trials and checks take beside warm-up and window.

    ``known`` has what was measured, oldest run first: of each run the mean counts, and of several
    runs the newest one. A trial of which nothing is known takes as long as those that are most
    like it.
    """

    def __init__(self, known: Iterable[Iterable[Measured]] = ()) -> None:
        self._known_s: dict[Hashable, float] = {}
        for run in known:
            of_run: dict[Hashable, list[float]] = {}
            for key, beside_s in run:
                of_run.setdefault(key, []).append(beside_s)
            self._known_s.update((key, fmean(times)) for key, times in of_run.items())

    @classmethod
    def here(cls, store: Store) -> Durations:
        """Take them from the runs in ``store`` that were made on a machine like this one."""
        machine, runs = machine_here(), []
        for run_id in reversed(store.run_ids()):
            # What another version wrote, or is damaged, tells nothing.
            with suppress(InputError):
                if store.read_record(run_id).environment.machine == machine:
                    runs.append(list(taken_s(store.read(run_id))))
            if len(runs) == _MOST_RUNS:
                break
        return cls(reversed(runs))

    def trial_s(self, scenario: Scenario, trial: Trial) -> float:
        """Return about how many seconds ``trial`` makes a run longer."""
        known = (self._known_s.get(key) for key in _likenesses(scenario, trial))
        beside_s = next((found for found in known if found is not None), None)
        if beside_s is None:
            server = _server_of(scenario, trial.subject)
            beside_s = load("server", server).beside_s if server else _BESIDE_WITHOUT_SERVER_S
        return trial.warmup_s + _window_s(scenario, trial) + beside_s

    def by_trial_s(self, scenario: Scenario, plan: Plan) -> dict[str, float]:
        """Return that by the trial's id."""
        return {trial.id: self.trial_s(scenario, trial) for trial in plan.trials}

    def expected_s(self, scenario: Scenario, trials: Iterable[Trial]) -> float:
        """Return about how many seconds ``trials`` take."""
        return sum(self.trial_s(scenario, trial) for trial in trials)

    def checks_s(self, scenario: Scenario) -> float:
        """Return about how many seconds the checks take that ``scenario`` wants."""
        return sum(self._checks_s(scenario, label) for label in distinct_subjects(scenario))

    def _checks_s(self, scenario: Scenario, label: str) -> float:
        known_s = self._known_s.get(_checks_of(scenario, label))
        if known_s is not None:
            return known_s
        both_s = _CHECKS_WITH_SERVER_S if _server_of(scenario, label) else _CHECKS_S
        return both_s * (scenario.conformance + scenario.crash_check) / 2

    def minutes_of(self, scenario: Scenario, plan: Plan) -> tuple[float, float]:
        """Return about how many minutes measuring ``plan`` takes at least, and at most.

        The checks before it count, too. The certain trials are measured whatever they take.
        """
        checks_s = self.checks_s(scenario)
        least = (checks_s + self.expected_s(scenario, plan.expected())) / 60
        if scenario.precision is None:
            return least, least
        most = (checks_s + self.expected_s(scenario, plan.trials)) / 60
        return least, min(most, max(least, (checks_s + scenario.precision.budget_s) / 60))

    def extent(self, scenario: Scenario, plan: Plan) -> str:
        """Say how many trials there are, and how long they take."""
        least, most = self.minutes_of(scenario, plan)
        if scenario.precision is None:
            return f"{len(plan.trials)} trials, about {in_words(least, most)}"
        certain = len(plan.expected())
        return (
            f"{certain} trials for certain and {len(plan.trials) - certain} optional, "
            f"about {in_words(least, most)}"
        )


def in_words(least: float, most: float) -> str:
    """Write a range of minutes, or one number of them; in seconds below one minute."""
    times, digits, unit = (60, 0, "s") if most < 1 else (1, 1, "minutes")
    ends = dict.fromkeys(f"{times * end:.{digits}f}" for end in (least, most))
    return f"{' to '.join(ends)} {unit}"


def taken_s(run: Run) -> Iterator[Measured]:
    """Yield what the measured trials and the checks of ``run`` took."""
    scenario = run.scenario
    for record in run.trials:
        trial = record.trial
        # What is refused or fails ends early, and tells nothing of those that are measured.
        if record.status != "measured" or not record.took_s or trial.fault:
            continue
        for likeness in _likenesses(scenario, trial):
            yield likeness, record.took_s - trial.warmup_s - trial.duration_s
    for check in run.checks.values():
        if check.took_s:
            yield _checks_of(scenario, check.subject), check.took_s


def _likenesses(scenario: Scenario, trial: Trial) -> Iterator[Hashable]:
    """Yield what trials that take as long have in common, the most alike first."""
    use = scenario.resolve(trial.subject)
    payload = scenario.payloads[trial.payload].model_dump_json()
    arrival = scenario.arrival(trial.arrival)
    server = _server_of(scenario, trial.subject)
    preload = scenario.preload(trial.workload)
    amount = (payload, arrival.concurrency, preload)
    yield (
        *(trial.loop, use.use, str(use.options), arrival.model_dump_json(), preload),
        *(payload, scenario.workload(trial.workload).model_dump_json()),
    )
    # A server may be called as a subject is.
    yield "subject", use.use, amount
    yield "server", server, amount
    yield "subject", use.use
    yield "server", server


def _window_s(scenario: Scenario, trial: Trial) -> float:
    """Return how long a trial's window is, at most where a fault may end it earlier."""
    if not trial.fault:
        return trial.duration_s
    use = scenario.faults[trial.fault]
    ends_by_s = use.at.s[1] if use.at.s else use.at.latest_s
    is_ended = load("fault", use.use).ends_worker
    return min(trial.duration_s, ends_by_s) if is_ended else trial.duration_s


def _checks_of(scenario: Scenario, label: str) -> Hashable:
    use = scenario.resolve(label)
    return "checks", use.use, str(use.options), scenario.conformance, scenario.crash_check


def _server_of(scenario: Scenario, label: str) -> str | None:
    use = scenario.resolve(label)
    return subject_of(use).server
