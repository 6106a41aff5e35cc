"""With which Python a worker is started, and what of the environment it sees."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import bench
from bench.discovery import searched_last
from bench.server_variables import without_own_servers

# Runs "-m MODULE …" so that it imports as the process that started it does, and the same ``bench``:
# the first of that name on the path may be another one, where this one was found by ``python -m``.
_AS_STARTED = """
import json, runpy, sys
root, path, last, _, module = sys.argv[1:6]
del sys.argv[1:6]
sys.path[:] = [root, *(json.loads(path) or sys.path)]
import bench
del sys.path[0]
from bench.discovery import search_last
search_last(json.loads(last))
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """The Python at ``path``; "" is the one that runs this program.

    That one imports in a new process as it does here, never first from the working directory.
    Another one imports only what is installed in it: neither the working directory nor
    ``PYTHONPATH`` may bring one and the same version of a saver to both arms of a comparison. Only
    one that ``finds_modules_here`` looks last where this program does, as beside a scenario.
    """

    path: str = ""
    finds_modules_here: bool = False

    @property
    def command(self) -> tuple[str, ...]:
        """The command and its first flags; what follows is ``-m``, a module and its arguments."""
        if self.path and not self.finds_modules_here:
            return (self.path, "-P")
        places = ([] if self.path else sys.path, searched_last())
        root = str(Path(bench.__file__).parents[1])
        python = self.path or sys.executable
        return (python, "-P", "-c", _AS_STARTED, root, *map(json.dumps, places))

    def environment_of(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return what a process of it may see of ``environment``."""
        kept = {**without_own_servers(environment), "PYTHONHASHSEED": "0"}
        if self.path:
            kept.pop("PYTHONPATH", None)
        return kept


OWN = Interpreter()
