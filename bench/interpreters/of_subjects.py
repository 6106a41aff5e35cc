"""The environments of subjects that ask for an interpreter of their own."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from bench.errors import InputError, UnavailableError
from bench.interpreters.environments import PreparedEnvironment, Runs, prepare, run_command
from bench.records.redaction import redact, secrets_within
from bench.scenario.scenario import OwnInterpreter, Scenario


def cache_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """Return where environments are kept for all scenarios of this user."""
    name = "LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME"
    return Path(environment.get(name) or Path.home() / ".cache") / "checkpoint-bench"


def prepare_own(
    scenario: Scenario,
    say: Callable[[str], None],
    directory: Path | None = None,
    runs: Runs = run_command,
) -> dict[str | OwnInterpreter, PreparedEnvironment]:
    """Return what the subjects that are measured ask for; make it if it is not there.

    ``say`` gets a line for each. Modules that lie beside the scenario are found there, too.

    Raises:
        InputError: some cannot be made; the text has the last lines of the installer.
    """
    wanted: dict[OwnInterpreter, str] = {}
    for label in scenario.measured_subjects:
        asked = scenario.resolve(label).interpreter
        if isinstance(asked, OwnInterpreter):
            wanted.setdefault(asked, label)
    made: dict[str | OwnInterpreter, PreparedEnvironment] = {}
    wrong: list[str] = []
    for asked, label in wanted.items():
        named = redact(str(asked), secrets_within(str(asked)))
        say(f"{label}: an interpreter with {named} …")
        try:
            found = prepare(
                asked.requirements,
                directory or cache_directory(),
                runs,
                python=asked.python,
                holds_the_rest=False,
            )
        except (InputError, UnavailableError) as error:
            wrong.append(f"subjects.{label}.interpreter: {error}")
            continue
        interpreter = replace(found.interpreter, finds_modules_here=True)
        made[asked] = replace(found, interpreter=interpreter)
    if wrong:
        raise InputError("\n".join(wrong))
    return made
