"""Rows about defects: the finding that must name each of them, and the exit code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from bench.errors import EXIT_INVALID
from bench.printable import cut
from bench.records.trial import Failure, Verification
from bench.scenario.quantity import quantity
from bench.selftest.defective import DROPPED_ONE_IN, HoldingSaver
from bench.selftest.observation import Check, Observed

# A count of a verification.
Wrong = Literal["lost", "stale", "corrupted", "lost_writes"]
_LONGEST_TEXT = 60
_NS_PER_S = 1e9
# What callers feel of a saver that blocks, in multiples of what it seems to take.
RESPONSE_PER_SERVICE = 3.0


def blocking(observed: Observed) -> Iterator[Check]:
    """Expect the finding of a blocked loop, and the time that the service time hides."""
    yield _found(observed, "loop_blocked")
    service_s = observed.value_s("put.service.p50")
    response_s = observed.value_s("put.response.p50")
    service, response = (quantity(seconds * _NS_PER_S, "ns") for seconds in (service_s, response_s))
    yield Check(
        "put response p50",
        f"≥ {RESPONSE_PER_SERVICE:g} × service",
        f"{response}, service {service}",
        response_s >= RESPONSE_PER_SERVICE * service_s,
    )


def holding(observed: Observed) -> Iterator[Check]:
    """Expect the finding of a loop that stood still once, and the place where it did."""
    yield _found(observed, "loop_stalled")
    finding = observed.finding("loop_stalled")
    place = f"{HoldingSaver.__name__}.aput"
    told = finding is not None and place in finding.message
    measured = finding.message.rpartition("; ")[2] if finding else "nothing"
    yield Check("place in the code", place, cut(measured, _LONGEST_TEXT), told)


def dropping(observed: Observed) -> Iterator[Check]:
    """Expect that every lost write is counted."""
    yield from found_wrong("lost", "", observed)
    # What was written before the window counts, too, and has no samples.
    puts = sum(found.checkpoints + found.lost for found in _verifications(observed))
    # The first to go is that in the middle of the first thousand.
    dropped = (puts + DROPPED_ONE_IN // 2) // DROPPED_ONE_IN
    lost = sum(found.lost for found in _verifications(observed))
    yield Check("lost checkpoints", f"{dropped} of {puts}", str(lost), lost == dropped)


def found_wrong(kind: Wrong, problem: str, observed: Observed) -> Iterator[Check]:
    """Expect that reading back finds what is wrong, and says so in words that hold ``problem``."""
    yield _found(observed, "verification_failed")
    counted = sum(getattr(found, kind) for found in _verifications(observed))
    yield Check(f"{kind} in the verification", "≥ 1", str(counted), counted >= 1)
    yield _exit_code(observed)
    if problem:
        problems = [text for found in _verifications(observed) for text in found.problems]
        is_told = any(problem in text for text in problems)
        measured = problem if is_told else cut((problems or ["none"])[0], _LONGEST_TEXT)
        yield Check("problem told", problem, measured, is_told)


def write_behind(observed: Observed) -> Iterator[Check]:
    """Expect that what a killed process takes along is missed, and the numbers are excluded."""
    yield _found(observed, "lost_in_crash")
    crashes = [check.crash for check in observed.analysis.checks.values()]
    lost = sum(crash.lost for crash in crashes)
    acknowledged = sum(crash.acknowledged for crash in crashes)
    yield Check("lost when killed", f"all {acknowledged}", str(lost), 0 < lost == acknowledged)
    struck = [cell for cell in observed.cells if cell.invalid_because]
    measured = f"{len(struck)} of {len(observed.cells)}"
    yield Check("cells excluded", "all", measured, len(struck) == len(observed.cells))
    yield _exit_code(observed)


def leaking(observed: Observed) -> Iterator[Check]:
    """Expect the finding of memory that grows by more than what is stored."""
    yield _found(observed, "memory_leak")


def hanging(observed: Observed) -> Iterator[Check]:
    """Expect that a saver that hangs is ended, that it is said where, and that others go on."""
    yield _found(observed, "trial_failed")
    failure = _failure(observed)
    yield _ended(failure, "HangError in window", "it hung, and was ended after")
    told = failure.details.partition("\n")[0].strip()
    is_place = re.fullmatch(r".*\bdefective\.py, line \d+, in aput", told) is not None
    yield Check("place in the code", "aput in defective.py", cut(told, _LONGEST_TEXT), is_place)
    ended = [record.failure is not None for record in observed.records]
    later = observed.records[ended.index(True) + 1 :] if any(ended) else ()
    measured = sum(record.status == "measured" for record in later)
    yield Check("trials measured after it", "≥ 1", str(measured), measured >= 1)


def hoarding(observed: Observed) -> Iterator[Check]:
    """Expect that a saver that takes too much memory is ended, and that its limit is told."""
    yield _found(observed, "trial_failed")
    limit_mb = (observed.run.scenario.worker_memory_bytes or 0) // 1_000_000
    yield _ended(_failure(observed), "OutOfMemory in window", f"may take {limit_mb} ")


def _failure(observed: Observed) -> Failure:
    """Return why the trial that was ended has no measurement; an empty one where none was."""
    failures = (record.failure for record in observed.records)
    return next((each for each in failures if each is not None), Failure("nothing", "", "stage"))


def _ended(failure: Failure, expected: str, text: str) -> Check:
    """Expect the class and stage of a failure, and ``text`` in what it says."""
    ended = f"{failure.error_class} in {failure.stage}"
    is_told = ended == expected and text in failure.message
    measured = cut(f"{ended}: {failure.message}", _LONGEST_TEXT)
    return Check("ended, and why", f"{expected}: … {text} …", measured, is_told)


def _exit_code(observed: Observed) -> Check:
    code = observed.analysis.exit_code
    return Check("exit code of the run", str(EXIT_INVALID), str(code), code == EXIT_INVALID)


def _found(observed: Observed, code: str) -> Check:
    finding = observed.finding(code)
    others = ", ".join(other.code for other in observed.findings) or "none"
    measured = f"{finding.severity}: {code}" if finding else f"only {others}"
    return Check("finding", code, measured, finding is not None)


def _verifications(observed: Observed) -> list[Verification]:
    return [record.verification for record in observed.records if record.verification is not None]
