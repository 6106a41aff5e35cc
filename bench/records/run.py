"""The record of a run: what was asked, where, with what; written before the first trial."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from pydantic import StringConstraints

from bench.errors import InputError
from bench.scenario.plan import Plan
from bench.scenario.scenario import Scenario

FORMAT_VERSION = 1
# They become names of files and directories, and are shown.
_NAME = r"\w[\w .,+@=()-]{0,120}"
_RUN_ID = rf"[0-9]{{8}}T[0-9]{{6}}Z-{_NAME}"
ScenarioName = Annotated[str, StringConstraints(pattern=f"^{_NAME}$")]
RunId = Annotated[str, StringConstraints(pattern=f"^{_RUN_ID}$")]


@dataclass(frozen=True, slots=True)
class Environment:
    """Where a run took place. Holds no password and no address of a server.

    ``programs`` are those of embedded servers: version and SHA-256 by file name.
    """

    host: Mapping[str, str]
    packages: Mapping[str, str]
    python: Mapping[str, str]
    servers: Mapping[str, str]
    commit: str
    dirty: bool
    programs: Mapping[str, str] = field(default_factory=dict)

    @property
    def machine(self) -> str:
        """Name the processor and its cores in words, as far as they are known."""
        cores = f"{self.host['cores']} cores" if "cores" in self.host else ""
        return ", ".join(filter(None, (self.host.get("cpu_model"), cores))) or "unknown"

    @property
    def cores(self) -> int:
        """How many cores the host has; 1 where that is not known."""
        cores = self.host.get("cores", "")
        return int(cores) if re.fullmatch("[1-9][0-9]{0,5}", cores) else 1

    def fingerprint(self) -> tuple[tuple[str, str], ...]:
        """Return what must be equal for two parts of one run to belong together."""
        stable = ("system", "machine", "cpu_model", "cores")
        groups = {
            "host": {key: value for key, value in self.host.items() if key in stable},
            "package": self.packages,
            "python": {k: v for k, v in self.python.items() if k != "variables"},
            "server": self.servers,
            "program": self.programs,
            "checkpoint-bench": {"commit": self.commit, "dirty": str(self.dirty)},
        }
        pairs = ((group, *pair) for group, values in groups.items() for pair in values.items())
        return tuple(sorted((f"{group} {key}", value) for group, key, value in pairs))


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run of one scenario; ``scenario_text`` is the file verbatim.

    ``trials_planned`` counts those that are measured in any case.
    """

    format_version: int
    run_id: RunId
    scenario_name: ScenarioName
    scenario_text: str
    scenario_digest: str
    plan_digest: str
    trials_planned: int
    started_at: str
    environment: Environment


def is_run_id(text: str) -> bool:
    """Tell whether ``text`` can be the id of a run: a name of a directory, and fit to be shown."""
    return re.fullmatch(_RUN_ID, text) is not None


def new_run(
    name: str,
    text: str,
    scenario: Scenario,
    plan: Plan,
    environment: Environment,
    started_at: datetime,
) -> RunRecord:
    """Describe a run of ``scenario``, whose file has this ``name`` and ``text``, that begins now.

    ``started_at`` is in UTC; the run's id begins with it.

    Raises:
        InputError: no run can have that name.
    """
    run_id = f"{started_at:%Y%m%dT%H%M%SZ}-{name}"
    if not is_run_id(run_id):
        raise InputError(
            f"a run cannot be named after {name!r}: give the scenario's file a name of letters, "
            "digits, blanks and _ . , + @ = ( ) - that begins with a letter or digit"
        )
    return RunRecord(
        format_version=FORMAT_VERSION,
        run_id=run_id,
        scenario_name=name,
        scenario_text=text,
        scenario_digest=scenario.digest(),
        plan_digest=plan.digest,
        trials_planned=len(plan.expected()),
        started_at=started_at.isoformat(timespec="seconds"),
        environment=environment,
    )
