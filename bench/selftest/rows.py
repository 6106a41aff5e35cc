"""The rows of the self-test, in the order in which they are measured and told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.errors import InputError, suggestion
from bench.handover.job import STEP_LIMIT_S
from bench.selftest import defect_rows as defect
from bench.selftest import timed_rows as timed
from bench.selftest.defect_rows import Wrong
from bench.selftest.observation import Check, Observed

LOOPS = ("selector", "uvloop", "proactor")
SCENARIOS = Path(__file__).parent / "scenarios"


@dataclass(frozen=True, slots=True)
class Row:
    """One subject whose behaviour is known; ``name`` is its scenario's file name as well.

    ``depends_on_time``: neighbours on the machine can spoil it, so what does not hold is measured
    again. ``loops`` are those that it is measured on, ``systems`` as ``sys.platform`` names them;
    all where empty. Where it ``ends``, the subject that is called as the row must not be measured.
    Opening and preparing may take ``limit_s`` seconds each, and a hang twice that.
    """

    name: str
    title: str
    expect: Callable[[Observed], Iterable[Check]]
    depends_on_time: bool = True
    loops: tuple[str, ...] = LOOPS
    systems: tuple[str, ...] = ()
    ends: bool = False
    limit_s: float = STEP_LIMIT_S

    @property
    def scenario(self) -> Path:
        """The scenario's file, which ``checkpoint-bench run`` takes too."""
        return SCENARIOS / f"{self.name}.toml"


@dataclass(frozen=True, slots=True)
class Result:
    """What a row showed on one loop.

    ``unavailable`` says why that loop cannot be made here; such a result neither holds nor fails.
    ``attempt`` counts from 1 and is higher where it was measured again.
    """

    row: Row
    loop: str
    checks: tuple[Check, ...]
    unavailable: str = ""
    attempt: int = 1

    @property
    def holds(self) -> bool:
        return bool(self.unavailable) or all(check.holds for check in self.checks)


def _found_wrong(name: str, title: str, kind: Wrong, problem: str = "") -> Row:
    """Make the row of a saver in which reading back must find something wrong."""
    return Row(name, title, partial(defect.found_wrong, kind, problem), depends_on_time=False)


ROWS = (
    Row("null", "a saver that does nothing", timed.null),
    Row("fixed_service", "5 ms of service", timed.fixed_service),
    Row("stalled", "one stall of 0.4 s", timed.stalled),
    Row("queue_md1", "queue M/D/1", timed.queue),
    Row("queue_mmc", "queue M/M/2", timed.queue),
    Row("blocking", "blocks the loop", defect.blocking),
    Row("holding", "holds the loop once", defect.holding),
    Row("dropping", "drops a write in 1000", defect.dropping, depends_on_time=False),
    _found_wrong("stale", "reads stale state", "stale"),
    _found_wrong("corrupting", "corrupts a byte", "corrupted"),
    _found_wrong("referencing", "keeps references", "corrupted", "keeps references"),
    _found_wrong(
        *("losing_namespaces", "loses writes of subgraphs"),
        *("lost_writes", ", namespace branch:"),
    ),
    _found_wrong(
        *("changing_types", "changes a type"),
        *("corrupted", "came back changed: ['decimal']: expected Decimal("),
    ),
    Row(*("write_behind", "stores when it is closed"), defect.write_behind, depends_on_time=False),
    Row("leaking", "leaks memory", defect.leaking, depends_on_time=False),
    Row(
        *("hanging", "hangs", defect.hanging),
        systems=("linux", "darwin"),
        ends=True,
        limit_s=1.0,
    ),
    Row(
        *("hoarding", "takes too much memory", defect.hoarding),
        depends_on_time=False,
        systems=("linux",),
        ends=True,
    ),
    Row(*("round_trips", "a longer way to the server"), timed.round_trips, loops=("selector",)),
    Row("same_twice", "A/A: the same twice", timed.same_twice),
)


def row_named(name: str) -> Row:
    """Return the row of that name.

    Raises:
        InputError: there is none.
    """
    found = {row.name: row for row in ROWS}
    if name not in found:
        raise InputError(f"the self-test has no row {name!r}.{suggestion(name, found)}")
    return found[name]


def judge(row: Row, observed: Observed, attempt: int = 1) -> Result:
    """Say what ``row`` showed on the loop that ``observed`` is about."""
    failures = [record.failure for record in observed.records if record.failure is not None]
    refused = [failure.message for failure in failures if failure.stage == "loop"]
    if refused:
        return Result(row, observed.loop, (), refused[0], attempt)
    expected = [cell for cell in observed.cells if not (row.ends and cell.subject == row.name)]
    failed = [cell.reason for cell in expected if cell.status != "measured"]
    if failed or not observed.cells:
        reason = failed[0] if failed else "no cell"
        checks = (Check("trials", "measured", reason, holds=False),)
        return Result(row, observed.loop, checks, attempt=attempt)
    return Result(row, observed.loop, tuple(row.expect(observed)), attempt=attempt)
