"""By what the event loop was held, when it came to a beat late."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FrameType
from typing import ClassVar

from bench.contracts import ReadingKind, Subject, WorkerProbe
from bench.probes._beat import beat
from bench.probes.loop_lag import INTERVAL_NS
from bench.records.trial import Reading

# That of loop_lag: what is due with it hardly wakes the loop again.
INTERVAL_S = INTERVAL_NS / 1e9
# An interpreter lock that is asked for comes after 5 ms; what is later than this was held by
# something.
STALL_NS = 20_000_000
# Of one stall, each look twice as late as the one before: long ones do not outvote all others.
_LOOK_AGAIN = 2

Clock = Callable[[], int]

# Where the standard library waits, locks and passes on; what matters is who called it.
_PLUMBING = frozenset(
    (
        *("asyncio", "concurrent", "contextlib", "functools", "queue", "select", "selectors"),
        *("socket", "ssl", "threading", "uvloop", "winloop"),
    )
)
# Below these frames nothing was called by the loop: there it waits, or is told to run.
_LOOP_ITSELF = frozenset(("_run_once", "run_forever", "run_until_complete"))
_SAVER_METHODS = frozenset(
    f"{prefix}{name}"
    for prefix in ("", "a")
    for name in ("put", "put_writes", "get_tuple", "list", "delete_thread")
)
# Its derived classes have those methods too, to time them.
_OURS = "bench.measure"
_NOBODY = "the event loop itself"


def holder(frame: FrameType | None) -> tuple[str, bool]:
    """Say in which function the thread with that innermost ``frame`` is, and whether for a saver.

    ``function (module)``: the innermost frame outside the standard library's plumbing. Where a
    method of a saver called it, ``… in Class.method``. Modules, never files: no path is told.
    """
    place, method = "", ""
    for module, name, qualified in _frames(frame):
        if not place and module.partition(".")[0] not in _PLUMBING:
            place = f"{_short(qualified)} ({module})"
        if name in _SAVER_METHODS and "." in qualified and not module.startswith(_OURS):
            method = _short(qualified)
            break
    place = place or _NOBODY
    is_method = place.startswith(f"{method} (")
    return (f"{place} in {method}" if method and not is_method else place), bool(method)


def _frames(frame: FrameType | None) -> Iterator[tuple[str, str, str]]:
    """Yield module, name and qualified name, from the innermost frame to what the loop called."""
    while frame is not None and frame.f_code.co_name not in _LOOP_ITSELF:
        module = frame.f_globals.get("__name__", "?")
        if (module, frame.f_code.co_name) == ("asyncio.runners", "run"):
            return
        yield module, frame.f_code.co_name, frame.f_code.co_qualname
        frame = frame.f_back


def _short(qualified: str) -> str:
    return qualified.rpartition("<locals>.")[2]


class Stalls:
    """How late a loop comes to its beat: the loop answers, the watcher asks."""

    def __init__(self, start_ns: int) -> None:
        self.due_ns = start_ns + INTERVAL_NS
        self.held_ns = 0
        self._look_at_ns = STALL_NS
        self._looked_for_ns = self.due_ns

    def answer(self, now_ns: int) -> None:
        """Note that the loop came to its beat, and when the next one is due."""
        late_ns = now_ns - self.due_ns
        self.held_ns += late_ns if late_ns > STALL_NS else 0
        self.due_ns = now_ns + INTERVAL_NS - late_ns % INTERVAL_NS

    def next_look_s(self, now_ns: int) -> float:
        """Return in how many seconds the loop can be so late at the earliest that one is due."""
        return max(INTERVAL_S, (self.due_ns + STALL_NS - now_ns) / 1e9)

    def asks_for_a_look(self, now_ns: int) -> bool:
        """Tell whether the loop is so late that its thread should be looked at now."""
        due_ns = self.due_ns
        if due_ns != self._looked_for_ns:
            self._looked_for_ns, self._look_at_ns = due_ns, STALL_NS
        if now_ns - due_ns <= self._look_at_ns:
            return False
        self._look_at_ns = (now_ns - due_ns) * _LOOK_AGAIN
        return True


class LoopHolder(WorkerProbe):
    """A beat on the loop every 10 ms tells when it is held; a thread then looks by whom.

    The time is the loop's own account: that the thread comes late changes nothing in it. The thread
    reads one integer every 20 to 30 ms, and only where the beat is more than 20 ms late the stack
    of the loop's thread (``sys._current_frames``), once and again each time the stall has doubled.

    Cost: some 100 beats per second, with those of ``loop_lag``, and 40 wake-ups of a thread. Each
    wake-up asks for the interpreter lock, which a computing loop gives away after 5 ms at most and
    takes back at once; it is the same for every subject. What holds the interpreter lock as well,
    as an extension that computes, is seen only when it lets go, at the next Python instruction.
    """

    readings: ClassVar[Mapping[str, ReadingKind]] = {
        "loop_held.share": ReadingKind(
            "ratio",
            "lower",
            "share of the window for which the loop was held, over 20 ms each time",
        ),
        "loop_held.by_saver": ReadingKind(
            *("ratio", "neither"),
            "share of the looks at a held loop that found it in a method of the saver",
        ),
    }

    def __init__(self, clock: Clock = time.perf_counter_ns) -> None:
        self._clock = clock
        # Held until the end. To wait for a lock is one call; an event's wait is a page of Python,
        # for which each wake-up would take the interpreter from the loop.
        self._watching = threading.Lock()
        self._places: Counter[str] = Counter()
        self._by_saver = 0

    async def start(self, subject: Subject) -> None:
        self._loop_thread_id = threading.get_ident()
        self._start_ns = self._clock()
        self._stalls = Stalls(self._start_ns)
        self._end_beat = beat(INTERVAL_NS, self._on_beat)
        self._watching.acquire()
        self._thread = threading.Thread(target=self._watch, name="loop_holder", daemon=True)
        self._thread.start()

    async def stop(self, checkpoints: int) -> Sequence[Reading]:
        """End; a beat that is late by now counts with its time so far."""
        del checkpoints
        now_ns = self._clock()
        self._end_beat()
        self._stalls.answer(now_ns)
        self._watching.release()
        self._thread.join()
        return self._readings(now_ns - self._start_ns)

    def look(self, frame: FrameType | None) -> None:
        place, is_saver = holder(frame)
        self._places[place] += 1
        self._by_saver += is_saver

    def _on_beat(self) -> None:
        now_ns = self._clock()
        if now_ns >= self._stalls.due_ns:
            self._stalls.answer(now_ns)

    def _watch(self) -> None:
        while not self._watching.acquire(timeout=self._stalls.next_look_s(self._clock())):
            if self._stalls.asks_for_a_look(self._clock()):
                self.look(sys._current_frames().get(self._loop_thread_id))  # noqa: SLF001 - documented, and the only way

    def _readings(self, wall_ns: int) -> list[Reading]:
        if wall_ns <= 0:
            return []
        looks = sum(self._places.values())
        place = self._places.most_common(1)[0][0] if looks else ""
        share = self.reading("loop_held.share", min(1.0, self._stalls.held_ns / wall_ns), place)
        if not looks:
            return [share]
        return [share, self.reading("loop_held.by_saver", self._by_saver / looks)]
