"""What the runner hands to a worker, and what the worker hands back.

The job goes to the worker's standard input in two lines, so that the worker imports the plug-ins
while the server starts: :class:`Job`, then :class:`Opening`. It opens the subject and prepares, and
begins with the load upon an empty line. The worker writes one word per line to
its standard output when a stage begins. Its samples, its :class:`TrialResult`, the
log of what was acknowledged and its :class:`Ledger` go to files in the trial's
directory. A new process reads log and ledger, and leaves its verification.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from bench.contracts import Endpoint, ExpectedThread, Place, Workload, WrongRead
from bench.records.redaction import secrets_of
from bench.records.trial import Failure, Reading, Stage, Status, Verification, Window
from bench.scenario.durability import Durability
from bench.scenario.plan import Trial
from bench.scenario.scenario import Scenario

VOLATILE = "Volatile"
"""The class of failure of a job with a fault whose subject keeps everything in its process."""
STARTED_STAGE = "started"
"""The program is imported, and the worker waits for its job."""
IMPORTED_STAGE = "imported"
"""The plug-ins are imported, and the worker waits for where the trial takes place."""
READY_STAGE = "ready"
"""All is prepared, and the worker waits to begin."""
LEDGER_STAGE = "ledger"
"""The worker writes its ledger, since the store is read back by another process."""
VERIFY_STAGE = "verify"
"""The worker itself reads the store back, which would not outlive it."""
DONE_STAGE = "done"
"""Nothing is timed any more, nor anything of the trial done but for handing over."""
OPENING_STAGE = "opening"
"""The window opens in a moment: what watches from outside begins."""
HANDED_OVER = "handed over"
"""All is written, and the worker waits to be let go: until then it answers for its directory."""
STACKS_SIGNAL = getattr(signal, "SIGUSR1", 0)
"""Has a worker write into its log where its threads are; 0 where there is none."""
STEP_LIMIT_S = 30.0
"""So long may a saver take to be opened, and so long for what is prepared in its store."""
SAMPLES_FILE = "samples.bin"
RESULT_FILE = "result.json"
PREPARED_FILE = "prepared.json"
LEDGER_FILE = "ledger.json"
ACKNOWLEDGED_FILE = "acknowledged.bin"
VERIFICATION_FILE = "verification.json"
FAULTS_FILE = "faults.json"
"""At which instants the trial was broken, in ns of the worker's clock."""


@dataclass(frozen=True, slots=True)
class Job:
    """One trial of ``scenario``, to be run in ``directory``.

    A subject without a server keeps its files in ``store``, or where that is empty beside the
    others. Opening, preparing and closing may take ``limit_s`` seconds each. ``missing_modules``
    and ``cancelled_share`` are what a fault says of the worker.
    """

    scenario: Scenario
    trial: Trial
    directory: str
    store: str = ""
    limit_s: float = STEP_LIMIT_S
    missing_modules: tuple[str, ...] = ()
    cancelled_share: float = 0.0

    def place(self, opening: Opening) -> Place:
        """Return where the subject is at work."""
        store = Path(self.store or self.directory)
        return Place(store, opening.endpoint, opening.namespace)


@dataclass(frozen=True, slots=True)
class Opening:
    """Where the trial takes place. The endpoint's address may hold a password."""

    endpoint: Endpoint | None
    namespace: str

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be shown of the address."""
        return secrets_of(self.endpoint.url) if self.endpoint is not None else ()


@dataclass(frozen=True, slots=True)
class TrialResult:
    """What the worker knows at the end; fields as in ``bench.records.trial.TrialRecord``."""

    status: Status
    loop_class: str = ""
    loop_kind: str = ""
    interpreter: str = ""
    durability: Durability = Durability.UNKNOWN
    settings: Mapping[str, str] = field(default_factory=dict)
    operations: tuple[str, ...] = ()
    window: Window | None = None
    readings: tuple[Reading, ...] = ()
    errors: Mapping[str, int] = field(default_factory=dict)
    error_texts: Mapping[str, str] = field(default_factory=dict)
    verification: Verification | None = None
    failure: Failure | None = None
    stages: tuple[Stage, ...] = ()


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a workload knows of its drained threads; ``seed`` draws what is read first."""

    seed: int
    threads: Mapping[str, ExpectedThread] = field(default_factory=dict)
    wrong_reads: tuple[WrongRead, ...] = ()

    @classmethod
    def of(cls, workload: Workload, seed: int) -> Self:
        """Ask ``workload`` what it knows."""
        return cls(seed, dict(workload.expected()), tuple(workload.wrong_reads()))


def unmeasured(status: Status, error_class: str, text: str, stage: str) -> TrialResult:
    """Return the result of a trial that never got as far as a measurement."""
    return TrialResult(status, failure=Failure(error_class, text, stage))
