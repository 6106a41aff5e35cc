"""The plug-ins of one trial, imported and checked, as its worker and its verifier need them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bench.contracts import Loop, Payload, PluginOptions, Subject, WorkerProbe, Workload
from bench.discovery import load
from bench.handover.failures import within
from bench.handover.job import Job
from bench.scenario.scenario import Scenario, Use
from bench.subjects._factories.factory import subject_class


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
        # What is broken is not timed, and a probe might ask the store meanwhile.
        names = () if trial.fault else scenario.probes
        probes: list[Any] = [load("probe", name) for name in names]
        workload: Any = load("workload", scenario.workload(trial.workload).use)
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

    def workload_at(self, namespace: str, clients: int) -> Workload:
        """Make the workload; its threads are named after ``namespace``."""
        scenario, label = self.scenario, self.job.trial.workload
        options = options_of(self.workload, scenario.workload(label))
        made = self.workload(options, self.payload, namespace, clients)
        made.preload = scenario.preload(label)
        return made


async def close(subject: Subject, limit_s: float = 10.0) -> BaseException | None:
    """Close ``subject``; return why it cannot be closed, which must not cost the measurement."""
    try:
        await within(limit_s, "closing", subject.close)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - see above
        return error
    return None
