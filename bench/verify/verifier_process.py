"""The verifier as its runner sees it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from bench.child_process import ChildProcess
from bench.discovery import load
from bench.handover.interpreter import OWN, Interpreter
from bench.handover.job import ACKNOWLEDGED_FILE, VERIFICATION_FILE, Job, Opening
from bench.handover.log import log_tail
from bench.records.files import from_json, to_json
from bench.records.redaction import secrets_in
from bench.records.trial import Verification
from bench.scenario.scenario import Scenario
from bench.subjects._factories.factory import subject_of
from bench.verify.read_back import unread
from bench.verify.verifier import GO, LOG_FILE, Order

# Starting, opening the store and closing it may take this long beyond the seconds of reading.
MARGIN_S = 60.0
_ENDING_S = 5.0


class VerifierProcess:
    """Has stores read back, each by a new process; leaving the context ends whatever is left.

    It starts when the first store is due, so that it imports while nothing is measured, and starts
    again if it had to be killed.
    """

    def __init__(
        self,
        scenario: Scenario,
        environment: Mapping[str, str],
        interpreter: Interpreter = OWN,
    ) -> None:
        self._modules = _modules_of(scenario)
        self._command = interpreter.command
        self._environment = interpreter.environment_of(environment)
        self._process: ChildProcess | None = None
        self._own_secrets = secrets_in(environment)
        self._secrets = self._own_secrets
        self._is_busy = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.give_up()
        process, self._process = self._process, None
        if process is None:
            return
        process.give_up()
        if not process.wait(_ENDING_S):
            process.terminate(_ENDING_S)

    @property
    def process_id(self) -> int | None:
        """The process that starts the others, or ``None`` while there is none."""
        return self._process.process_id if self._process is not None else None

    def expect(self, job: Job, opening: Opening) -> None:
        """Say which trial's store is to be read back soon.

        From here on the verifier removes the trial's directory if the runner is killed.
        """
        if self._process is None or self._process.exit_code is not None:
            command = [*self._command, "-m", "bench.verify.verifier", *self._modules]
            self._process = ChildProcess(command, self._environment)
        self._secrets = (*opening.secrets, *self._own_secrets)
        self._process.send(to_json(Order(job, opening)))

    def verification(self, directory: Path, limit_s: float) -> Verification:
        """Have the store of the expected trial read back; one that takes longer is cut off."""
        process = self._process
        if process is None or not (directory / ACKNOWLEDGED_FILE).exists():
            return unread("harness", "the worker left no log of what was acknowledged")
        self._is_busy = True
        process.send(GO)
        try:
            answer = process.line(limit_s)
        except TimeoutError:
            self.give_up()
            return unread("harness", f"reading back was cut off after {limit_s:.0f} s")
        self._is_busy = False
        path = directory / VERIFICATION_FILE
        if answer == "0" and path.exists():
            return from_json(path.read_bytes(), Verification)
        log = log_tail(directory / LOG_FILE, self._secrets)
        problem = f"reading back failed: its process ended with {_ending(answer)}"
        return unread("harness", f"{problem}: …{log}" if log else problem)

    def give_up(self) -> None:
        """Kill the process that reads back, if one does."""
        if self._is_busy and self._process is not None:
            self._process.terminate(_ENDING_S)
            self._process = None
        self._is_busy = False


def _modules_of(scenario: Scenario) -> list[str]:
    """Name this project's own modules that the plug-ins are in; others are imported per trial."""
    plugins: list[object] = [subject_of(use) for use in scenario.subjects.values() if use.use]
    plugins += [load("workload", use.use) for use in scenario.workloads.values()]
    plugins += [load("payload", use.use) for use in scenario.payloads.values()]
    plugins += [load("probe", name) for name in scenario.probes]
    plugins += [load("loop", name) for sweep in scenario.sweeps.values() for name in sweep.loops]
    named = {plugin.__module__ for plugin in plugins}
    return sorted(name for name in named if name.startswith("bench."))


def _ending(answer: str | None) -> str:
    if answer is None:
        return "no answer"
    return f"signal {answer[1:]}" if answer.startswith("-") else f"exit code {answer}"
