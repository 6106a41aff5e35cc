"""Which recorded runs the published claims are judged on."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence

from bench.analysis.analyse import analyse
from bench.analysis.result import Analysis
from bench.claims.claim import Claim
from bench.claims.claim_scenario import measured_scenario
from bench.errors import InputError, suggestion
from bench.records.reference_runs import reference_runs
from bench.records.store import Store


def scenarios_of(claims: Iterable[Claim]) -> tuple[str, ...]:
    """Return the scenarios that ``claims`` are judged on, each once."""
    return tuple(dict.fromkeys(name for claim in claims for name in claim.scenarios))


def newest_runs(store: Store, scenarios: Sequence[str]) -> tuple[str, ...]:
    """Return the id of the newest complete run of each of ``scenarios``, where there is one.

    What is newer and left out is told on standard error: a run that lacks trials, or that this
    program cannot read.
    """
    newest: dict[str, str] = {}
    for run_id in reversed(store.run_ids()):
        try:
            record = store.read_record(run_id)
            if record.scenario_name not in scenarios or record.scenario_name in newest:
                continue
            run = store.read(run_id)
        except InputError as error:
            # It may be of a scenario that nobody asks for; if not, the claim is not measured.
            print(f"left out: {error}", file=sys.stderr)
            continue
        if len(run.trials) < run.trials_expected:
            print(
                f"left out: {run_id} has {len(run.trials)} of {run.trials_expected} trials; "
                "name it to judge it all the same",
                file=sys.stderr,
            )
            continue
        newest[record.scenario_name] = run_id
    return tuple(newest.values())


def chosen_references(store: Store, scenarios: Sequence[str]) -> tuple[str, ...]:
    """Return the reference runs of ``scenarios``.

    Raises:
        InputError: a run is named that is not there, or cannot be read.
    """
    return tuple(
        run_id
        for run_id in reference_runs(store)
        if measured_scenario(store.read_record(run_id).scenario_name) in scenarios
    )


def read_runs(
    store: Store, run_ids: Iterable[str], scenarios: Sequence[str]
) -> dict[str, Analysis]:
    """Read and analyse runs, keyed by the scenario that they are judged as.

    Raises:
        InputError: there is no such run, two are of the same scenario, or no claim is judged on it.
    """
    runs: dict[str, Analysis] = {}
    for run_id in dict.fromkeys(run_ids):
        scenario = measured_scenario(store.read_record(run_id).scenario_name)
        if scenario not in scenarios:
            hint = suggestion(scenario, scenarios)
            raise InputError(f"no claim is judged on a run of {scenario!r}.{hint}")
        if scenario in runs:
            raise InputError(
                f"{runs[scenario].run.run_id} and {run_id} are both runs of {scenario}; "
                "give one run for each scenario"
            )
        runs[scenario] = analyse(store.read(run_id))
    return runs


def told_runs(store: Store, runs: Mapping[str, Analysis], heading: str = "judged on") -> str:
    """Say below ``heading`` which run, from which machine, each verdict rests on."""
    if not runs:
        return f"{heading}: no run"
    references = reference_runs(store)
    lines = [heading]
    width = max(map(len, runs))
    for scenario, run in sorted((scenario, found.run) for scenario, found in runs.items()):
        mark = " (reference)" if run.run_id in references else ""
        where = run.environment
        commit = f", commit {where.commit[:7]}" if where.commit else ""
        lines.append(f"  {scenario:{width}}  {run.run_id}{mark}, {where.machine}{commit}")
    return "\n".join(lines)
