"""Measures the runs of a gate, and judges them."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import product

from bench.analysis.analyse import analyse
from bench.analysis.claim_run import claim_run
from bench.analysis.gate import decide, judge, needs_confirming
from bench.analysis.gate_baseline import judge_against
from bench.analysis.gate_result import GateResult, Judgement
from bench.cli.progress import shown
from bench.measure.environment import read_environment
from bench.measure.gate_environments import ArmEnvironment
from bench.measure.preflight import check_plugins, check_services
from bench.measure.runner import run as measure
from bench.records.baseline import Baseline
from bench.records.run import FORMAT_VERSION, RunRecord
from bench.records.store import Run, Store
from bench.spec.gate import Pair, Rule, check_pair, with_seed_of_its_own
from bench.spec.plan import expand
from bench.spec.scenario import Scenario
from bench.spec.scenario_text import scenario_text


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: the derived ``scenario``, the ``pairs`` in it, by which ``rule``."""

    scenario: Scenario
    pairs: tuple[Pair, ...]
    rule: Rule
    name: str
    confirms: bool
    arms: Mapping[str, ArmEnvironment] = field(default_factory=dict)


def measured(question: Question, store: Store) -> GateResult:
    """Measure, judge, and where that raises an alarm measure once more with another seed.

    ``KeyboardInterrupt`` passes through; what was measured is kept.
    """
    first = _measure(question, question.scenario, question.name, store)
    judged = judged_run(first, question.pairs, question.rule)
    if not question.confirms or not any(needs_confirming(each) for each in judged):
        return decide(judged, None, question.rule, [first.record])
    print("an alarm, to be confirmed by a second run")
    scenario = with_seed_of_its_own(question.scenario)
    again = _measure(question, scenario, f"{question.name}-again", store)
    confirming = judged_run(again, question.pairs, question.rule)
    return decide(judged, confirming, question.rule, [first.record, again.record])


def recorded(store: Store, run_ids: Sequence[str], pairs: Sequence[Pair], rule: Rule) -> GateResult:
    """Judge one recorded run, or two of which the second confirms the first.

    Raises:
        InputError: there is no such run, or it does not hold both arms.
    """
    runs = [store.read(run_id) for run_id in run_ids]
    for run, pair in product(runs, pairs):
        check_pair(run.scenario, pair)
    judged = [judged_run(run, pairs, rule) for run in runs]
    second = judged[1] if len(judged) > 1 else None
    return decide(judged[0], second, rule, [run.record for run in runs])


def against_baseline(
    baseline: Baseline, scenario: Scenario, text: str, name: str, rule: Rule, store: Store
) -> GateResult:
    """Measure ``scenario``, whose file holds ``text``, and judge it against a stored run."""
    question = Question(scenario, (), rule, name, confirms=False)
    run = _measure(question, scenario, name, store, text)
    return judge_against(baseline, claim_run(run, analyse(run)), rule)


def recorded_against(baseline: Baseline, run: Run, rule: Rule) -> GateResult:
    """Judge a recorded run against a stored one."""
    return judge_against(baseline, claim_run(run, analyse(run)), rule)


def judged_run(run: Run, pairs: Sequence[Pair], rule: Rule) -> tuple[Judgement, ...]:
    """Analyse ``run`` and judge ``pairs`` in it."""
    return judge(claim_run(run, analyse(run)), pairs, rule)


def _measure(
    question: Question, scenario: Scenario, name: str, store: Store, text: str = ""
) -> Run:
    check_plugins(scenario, name)
    services = check_services(scenario, os.environ)
    plan = expand(scenario)
    environment = read_environment(services.packages, services.servers)
    started_at = datetime.now(UTC)
    record = RunRecord(
        format_version=FORMAT_VERSION,
        run_id=f"{started_at:%Y%m%dT%H%M%SZ}-{name}",
        scenario_name=name,
        scenario_text=text or scenario_text(scenario, "Derived by bench gate."),
        scenario_digest=scenario.digest(),
        plan_digest=plan.digest,
        trials_planned=len(plan.trials),
        started_at=started_at.isoformat(timespec="seconds"),
        environment=replace(environment, packages={**environment.packages, **_versions(question)}),
    )
    store.begin(record)
    with shown(len(plan.trials), sys.stdout) as on_progress:
        interpreters = {label: arm.interpreter for label, arm in question.arms.items()}
        measure(scenario, plan, store, record.run_id, on_progress, os.environ, interpreters)
    return store.read(record.run_id)


def _versions(question: Question) -> dict[str, str]:
    """Name what differs between the arms: ``name (base)`` and ``name (head)``."""
    return {
        f"{name} ({label})": version
        for label, arm in question.arms.items()
        for name, version in arm.versions.items()
    }
