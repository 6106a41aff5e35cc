"""The plug-ins of one trial, imported and checked, as its worker and its verifier need them."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from typing import Any

from bench.contracts import Loop, Payload, PluginOptions, Subject, WorkerProbe, Workload
from bench.discovery import load
from bench.handover.job import Job
from bench.scenario.scenario import Scenario, Use
from bench.subjects._factory import subject_class


def options_of(plugin: Any, use: Use) -> PluginOptions:
    """Validate the ``options`` of ``use`` against the plug-in's own model."""
    options: PluginOptions = plugin.Options.model_validate(dict(use.options))
    return options


@dataclass(frozen=True, slots=True)
class Parts:
    """The plug-ins of one trial, imported, with their options checked."""

    scenario: Scenario
    job: Job
    subject: type[Subject]
    subject_options: PluginOptions
    workload: type[Workload]
    payload: Payload
    probes: tuple[WorkerProbe, ...]
    loop: Loop

    @classmethod
    def of(cls, job: Job) -> Parts:
        """Import everything that ``job`` names."""
        scenario, trial = job.scenario, job.trial
        use = scenario.resolve(trial.subject)
        subject = subject_class(use.use, use.options)
        payload_use = scenario.payloads[trial.payload]
        payload: Any = load("payload", payload_use.use)
        probes: list[Any] = [load("probe", name) for name in scenario.probes]
        workload: Any = load("workload", scenario.workloads[trial.workload].use)
        loop: Any = load("loop", trial.loop)
        return cls(
            scenario=scenario,
            job=job,
            subject=subject,
            subject_options=options_of(subject, use),
            workload=workload,
            payload=payload(options_of(payload, payload_use), trial.seed),
            probes=tuple(probe() for probe in probes if probe.side == "worker"),
            loop=loop(),
        )


async def close(subject: Subject) -> None:
    """Close ``subject``; one that cannot be closed must not cost the measurement."""
    try:
        await asyncio.wait_for(subject.close(), timeout=10.0)
    except Exception as error:  # noqa: BLE001 - see above; the worker's log keeps it
        print(f"closing failed: {type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201 - into that log
