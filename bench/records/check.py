"""The record of a subject's checks: made once in a run, beside its trials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import FiniteFloat

from bench.records.trial import Count

CapabilityStatus = Literal["passed", "failed", "not offered"]


@dataclass(frozen=True, slots=True)
class FailedTest:
    """A test that a saver does not pass, and why, in one line."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class CapabilityCheck:
    """How a saver did in the ``tests`` of one capability, named as in LangGraph's suite.

    Not offered: the saver has only what ``BaseCheckpointSaver`` raises ``NotImplementedError`` in.
    """

    capability: str
    status: CapabilityStatus
    tests: Count = 0
    failed: tuple[FailedTest, ...] = ()


@dataclass(frozen=True, slots=True)
class Conformance:
    """What LangGraph's conformance suite, with this project's additions, says of a saver.

    ``changed_types`` are those of the ``types`` of values that applications keep which come back
    as something else, and how. ``not_checked`` says why there is no answer; it is empty where there
    is one.
    """

    capabilities: tuple[CapabilityCheck, ...] = ()
    not_checked: str = ""
    changed_types: tuple[FailedTest, ...] = ()
    types: Count = 0

    @property
    def failed(self) -> tuple[CapabilityCheck, ...]:
        """The capabilities of which a test failed."""
        return tuple(each for each in self.capabilities if each.status == "failed")


@dataclass(frozen=True, slots=True)
class CrashCheck:
    """What was found of the acknowledged writes after a saver's process had been killed.

    ``acknowledged`` writes (checkpoints, and calls of ``aput_writes``) of all ``kills`` were looked
    for by another process; ``lost`` of them were not found, the oldest of which had been
    acknowledged ``oldest_lost_ns`` before its process ended; ``wrong`` came back, but not as they
    were written. ``unreadable`` says why the store could not be read at all. ``problems`` says in
    words what was not as it was written, at most a few. ``is_volatile``: the subject keeps
    everything in its process, so there was nothing to look for. ``not_checked`` is as in
    :class:`Conformance`.
    """

    kills: Count = 0
    acknowledged: Count = 0
    lost: Count = 0
    wrong: Count = 0
    unreadable: str = ""
    oldest_lost_ns: Count = 0
    problems: tuple[str, ...] = ()
    is_volatile: bool = False
    not_checked: str = ""


@dataclass(frozen=True, slots=True)
class CheckRecord:
    """The checks of one subject; others that have the same plug-in and options share it.

    ``subject`` is the first label with these, ``took_s`` the seconds on the wall clock.
    ``left_behind`` says what could not be removed from a user's server.
    """

    subject: str
    conformance: Conformance
    crash: CrashCheck
    started_at: str
    took_s: FiniteFloat
    left_behind: str = ""
