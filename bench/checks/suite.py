"""Runs LangGraph's conformance suite, and what it leaves out, over one open saver."""

from __future__ import annotations

import asyncio
import sys
import traceback
import uuid
from collections.abc import AsyncGenerator, Callable
from functools import partial

from langgraph.checkpoint.conformance import validate
from langgraph.checkpoint.conformance.capabilities import Capability
from langgraph.checkpoint.conformance.initializer import RegisteredCheckpointer
from langgraph.checkpoint.conformance.report import ProgressCallbacks

from bench.checkpoints import Saver
from bench.checks import additions
from bench.checks.additions import ADDITIONS, Test, value_comes_back
from bench.payloads.application_state import TYPES
from bench.printable import cut
from bench.records.check import CapabilityCheck, CapabilityStatus, FailedTest

# One test that waits for what never happens must not keep the other capabilities from being tested.
CAPABILITY_LIMIT_S = 15.0
_REASON_LENGTH = 300
_TESTS = "langgraph.checkpoint.conformance."

_OnResult = Callable[[str, str, bool, str | None], None]


def name_after(namespace: str) -> None:
    """Have every test name its threads so that they are removed with ``namespace``.

    The suite draws a UUID for each, of which a user's server would keep what is not in a table or
    under a prefix of the saver.
    """
    modules = [module for name, module in sys.modules.items() if name.startswith(_TESTS)]
    for module in (*modules, additions):
        if hasattr(module, "uuid4"):
            setattr(module, "uuid4", lambda: f"{namespace}-{uuid.uuid4()}")  # noqa: B010 - of a module that has it


async def capability_checks(
    saver: Saver, announce: Callable[[str], None], limit_s: float = CAPABILITY_LIMIT_S
) -> tuple[CapabilityCheck, ...]:
    """Test ``saver`` in every capability that the suite knows, for ``limit_s`` seconds each.

    ``announce`` is told each capability before it is tested.
    """
    found: list[CapabilityCheck] = []
    for capability in Capability:
        announce(capability.value)
        found.append(await _check(saver, capability.value, limit_s))
    return tuple(found)


async def changed_types(
    saver: Saver, limit_s: float = CAPABILITY_LIMIT_S
) -> tuple[FailedTest, ...]:
    """Save and read a value of every type that applications keep; return those that changed."""
    changed: list[FailedTest] = []
    name = ""
    try:
        async with asyncio.timeout(limit_s):
            for name, value in TYPES.items():
                reason = await _reason(saver, partial(value_comes_back, value=value))
                changed += [FailedTest(name, reason)] if reason else []
    except TimeoutError:
        changed.append(FailedTest(name, f"no answer within {limit_s:g} s; the rest was left out"))
    return tuple(changed)


async def _check(saver: Saver, capability: str, limit_s: float) -> CapabilityCheck:
    added = ADDITIONS.get(capability, ())
    # Test → its reason, empty where it passed.
    results: dict[str, str] = {}

    def note(_: str, test: str, passed: bool, error: str | None) -> None:
        # The suite calls this where it handles the exception; ``error`` is its traceback as text.
        del error
        results[test] = "" if passed else reason_of(sys.exception())

    status: CapabilityStatus = "passed"
    try:
        async with asyncio.timeout(limit_s):
            if await _is_offered(saver, capability, note):
                for test in added:
                    results[test.__name__] = await _reason(saver, test)
            else:
                status = "not offered"
    except TimeoutError:
        ended = next(reversed(results), "none")
        results["time limit"] = f"no answer within {limit_s:g} s; the last test that ended: {ended}"
    # The reasons that are worded here come first: those of the suite may be a bare comparison.
    own = {test.__name__ for test in added}
    failed = [FailedTest(test, reason) for test, reason in results.items() if reason]
    failed.sort(key=lambda each: each.name not in own)
    return CapabilityCheck(capability, "failed" if failed else status, len(results), tuple(failed))


async def _is_offered(saver: Saver, capability: str, note: _OnResult) -> bool:
    async def factory() -> AsyncGenerator[Saver, None]:
        yield saver

    report = await validate(
        RegisteredCheckpointer(type(saver).__name__, factory),
        capabilities={capability},
        progress=ProgressCallbacks(on_test_result=note),
    )
    return report.results[capability].detected


async def _reason(saver: Saver, test: Test) -> str:
    try:
        await test(saver)
    except Exception as error:  # noqa: BLE001 - whatever a saver raises is the test's result
        return reason_of(error)
    return ""


def reason_of(error: BaseException | None) -> str:
    """Return in a line of at most 300 characters why a test failed.

    An assertion that says nothing is told by its source.
    """
    if error is None:
        return "it failed"
    text = " ".join(str(error).split())
    if not isinstance(error, AssertionError):
        text = f"{type(error).__name__}: {text}"
    elif not text:
        text = traceback.extract_tb(error.__traceback__)[-1].line or "an assertion failed"
    return cut(text, _REASON_LENGTH)
