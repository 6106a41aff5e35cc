"""Findings about circumstances: machine, loop, program and what was compared with what."""

from __future__ import annotations

from bench.analysis.findings._evidence import Evidence, Judge, Kind
from bench.analysis.result import Finding
from bench.analysis.wording import counted, listed

# Keys of the environment's Python section that slow an interpreter down when they are on.
DEBUG_KEYS = (
    *("asyncio_debug", "debug_build"),
    *("tracing", "profiling", "coverage", "tracemalloc"),
)
_ON = ("yes", "true", "on", "1")

_DURABILITY_DIFFERS = Kind(
    "durability_differs",
    "note",
    "These ratios compare a write that survives a crash with one that may not: they include the "
    "price of that promise.",
    "Quote them only with both durability classes; for the saver alone compare within a class.",
)
_EMULATED_LOOP = Kind(
    "emulated_loop",
    "note",
    "This loop stands in for that of another platform: that a saver runs on it counts, how fast it "
    "is there says nothing about that platform.",
    "Measure on the platform itself before quoting a time.",
)
_DEBUG_ON = Kind(
    "debug_on",
    "warning",
    "Debugging, tracing or profiling slows every operation, and some savers more than others.",
    "Unset PYTHONASYNCIODEBUG, PYTHONDEVMODE, PYTHONTRACEMALLOC, COVERAGE_PROCESS_START and the "
    "like, and measure again.",
)
_DIRTY_CHECKOUT = Kind(
    "dirty_checkout",
    "warning",
    "The program that measured is not the commit that the record names, so nobody can repeat it.",
    "Commit the changes and measure again before quoting a number.",
)
_SHARED_CORES = Kind(
    "shared_cores",
    "note",
    "Client and server compete for the same cores: absolute times are those of this machine, and "
    "a server that computes more takes time from the client.",
    "Quote ratios rather than times, or point BENCH_POSTGRES_DSN and BENCH_REDIS_URL at servers on "
    "another machine.",
)


def durability_differs(evidence: Evidence) -> Finding | None:
    """Find comparisons that cross durability classes."""
    crossing = [c for c in evidence.comparisons if not c.same_durability]
    if not crossing:
        return None
    classes = {
        (cell.cell.subject, cell.cell.condition, cell.cell.loop): cell.cell.durability
        for cell in evidence.cells
    }

    def described(subject: str, condition: tuple[str, str, str, str], loop: str) -> str:
        return f"{subject} ({classes.get((subject, condition, loop), 'unknown')})"

    pairs: dict[str, None] = {}
    for c in crossing:
        if c.axis == "loop":
            pairs[f"{described(c.subject, c.condition, c.loop)} on {c.candidate}"] = None
            continue
        candidate = described(c.candidate, c.condition, c.loop)
        pairs[f"{candidate} with {described(c.baseline, c.condition, c.loop)}"] = None
    arms = {(c.condition, c.loop, c.subject) for c in crossing}
    cells = [
        cell
        for cell in evidence.cells
        if (cell.cell.condition, cell.cell.loop, cell.cell.subject) in arms
    ]
    message = f"compared across durability classes: {listed(pairs, 8)}"
    return _DURABILITY_DIFFERS.found(message, cells)


def emulated_loop(evidence: Evidence) -> Finding | None:
    """Find cells that ran on an emulated loop."""
    cells = [cell for cell in evidence.measured if cell.cell.loop_kind == "emulated"]
    if not cells:
        return None
    loops = sorted({cell.cell.loop for cell in cells})
    verb = "is" if len(loops) == 1 else "are"
    message = f"{listed(loops)} {verb} emulated here ({counted(len(cells), 'cell')})"
    return _EMULATED_LOOP.found(message, cells)


def debug_on(evidence: Evidence) -> Finding | None:
    """Find debugging switched on in the interpreter that measured."""
    python = evidence.run.environment.python
    switched_on = [key for key in DEBUG_KEYS if python.get(key, "").lower() in _ON]
    if not switched_on:
        return None
    return _DEBUG_ON.found(f"switched on in the interpreter: {listed(switched_on)}")


def dirty_checkout(evidence: Evidence) -> Finding | None:
    """Find uncommitted changes in the program that measured."""
    environment = evidence.run.environment
    if not environment.dirty:
        return None
    commit = environment.commit or "an unknown commit"
    return _DIRTY_CHECKOUT.found(f"measured with uncommitted changes on top of {commit[:12]}")


def shared_cores(evidence: Evidence) -> Finding | None:
    """Find embedded servers that ran beside their client."""
    cells = [cell for cell in evidence.measured if cell.cell.server == "embedded"]
    if not cells:
        return None
    host = evidence.run.environment.host
    known = (host.get(key, "") for key in ("cores_usable", "cores"))
    cores = next((count for count in known if count not in ("", "0")), "the same")
    shared = "one core" if cores == "1" else f"{cores} cores"
    message = f"client and server share {shared} in {counted(len(cells), 'cell')}"
    return _SHARED_CORES.found(message, cells)


JUDGES: tuple[Judge, ...] = (
    debug_on,
    dirty_checkout,
    durability_differs,
    emulated_loop,
    shared_cores,
)
