"""What was begun and what was acknowledged at the interface of a trial's savers.

The truth about which checkpoints must be in a store: whatever the workload, and whoever calls the
saver, each write is noted as it begins and marked as it is acknowledged. The log is one stream of
rows of fixed size; in a file that is mapped into memory it outlives the process that writes it.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from struct import Struct
from typing import Any, Self

from bench.contracts import REVISION

# Room that a log in memory takes at a time.
_MORE_BYTES = 1 << 16
# Kind, number of written values, chain, when acknowledged (ns of the worker's clock; 0: not, or not
# yet), a checkpoint's id, and the id of its parent, of the task that wrote, or of what was read.
_ROW = Struct("<BxHiq36s36s")
_ROW_BYTES = _ROW.size
_write_row = _ROW.pack_into
_note_instant = Struct("<q").pack_into
_ACKNOWLEDGED_AT = 8
_MOST_VALUES = 0xFFFF
_ID_BYTES = 36
_CHAIN, _PUT, _WRITES, _DELETE, _ODD_READ = range(1, 6)

Begin = Callable[..., Any]
End = Callable[[Any, Any, int], None]
Key = tuple[str, str]
"""Thread id and checkpoint namespace."""


class _Chain:
    __slots__ = ("latest", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        self.latest = ""


class AcknowledgementLog:
    """The log as it is written: 88 bytes for a write, and nothing hashed or copied.

    The ``begin_…`` methods take what the saver's own methods take and return a token; ``end_…``
    takes the token, the method's result and the instant, in ns of the worker's clock, at which it
    returned. Where the method raises, nothing ends: the write stays indeterminate.
    """

    def __init__(self) -> None:
        self._threads: dict[str, dict[str, _Chain]] = {}
        self._count = 0
        self._rows: bytearray | mmap.mmap = bytearray()
        self._end = 0

    @classmethod
    def shared(cls, path: Path, capacity_bytes: int) -> Self:
        """Write into a new file at ``path`` that is mapped into memory.

        Pages that were not written take no room. On a file system in memory nothing of it reaches a
        disk, which others may be flushing.
        """
        log = cls()
        with path.open("x+b") as file:
            file.truncate(capacity_bytes)
            log._rows = mmap.mmap(file.fileno(), capacity_bytes)
        return log

    @property
    def operations(self) -> Mapping[str, tuple[Begin, End]]:
        """What begins and ends each operation that is noted, by the operation's name."""
        return {
            "put": (self._begin_put, self._end_put),
            "put_writes": (self._begin_writes, self._end_writes),
            "get_tuple": (self._begin_get, self._end_get),
            "delete_thread": (self._begin_delete, self._end_delete),
            "save": (self._begin_save, self._end_save),
            "load": (self._begin_load, self._end_load),
            "delete": (self._begin_session_delete, self._end_delete),
        }

    @property
    def thread_ids(self) -> tuple[str, ...]:
        """The threads that were written to or read so far."""
        return tuple(self._threads)

    def save(self, path: Path) -> None:
        """Write the log to a file, for :meth:`Acknowledged.read`; one in a file is there."""
        if isinstance(self._rows, bytearray):
            path.write_bytes(self._rows[: self._end])

    def noted(self) -> Acknowledged:
        """Return what the log says so far."""
        return Acknowledged.of(bytes(self._rows[: self._end]))

    def _begin_put(
        self, config: Any, checkpoint: Any, metadata: Any = None, new_versions: Any = None
    ) -> tuple[int, _Chain, str]:
        del metadata, new_versions
        configurable = config["configurable"]
        chain = self._chain(configurable)
        checkpoint_id = checkpoint["id"]
        parent_id = configurable.get("checkpoint_id") or ""
        row = self._add(_PUT, 0, chain.number, checkpoint_id, parent_id)
        return row, chain, checkpoint_id

    def _end_put(self, token: tuple[int, _Chain, str], result: Any, at_ns: int) -> None:
        del result
        row, chain, checkpoint_id = token
        _note_instant(self._rows, row + _ACKNOWLEDGED_AT, at_ns)
        # Ids are ordered by time.
        chain.latest = max(chain.latest, checkpoint_id)

    def _begin_writes(self, config: Any, writes: Any, task_id: str, task_path: str = "") -> int:
        del task_path
        configurable = config["configurable"]
        number = self._chain(configurable).number
        values = min(len(writes), _MOST_VALUES)
        return self._add(_WRITES, values, number, configurable["checkpoint_id"], task_id)

    def _end_writes(self, token: int, result: Any, at_ns: int) -> None:
        del result
        _note_instant(self._rows, token + _ACKNOWLEDGED_AT, at_ns)

    def _begin_delete(self, thread_id: str) -> tuple[int, str]:
        number = self._chain({"thread_id": thread_id}).number
        return self._add(_DELETE, 0, number, "", ""), str(thread_id)

    def _end_delete(self, token: tuple[int, str], result: Any, at_ns: int) -> None:
        row, thread_id = token
        self._end_writes(row, result, at_ns)
        for chain in self._threads[thread_id].values():
            chain.latest = ""

    def _begin_get(self, config: Any) -> tuple[_Chain, str] | None:
        configurable = config["configurable"]
        if configurable.get("checkpoint_id"):
            return None
        chain = self._chain(configurable)
        return chain, chain.latest

    def _end_get(self, token: tuple[_Chain, str] | None, result: Any, at_ns: int) -> None:
        """Note a read of the latest checkpoint that did not return the latest acknowledged one."""
        if token is not None:
            found = result.checkpoint["id"] if result is not None else ""
            self._note_read(*token, found, at_ns)

    def _note_read(self, chain: _Chain, latest: str, found: str, at_ns: int) -> None:
        if latest and found != latest:
            row = self._add(_ODD_READ, 0, chain.number, latest, found)
            _note_instant(self._rows, row + _ACKNOWLEDGED_AT, at_ns)

    def _begin_save(
        self, session_id: str, data: Any, metadata: Any = None, expires_in_hours: Any = None
    ) -> tuple[int, _Chain, str] | None:
        """Note a save of a session, unless that may be gone before anybody looks for it."""
        del metadata
        if expires_in_hours is not None:
            return None
        chain = self._chain({"thread_id": session_id})
        revision = revision_of(data)
        return self._add(_PUT, 0, chain.number, revision, ""), chain, revision

    def _end_save(self, token: tuple[int, _Chain, str] | None, result: Any, at_ns: int) -> None:
        if token is not None:
            self._end_put(token, result, at_ns)

    def _begin_load(self, session_id: str) -> tuple[_Chain, str]:
        chain = self._chain({"thread_id": session_id})
        return chain, chain.latest

    def _end_load(self, token: tuple[_Chain, str], result: Any, at_ns: int) -> None:
        found = revision_of(result.data) if result is not None else ""
        self._note_read(*token, found, at_ns)

    def _begin_session_delete(self, session_id: str, *, hard: bool = False) -> tuple[int, str]:
        del hard
        return self._begin_delete(session_id)

    def _chain(self, configurable: Mapping[str, Any]) -> _Chain:
        try:
            # LangGraph's savers make text of a thread's id as well.
            thread_id = str(configurable["thread_id"])
            return self._threads[thread_id][configurable.get("checkpoint_ns", "")]
        except KeyError:
            return self._new_chain(configurable)

    def _new_chain(self, configurable: Mapping[str, Any]) -> _Chain:
        thread_id, namespace = str(configurable["thread_id"]), configurable.get("checkpoint_ns", "")
        text = f"{thread_id}\0{namespace}".encode()
        rows = 1 + -(-len(text) // _ROW_BYTES)
        start, self._end = self._end, self._end + rows * _ROW_BYTES
        self._make_room()
        # The text first: a reader stops at a row of which nothing is written.
        self._rows[start + _ROW_BYTES : start + _ROW_BYTES + len(text)] = text
        _write_row(self._rows, start, _CHAIN, 0, len(text), 0, b"", b"")
        chain = self._threads.setdefault(thread_id, {})[namespace] = _Chain(self._count)
        self._count += 1
        return chain

    def _add(self, kind: int, values: int, chain: int, checkpoint_id: str, other_id: str) -> int:
        # First, as it may raise: a row of which nothing is written ends the log for a reader.
        first, second = checkpoint_id.encode(), other_id.encode()
        start = self._end
        self._end = end = start + _ROW_BYTES
        if end > len(self._rows):
            self._make_room()
        _write_row(self._rows, start, kind, values, chain, 0, first, second)
        return start

    def _make_room(self) -> None:
        """Let the rows reach the end.

        Raises:
            IndexError: they are in a file, which has the length that it was made with.
        """
        lacking = self._end - len(self._rows)
        if lacking <= 0:
            return
        if not isinstance(self._rows, bytearray):
            raise IndexError(f"the log's file is full at {len(self._rows)} bytes")
        self._rows += bytes(max(_MORE_BYTES, lacking))


class AcknowledgedCount:
    """Counts the acknowledged writes of a log in a file while another process writes it."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._rows = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._end = 0
        self._open: list[int] = []
        self._count = 0

    def now(self) -> int:
        """Return how many writes are acknowledged by now."""
        while self._end + _ROW_BYTES <= len(self._rows) and (kind := self._rows[self._end]):
            if kind == _CHAIN:
                length = _ROW.unpack_from(self._rows, self._end)[2]
                self._end += -(-length // _ROW_BYTES) * _ROW_BYTES
            elif kind in (_PUT, _WRITES):
                self._open.append(self._end)
            self._end += _ROW_BYTES
        still_open = [start for start in self._open if not self._acknowledged_ns(start)]
        self._count += len(self._open) - len(still_open)
        self._open = still_open
        return self._count

    def _acknowledged_ns(self, start: int) -> int:
        instant: int = _ROW.unpack_from(self._rows, start)[3]
        return instant


@dataclass(slots=True)
class Put:
    """One checkpoint that was put; ``acknowledged_ns`` is 0 where no put of it returned."""

    parent_id: str
    acknowledged_ns: int


@dataclass(slots=True)
class ChainLog:
    """What is known of a thread's namespace.

    ``puts`` is keyed by checkpoint id, in the order in which they were begun. ``writes`` has, by
    checkpoint id and task id, how many values were acknowledged at least (0: begun at most).
    ``written_ns`` is by checkpoint id when the last of its calls was acknowledged.
    ``deleted`` are ids that an acknowledged deletion came after; a deletion may have been begun
    that was not acknowledged. ``odd_reads`` are pairs of the id
    that was the latest acknowledged one when a read began, and the one that it returned instead:
    empty where nothing was, and right where it was put meanwhile.
    """

    thread_id: str
    namespace: str
    puts: dict[str, Put] = field(default_factory=dict)
    writes: dict[tuple[str, str], int] = field(default_factory=dict)
    written_ns: dict[str, int] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    deletion_begun: bool = False
    odd_reads: list[tuple[str, str]] = field(default_factory=list)

    @property
    def key(self) -> Key:
        """Thread id and namespace."""
        return self.thread_id, self.namespace

    @property
    def acknowledged(self) -> list[str]:
        """The ids that must be in the store, in the order of their ids, which is that of time."""
        return sorted(name for name, put in self.puts.items() if put.acknowledged_ns)

    @property
    def indeterminate(self) -> frozenset[str]:
        """The ids that may be in the store or get there later."""
        return frozenset(name for name, put in self.puts.items() if not put.acknowledged_ns)

    @property
    def uncertain_writes(self) -> bool:
        """Whether a call of ``aput_writes`` did not return, and may have been made again."""
        return 0 in self.writes.values()

    def delete(self, done_ns: int) -> None:
        """Note a deletion of the thread that was acknowledged at ``done_ns`` (0: only begun).

        What was put under way with it may be there or not.
        """
        self.deletion_begun = True
        self.writes.clear()
        for name, put in tuple(self.puts.items()):
            if 0 < put.acknowledged_ns <= done_ns:
                self.deleted.add(name)
                del self.puts[name]
            put.acknowledged_ns = 0


@dataclass(slots=True)
class Acknowledged:
    """The log as it is read: by thread id and namespace, and how many writes there were.

    A write is one call of ``aput`` or ``aput_writes``; ``puts_acknowledged`` and
    ``writes_acknowledged`` count calls that returned, ``attempted`` those that were begun. At the
    instants ``broken_ns`` the trial was broken on purpose.
    """

    threads: dict[str, dict[str, ChainLog]] = field(default_factory=dict)
    puts_acknowledged: int = 0
    writes_acknowledged: int = 0
    attempted: int = 0
    broken_ns: tuple[int, ...] = ()

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a log, also one whose writer was killed at any moment."""
        with path.open("rb") as file:
            if not path.stat().st_size:
                return cls()
            # Most of a file that was mapped is empty, and is not read.
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                return cls.of(content)

    @classmethod
    def of(cls, content: bytes | mmap.mmap) -> Self:
        """Read the rows of a log."""
        result = cls()
        numbered: list[ChainLog] = []
        for kind, values, number, at_ns, first, second in _rows(content):
            if kind == _CHAIN:
                thread_id, _, namespace = first.rpartition("\0")
                chain = ChainLog(thread_id, namespace)
                numbered.append(chain)
                result.threads.setdefault(thread_id, {})[namespace] = chain
                continue
            chain = numbered[number]
            if kind == _PUT:
                result.attempted += 1
                result.puts_acknowledged += at_ns > 0
                if at_ns or first not in chain.puts:
                    chain.puts[first] = Put(second, at_ns)
            elif kind == _WRITES:
                result.attempted += 1
                result.writes_acknowledged += at_ns > 0
                known = chain.writes.get((first, second), 0)
                chain.writes[first, second] = max(known, values if at_ns else 0)
                chain.written_ns[first] = max(chain.written_ns.get(first, 0), at_ns)
            elif kind == _DELETE:
                for deleted in result.threads[chain.thread_id].values():
                    deleted.delete(at_ns)
            else:
                chain.odd_reads.append((first, second))
        return result

    @property
    def acknowledged(self) -> int:
        """How many writes returned."""
        return self.puts_acknowledged + self.writes_acknowledged

    @property
    def chains(self) -> list[ChainLog]:
        """Every chain that was written to, in the order in which they were begun."""
        chains = (chain for of_thread in self.threads.values() for chain in of_thread.values())
        return [chain for chain in chains if chain.puts or chain.deleted]


def _rows(content: bytes | mmap.mmap) -> Iterator[tuple[int, int, int, int, str, str]]:
    """Yield the rows with their texts; a chain's key stands as the first text."""
    start = 0
    while start + _ROW.size <= len(content):
        kind, values, number, at_ns, first, second = _ROW.unpack_from(content, start)
        start += _ROW.size
        if not kind:
            # The rest of a mapped file, or a row that its writer did not come to complete.
            return
        if kind == _CHAIN:
            text = content[start : start + number]
            start += -(-number // _ROW.size) * _ROW.size
            yield kind, 0, 0, 0, text.decode(), ""
        else:
            yield kind, values, number, at_ns, _text(first), _text(second)


def revision_of(data: Mapping[str, Any]) -> str:
    """Return what a save of a session is noted as; texts of it are ordered as the numbers are."""
    return f"{int(data[REVISION]):020}"


def as_noted(text: str) -> str:
    """Return an id as a row holds it: longer ones than LangGraph's are cut."""
    return text if len(text) <= _ID_BYTES else _text(text.encode()[:_ID_BYTES])


def _text(field_content: bytes) -> str:
    return field_content.rstrip(b"\0").decode(errors="replace")
