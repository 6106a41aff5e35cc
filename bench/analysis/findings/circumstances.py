"""Findings about how far a figure reaches: what it leaves out, on which machine and loop."""

from __future__ import annotations

from collections import defaultdict

from bench.analysis.cell import Cell, by_place
from bench.analysis.findings.registry import (
    Symptom,
    cell_finding,
    finding,
    in_trials,
)
from bench.analysis.result import Analysis
from bench.analysis.wording import counted, listed
from bench.records.trial import TrialRecord
from bench.scenario.arrival import Open
from bench.scenario.durability import Durability
from bench.scenario.metric import CLOSING, WARM_UP, counts_from_its_call
from bench.scenario.quantity import number, quantity

# Closing connections takes a few ms; longer, something was still to be written.
LONG_CLOSING_NS = 1e8
# Of the acknowledged checkpoints, this share compared in full is called thorough.
COMPARED_SHARE = 0.5


@finding("warning", advice="Judge open loads by cycle.response, and name it in primary_metrics.")
def operation_in_open_load(analysis: Analysis) -> Symptom | None:
    """In an open load only a cycle counts from when it was due. Of the operations inside, all but
    the first are due when they are called: while the load stands still they are not called, and
    their times do not show it (coordinated omission).
    """
    names = [name for name in analysis.scenario.primary_metrics if counts_from_its_call(name)]
    cells = [
        cell
        for cell in analysis.measured
        if isinstance(analysis.scenario.arrival(cell.arrival), Open)
        and any(name in cell.estimates for name in names)
    ]
    if not cells:
        return None
    message = (
        f"{listed(names)} of an open load count from the call, not from when it was due, in "
        f"{counted(len(cells), 'cell')}"
    )
    return Symptom(message, cells)


@cell_finding(
    "note",
    advice="Ask the saver's authors whether it writes behind; a checkpoint of SQLite's log is "
    "harmless.",
)
def long_closing(_: Analysis, cell: Cell) -> Symptom | None:
    """Closing the saver took so long that it may have written then what it had acknowledged before.
    A saver that does that loses those writes when its process is killed, whatever its durability
    class says; reading back comes after the closing and does not show it.
    """
    longest_ns = max(record.reading_value(CLOSING) for record in cell.measured)
    is_durable = cell.durability in (Durability.FSYNC, Durability.RELAXED)
    if not is_durable or longest_ns <= LONG_CLOSING_NS:
        return None
    return Symptom(f"closing took up to {quantity(longest_ns, 'ns')}", size=longest_ns)


@cell_finding(
    "warning",
    advice="A program that uses the saver would not end, or lose what it still had to write: ask "
    "its authors.",
)
def unclean_closing(_: Analysis, cell: Cell) -> Symptom | None:
    """The saver could not be closed, or left threads or processes running. They were ended with
    their worker; what is measured came before.
    """
    closings = [record.reading(CLOSING) for record in cell.measured]
    details = [closing.detail for closing in closings if closing and closing.detail]
    if not details:
        return None
    trials = counted(len(cell.measured), "trial")
    return Symptom(f"in {len(details)} of {trials}: {details[0]}", size=len(details))


@cell_finding(
    "warning",
    advice="Raise warmup_s; a closed load waits for it 10 s longer at most, an open one not at "
    "all.",
)
def not_warm(_: Analysis, cell: Cell) -> Symptom | None:
    """The window opened before each connection had done every operation six times and, in a closed
    load, each client had been through all its threads and had finished a cycle since all of them
    started: first plans, prepared statements, short threads and the rush of the start are in the
    figures.
    """
    shares = (record.reading(WARM_UP) for record in cell.measured)
    cold = [share for share in shares if share is not None and share.value < 1.0]
    if not cold:
        return None
    coldest = min(cold, key=lambda share: share.value)
    return Symptom(f"the window opened after {coldest.detail}", size=-coldest.value)


@cell_finding("note", advice="Raise verify_s if that matters.")
def partly_compared(_: Analysis, cell: Cell) -> Symptom | None:
    """Everything was counted, and the latest checkpoint of the threads compared; of the others only
    a part was compared in content, parent and writes. A rare corruption may have been missed.
    """
    verifications = (record.verification for record in cell.measured)
    # A saver without history has no whole threads to compare.
    verified = [v for v in verifications if v is not None and v.whole_threads]
    written = sum(verification.checkpoints for verification in verified)
    compared = sum(verification.steps for verification in verified)
    if not written or compared >= COMPARED_SHARE * written:
        return None
    share = compared / written
    message = f"{number(100.0 * share)} % of the checkpoints were compared in full"
    return Symptom(message, size=-share)


# A hypervisor that takes a fiftieth does so in pieces that are longer than most operations.
STOLEN_SHARE = 0.02
# An idle desktop uses a tenth of a core; a quarter is a noticeable part of one of a few cores.
OTHERS_CORES = 0.25
# Control groups are throttled for the rest of a period of 100 ms: one is a stall.
THROTTLED_PERIODS = 1.0
# Turbo and power saving change the clock by tens of percents, its measuring by one or two.
CHANGED_CLOCK = 1.1
# Keys of the environment's Python section that slow an interpreter down when they are on.
DEBUG_KEYS = (
    *("asyncio_debug", "debug_build"),
    *("tracing", "profiling", "coverage", "tracemalloc"),
)
_ON = ("yes", "true", "on", "1")


@finding(
    "warning",
    advice="Close what else runs, use a machine or container of your own without a processor "
    "quota, and measure again.",
)
def noisy_neighbours(analysis: Analysis) -> Symptom | None:
    """Something else took processor time while it was measured, or the system held it back: times
    are longer than they need be, and not equally in all trials.
    """
    disturbances = {r.trial.id: _disturbances(r) for c in analysis.measured for r in c.measured}
    cells, records = in_trials(analysis.measured, lambda r: bool(disturbances.get(r.trial.id)))
    if not cells:
        return None
    worst: dict[str, tuple[float, str]] = {}
    for of_trial in disturbances.values():
        for kind, (size, text) in of_trial.items():
            worst[kind] = max(worst.get(kind, (0.0, "")), (size, text), key=lambda each: each[0])
    where = f"{counted(len(records), 'trial')} of {counted(len(cells), 'cell')}"
    message = f"{listed(text for _, text in worst.values())}; in {where}"
    waiting = max(record.reading_value("host.cpu_pressure") for record in records)
    if waiting > 0.0:
        share = number(100.0 * waiting)
        message += f". Some task waited for a core for up to {share} % of the time (ours count too)"
    return Symptom(message, cells, [record.trial.id for record in records])


def _disturbances(record: TrialRecord) -> dict[str, tuple[float, str]]:
    trial = f"trial {record.trial.id}"
    disturbances: dict[str, tuple[float, str]] = {}
    if (stolen := record.reading_value("host.steal_share")) > STOLEN_SHARE:
        share = number(100.0 * stolen)
        text = f"the hypervisor took {share} % of the processors' time ({trial})"
        disturbances["stolen"] = (stolen, text)
    others = record.reading_value("host.other_cpu")
    # A server of the user's on this machine is a process that is not ours.
    if others > OTHERS_CORES and record.server != "external":
        text = f"other processes used {number(others)} of a core ({trial})"
        disturbances["others"] = (others, text)
    if (throttled := record.reading_value("host.throttled")) >= THROTTLED_PERIODS:
        text = f"the processor quota was used up in {number(throttled)} periods ({trial})"
        disturbances["throttled"] = (throttled, text)
    return disturbances


@finding(
    "warning",
    advice="Report it: trials take turns, and what each did when is in their records.",
)
def trials_overlapped(analysis: Analysis) -> Symptom | None:
    """A trial was still, or already, at work while another was measured: the times of the two are
    not independent.
    """
    records = sorted(analysis.records, key=lambda record: record.started_at)
    # Instants of before and after a restart of the machine do not compare: neighbours alone are.
    pairs = [
        (record, other)
        for at, record in enumerate(records)
        for other in (*records[max(0, at - 2) : at], *records[at + 1 : at + 3])
        if record.window is not None
    ]
    overlaps = [(overlap_ns, pair) for pair in pairs if (overlap_ns := _beside_ns(*pair)) > 0]
    if not overlaps:
        return None
    longest_ns, (record, other) = max(overlaps, key=lambda each: each[0])
    trials = sorted({measured.trial.id for _, (measured, _) in overlaps})
    message = (
        f"in {counted(len(trials), 'trial')}; for up to {number(longest_ns / 1e6)} ms "
        f"(trial {other.trial.id} beside {record.trial.id})"
    )
    cells, _ = in_trials(analysis.measured, lambda record: record.trial.id in trials)
    return Symptom(message, cells, trials)


def _beside_ns(record: TrialRecord, other: TrialRecord) -> int:
    """Return for how long a stage of ``other`` was at work beside what was measured, at most."""
    if record.window is None:
        return 0
    loaded = (stage.start_ns for stage in record.stages if stage.name == "warm-up")
    start_ns, end_ns = next(loaded, record.window.start_ns), record.window.drained_ns
    lengths = (min(end_ns, stage.end_ns) - max(start_ns, stage.start_ns) for stage in other.stages)
    return max(lengths, default=0)


@finding(
    "warning",
    advice="Fix the clock (governor performance, no turbo), plug in the laptop, and measure again.",
)
def clock_frequency_changed(analysis: Analysis) -> Symptom | None:
    """The processors' clock did not stay the same: the same work takes longer at a lower clock,
    whichever saver does it.
    """
    blocks: dict[str, list[TrialRecord]] = defaultdict(list)
    for cell in analysis.measured:
        for record in cell.measured:
            if _clock_hz(record):
                blocks[record.trial.block].append(record)
    hertz: list[float] = []
    changed: set[str] = set()
    for records in blocks.values():
        of_block = [clock for record in records for clock in _clock_hz(record)]
        if max(of_block) > CHANGED_CLOCK * min(of_block):
            hertz += of_block
            changed.update(record.trial.id for record in records)
    if not changed:
        return None
    message = (
        f"between {number(min(hertz) / 1e6)} and {number(max(hertz) / 1e6)} MHz in "
        f"{counted(len(changed), 'trial')}, inside a trial or between those of a block"
    )
    cells, _ = in_trials(analysis.measured, lambda record: record.trial.id in changed)
    return Symptom(message, cells, sorted(changed))


def _clock_hz(record: TrialRecord) -> list[float]:
    readings = (record.reading(f"host.clock_{when}") for when in ("start", "end"))
    return [each.value for each in readings if each is not None]


@finding(
    "warning",
    advice="Unset PYTHONASYNCIODEBUG, PYTHONDEVMODE, PYTHONTRACEMALLOC, COVERAGE_PROCESS_START and "
    "the like, and measure again.",
)
def debug_on(analysis: Analysis) -> Symptom | None:
    """Debugging, tracing or profiling slows every operation, and some savers more than others."""
    python = analysis.run.environment.python
    switched_on = [key for key in DEBUG_KEYS if python.get(key, "").lower() in _ON]
    if not switched_on:
        return None
    return Symptom(f"switched on in the interpreter: {listed(switched_on)}")


@finding("warning", advice="Commit the changes and measure again before quoting a number.")
def dirty_checkout(analysis: Analysis) -> Symptom | None:
    """The program that measured is not the commit that the record names, so nobody can
    repeat it.
    """
    environment = analysis.run.environment
    if not environment.dirty:
        return None
    commit = environment.commit or "an unknown commit"
    return Symptom(f"measured with uncommitted changes on top of {commit[:12]}")


@finding(
    "note",
    advice="Quote them only with both durability classes; for the saver alone compare within a "
    "class.",
)
def durability_differs(analysis: Analysis) -> Symptom | None:
    """These ratios compare a write that survives a crash with one that may not: they include the
    price of that promise.
    """
    crossing = [c for c in analysis.comparisons if not c.same_durability]
    if not crossing:
        return None
    pairs: dict[str, None] = {}
    for c in crossing:
        one, other = (f"{cell.subject} ({cell.durability})" for cell in c.cells)
        pairs[f"{one} on {c.candidate}" if c.axis == "loop" else f"{one} with {other}"] = None
    arms = by_place(c.candidate_cell for c in crossing)
    cells = [cell for cell in analysis.cells if (cell.subject, *cell.place) in arms]
    return Symptom(f"compared across durability classes: {listed(pairs, 8)}", cells)


@finding("note", advice="Measure on the platform itself before quoting a time.")
def emulated_loop(analysis: Analysis) -> Symptom | None:
    """This loop stands in for that of another platform: that a saver runs on it counts, how fast it
    is there says nothing about that platform.
    """
    cells = [cell for cell in analysis.measured if cell.loop_kind == "emulated"]
    if not cells:
        return None
    loops = sorted({cell.loop for cell in cells})
    verb = "is" if len(loops) == 1 else "are"
    return Symptom(f"{listed(loops)} {verb} emulated here ({counted(len(cells), 'cell')})", cells)


@finding(
    "note",
    advice="Quote ratios rather than times, or point BENCH_POSTGRES_DSN and BENCH_REDIS_URL at "
    "servers on another machine.",
)
def shared_cores(analysis: Analysis) -> Symptom | None:
    """Client and server compete for the same cores: absolute times are those of this machine, and a
    server that computes more takes time from the client.
    """
    cells = [cell for cell in analysis.measured if cell.server == "embedded"]
    if not cells:
        return None
    host = analysis.run.environment.host
    known = (host.get(key, "") for key in ("cores_usable", "cores"))
    cores = next((count for count in known if count not in ("", "0")), "the same")
    shared = "one core" if cores == "1" else f"{cores} cores"
    return Symptom(f"client and server share {shared} in {counted(len(cells), 'cell')}", cells)
