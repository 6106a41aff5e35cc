"""With which Python a worker is started, and what of the environment it sees."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from bench.contracts import without_servers


@dataclass(frozen=True, slots=True)
class Interpreter:
    """The Python at ``path``; "" is the one that runs this program.

    Another one imports only what is installed in it: neither the working directory nor
    ``PYTHONPATH`` may bring one and the same version of a saver to both arms of a comparison.
    """

    path: str = ""

    @property
    def command(self) -> tuple[str, ...]:
        """The command and its first flags."""
        return (self.path, "-P") if self.path else (sys.executable,)

    def environment_of(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return what a process of it may see of ``environment``."""
        kept = environment_of(environment)
        if self.path:
            kept.pop("PYTHONPATH", None)
        return kept


OWN = Interpreter()


def environment_of(environment: Mapping[str, str]) -> dict[str, str]:
    """Keep from the worker what would change where and how it connects, passwords among it.

    It connects to the endpoint that it is given. Only where that is the user's own Postgres may
    libpq's variables complete it.
    """
    kept = without_servers(environment)
    if environment.get("BENCH_POSTGRES_DSN"):
        kept |= {k: v for k, v in environment.items() if k.startswith("PG")}
    return {**kept, "PYTHONHASHSEED": "0"}
