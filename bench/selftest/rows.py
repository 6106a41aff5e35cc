"""The rows of the self-test, in the order in which they are measured and told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from bench.errors import InputError, suggestion
from bench.selftest import defect_rows, timed_rows
from bench.selftest.observation import Check, Observed

LOOPS = ("selector", "uvloop", "proactor")
SCENARIOS = Path(__file__).parent / "scenarios"


@dataclass(frozen=True, slots=True)
class Row:
    """One subject whose behaviour is known; ``name`` is its scenario's file name as well.

    ``depends_on_time``: neighbours on the machine can spoil it, so what does not hold is measured
    again. ``loops`` are those that it is measured on.
    """

    name: str
    title: str
    expect: Callable[[Observed], Iterable[Check]]
    depends_on_time: bool
    loops: tuple[str, ...] = LOOPS

    @property
    def scenario(self) -> Path:
        """The scenario's file, which ``bench run`` takes too."""
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


ROWS = (
    Row("null", "a saver that does nothing", timed_rows.null, depends_on_time=True),
    Row("fixed_service", "5 ms of service", timed_rows.fixed_service, depends_on_time=True),
    Row("stalled", "one stall of 0.4 s", timed_rows.stalled, depends_on_time=True),
    Row("queue_md1", "queue M/D/1", timed_rows.queue, depends_on_time=True),
    Row("queue_mmc", "queue M/M/2", timed_rows.queue, depends_on_time=True),
    Row("blocking", "blocks the loop", defect_rows.blocking, depends_on_time=True),
    Row("holding", "holds the loop once", defect_rows.holding, depends_on_time=True),
    Row("dropping", "drops a write in 1000", defect_rows.dropping, depends_on_time=False),
    Row("stale", "reads stale state", defect_rows.stale, depends_on_time=False),
    Row("corrupting", "corrupts a byte", defect_rows.corrupting, depends_on_time=False),
    Row("referencing", "keeps references", defect_rows.referencing, depends_on_time=False),
    Row(
        "losing_namespaces",
        "loses writes of subgraphs",
        defect_rows.losing_namespaces,
        depends_on_time=False,
    ),
    Row("changing_types", "changes a type", defect_rows.changing_types, depends_on_time=False),
    Row(
        "write_behind",
        "stores when it is closed",
        defect_rows.write_behind,
        depends_on_time=False,
    ),
    Row("leaking", "leaks memory", defect_rows.leaking, depends_on_time=False),
    Row(
        "round_trips",
        "a longer way to the server",
        timed_rows.round_trips,
        depends_on_time=True,
        loops=("selector",),
    ),
    Row("same_twice", "A/A: the same twice", timed_rows.same_twice, depends_on_time=True),
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
    failed = [cell.reason for cell in observed.cells if cell.status != "measured"]
    if failed or not observed.cells:
        reason = failed[0] if failed else "no cell"
        checks = (Check("trials", "measured", reason, holds=False),)
        return Result(row, observed.loop, checks, attempt=attempt)
    return Result(row, observed.loop, tuple(row.expect(observed)), attempt=attempt)
