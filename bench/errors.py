"""The error tree. Every error knows the exit code that it deserves; only ``bench.cli`` exits.

::

    BenchError
    ├── InputError               2    a flag, scenario or plug-in name that a person has to correct
    ├── InconclusiveError        3    there is too little evidence to answer
    ├── InvalidMeasurementError  4    the measurement itself cannot be trusted
    ├── UnavailableError         5    a server or package that is needed is not there
    │   └── MissingPackageError
    └── UnsupportedError         0    a saver that cannot run here: a result, not a failure
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from typing import ClassVar

EXIT_PASS = 0
EXIT_REGRESSION = 1
EXIT_BAD_INPUT = 2
EXIT_INCONCLUSIVE = 3
EXIT_INVALID = 4
EXIT_UNAVAILABLE = 5
EXIT_INTERRUPTED = 130


class BenchError(Exception):
    """Root of the tree; its text is shown to the user as it is, so it must hold no secret."""

    exit_code: ClassVar[int] = EXIT_INVALID


class InputError(BenchError):
    """Something that a person wrote is wrong; the text names the place and what was expected."""

    exit_code = EXIT_BAD_INPUT


class InconclusiveError(BenchError):
    """The evidence does not suffice for an answer. Never reported as a pass."""

    exit_code = EXIT_INCONCLUSIVE


class InvalidMeasurementError(BenchError):
    """A number was measured that must not be believed."""

    exit_code = EXIT_INVALID


class UnavailableError(BenchError):
    """A server or package that the plan needs is not there."""

    exit_code = EXIT_UNAVAILABLE


class MissingPackageError(UnavailableError):
    """A Python package that an extra of this distribution provides is not installed."""

    def __init__(self, what: str, module: str, extra: str) -> None:
        super().__init__(
            f"{what} needs the Python package that provides {module!r}, which is not installed; "
            f'install it with: pip install "checkpoint-bench[{extra}]"'
        )


class UnsupportedError(BenchError):
    """A subject cannot run under the given loop or server; recorded as a result.

    Raise it from the exception that showed it (``raise UnsupportedError(...) from error``): the
    record keeps the class and the text of the cause.
    """

    exit_code = EXIT_PASS


def suggestion(name: str, valid: Iterable[str]) -> str:
    """Return the sentence that follows an unknown ``name``: the nearest of ``valid``, then all."""
    choices = sorted(valid)
    told = ", ".join(choices) or "nothing (none is defined)"
    return f"{nearest(name, choices)} Expected one of: {told}."


def nearest(name: str, valid: Collection[str]) -> str:
    """Return " Did you mean …?" with the one of ``valid`` that is most like ``name``, or ""."""
    near = difflib.get_close_matches(name, valid, n=1, cutoff=0.5)
    return f" Did you mean {near[0]!r}?" if near else ""
