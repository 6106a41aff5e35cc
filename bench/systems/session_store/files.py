"""Sessions in files, one for each; a save that is cut off leaves what was there."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from bench.systems.session_store.session import Session

What = Literal["session", "inactive", "deleted"]
_TIMES = ("created_at", "last_updated", "expires_at")


@dataclass(frozen=True, slots=True)
class Entry:
    """What was done last to a session: it was saved, or marked as inactive or deleted unseen."""

    what: What
    session: Session


class FileSessions:
    """Keeps the last entry of each session in ``directory``, which one process alone writes.

    No name of a file is anybody's input. With ``flushed`` an entry is on the disk when a save of it
    returns. Nothing here is asynchronous.
    """

    def __init__(
        self,
        directory: Path,
        *,
        flushed: bool = True,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._directory = directory
        self._flushed = flushed
        self._clock = clock

    def save(
        self,
        session_id: str,
        data: Mapping[str, Any],
        metadata: Mapping[str, Any],
        expires_in_hours: float | None = None,
        what: What = "session",
    ) -> None:
        """Write an entry in the place of the one before it."""
        now, last = self._clock(), self.last(session_id)
        if last is not None:
            # A clock that was set back must not make this the older one.
            now = max(now, last.session.last_updated + datetime.resolution)
        expires_at = now + timedelta(hours=expires_in_hours) if expires_in_hours else None
        self.put(
            Session(session_id, data, metadata, now, now, expires_at, None, what == "session"), what
        )

    def put(self, session: Session, what: What = "session") -> None:
        """Write a session as it is."""
        content = json.dumps({"what": what, **asdict(session)}, default=datetime.isoformat)
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._path(session.session_id)
        unfinished = path.with_suffix(".new")
        with unfinished.open("w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            if self._flushed:
                os.fsync(file.fileno())
        unfinished.replace(path)
        if self._flushed:
            _flush_directory(self._directory)

    def last(self, session_id: str) -> Entry | None:
        """Return the last entry of a session."""
        return _read(self._path(session_id))

    def entries(self) -> Iterator[Entry]:
        """Yield the entry of every session; what cannot be read is left out."""
        for path in sorted(self._directory.glob("*.json")):
            entry = _read(path)
            if entry is not None:
                yield entry

    def lives(self, entry: Entry | None) -> bool:
        """Tell whether an entry is a session that can be loaded."""
        if entry is None or entry.what != "session":
            return False
        expires_at = entry.session.expires_at
        return expires_at is None or expires_at > self._clock()

    def has_expired(self, entry: Entry) -> bool:
        """Tell whether it is a session that has expired."""
        return entry.what == "session" and not self.lives(entry)

    def remove(self, session_id: str) -> None:
        """Remove the entry of a session."""
        self._path(session_id).unlink(missing_ok=True)

    def _path(self, session_id: str) -> Path:
        name = hashlib.sha256(session_id.encode()).hexdigest()[:32]
        return self._directory / f"{name}.json"


def _read(path: Path) -> Entry | None:
    try:
        content = json.loads(path.read_bytes())
        times = {
            name: datetime.fromisoformat(content[name]) if content[name] else None
            for name in _TIMES
        }
        what = content.pop("what")
        return Entry(what, Session(**{**content, **times}))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _flush_directory(directory: Path) -> None:
    if os.name == "nt":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
