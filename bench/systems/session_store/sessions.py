"""Sessions in Postgres, and in files while it is down."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar

from bench.errors import InputError
from bench.systems.session_store.files import Entry, FileSessions, What
from bench.systems.session_store.postgres import PostgresSessions
from bench.systems.session_store.session import (
    ConnectionTest,
    Listed,
    Restored,
    Saved,
    Session,
    SessionRefusedError,
    Statistics,
    StoreDownError,
    StoreError,
    check_hours,
    check_id,
    check_page,
    message_count,
    plain,
)

Result = TypeVar("Result")
_LOG = logging.getLogger(__name__)
_NOT_IN_FILES = "Postgres does not answer, and this is not in files"


class Sessions:
    """Keeps sessions in ``store``; while that does not answer, in files below ``directory``.

    Without a ``directory`` there is no fallback, and StoreDownError is raised instead. With
    ``mirror`` every session lies in a file besides, so that what was saved before Postgres went
    down can be loaded meanwhile, as far as this instance saved it. A directory belongs to one
    instance; several share the table.

    An operation that Postgres does not answer within ``operation_s`` goes to the files, and so do
    all others, until Postgres has answered one of the attempts that are made every ``retry_s``.
    What the files hold is then written to the table, unless what is there is newer; before that
    nobody reads the table. Also on opening, what an earlier process left in files. What the table
    refuses is set aside in files, and tried again the next time.

    Raises:
        InputError: ``mirror`` without a ``directory``.
    """

    def __init__(
        self,
        store: PostgresSessions,
        directory: Path | None = None,
        *,
        mirror: bool = False,
        operation_s: float = 5.0,
        retry_s: float = 0.1,
    ) -> None:
        if mirror and directory is None:
            raise InputError("a mirror is expected to have a directory of files")
        self.postgres = store
        self._has_fallback = directory is not None
        self._operation_s = operation_s
        self._retry_s = retry_s
        place = directory or Path()
        self._pending = FileSessions(place / "pending")
        self._refused = FileSessions(place / "refused")
        self._mirror = FileSessions(place / "mirror", flushed=False) if mirror else None
        self._is_down = False
        self._why_down = ""
        # Whoever holds it decides whether an operation goes to the files or to Postgres.
        self._files = asyncio.Lock()
        self._return: asyncio.Task[None] | None = None

    @property
    def is_down(self) -> bool:
        """Whether files serve, since Postgres does not."""
        return self._is_down

    async def open(self) -> None:
        """Connect, or begin in files where Postgres is down.

        Raises:
            InputError: the table is there with another kind of column.
            StoreDownError: it is down, and there are no files.
            StoreError: it refuses.
        """
        if not self._has_fallback:
            await self.postgres.open()
            return
        try:
            await self._within(self.postgres.open())
            await self._write_back()
        except StoreDownError as error:
            self._go_down(error)

    async def close(self) -> None:
        """Close all connections; what is in files stays there."""
        try:
            if self._return is not None:
                self._return.cancel()
                await asyncio.wait([self._return])
        finally:
            await self.postgres.close()

    async def save(
        self,
        session_id: str,
        data: Mapping[str, Any],
        metadata: Mapping[str, Any] | None = None,
        expires_in_hours: float | None = None,
    ) -> Saved:
        """Write a session, new or over what is there; what cannot be kept of it is skipped.

        Raises:
            InputError: the id or the time is not one.
        """
        check_id(session_id)
        check_hours(expires_in_hours)
        kept, skipped = plain(data)
        about, skipped_about = plain(metadata or {})
        skipped += tuple(f"metadata.{name}" for name in skipped_about)
        given = (session_id, kept, about, expires_in_hours)

        async def in_postgres() -> Saved:
            saved = Saved(await self.postgres.save(*given), skipped)
            if self._mirror is not None:
                async with self._files:
                    with _mirroring(self._mirror, session_id):
                        await asyncio.to_thread(self._mirror.save, *given)
            return saved

        async def in_files() -> Saved:
            await asyncio.to_thread(self._pending.save, *given)
            return Saved(None, skipped, in_files=True)

        return await self._served(in_postgres, in_files)

    async def insert_many(self, sessions: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Write many new sessions into Postgres, each an id and its plain data."""
        await self.postgres.insert_many(sessions)

    async def load(self, session_id: str) -> Session | None:
        """Return an active session that has not expired.

        Raises:
            InputError: the id is not one.
            StoreDownError: Postgres is down, and the session is not in files.
            ValueError: its data cannot be read.
        """
        check_id(session_id)

        async def in_files() -> Session | None:
            entry = self._entry(session_id)
            if entry is None:
                raise StoreDownError(_NOT_IN_FILES)
            return entry.session if self._pending.lives(entry) else None

        return await self._served(lambda: self.postgres.load(session_id), in_files)

    async def list_sessions(
        self, limit: int = 100, offset: int = 0, *, include_inactive: bool = False
    ) -> list[Listed]:
        """Return a page of the sessions, the last updated first; of those in files while down.

        Raises:
            InputError: limit or offset is out of bounds.
        """
        check_page(limit, offset)

        async def in_files() -> list[Listed]:
            lives = self._pending.lives
            entries = [e for e in self._entries().values() if e.what != "deleted"]
            wanted = [e.session for e in entries if include_inactive or lives(e)]
            wanted.sort(key=attrgetter("session_id"))
            wanted.sort(key=attrgetter("last_updated"), reverse=True)
            return [_listed(session) for session in wanted[offset : offset + limit]]

        return await self._served(
            lambda: self.postgres.list_sessions(limit, offset, include_inactive=include_inactive),
            in_files,
        )

    async def delete(self, session_id: str, *, hard: bool = False) -> bool:
        """Mark a session as inactive, or remove it; tell whether there was one.

        While Postgres is down that is noted and done later; then there may have been none.

        Raises:
            InputError: the id is not one.
        """
        check_id(session_id)

        async def in_postgres() -> bool:
            was_there = await self.postgres.delete(session_id, hard=hard)
            if self._mirror is not None:
                async with self._files:
                    self._mirror.remove(session_id)
            return was_there

        async def in_files() -> bool:
            entry = self._entry(session_id)
            what: What = "deleted" if hard else "inactive"
            kept = entry.session if entry is not None and not hard else None
            about = (kept.data, kept.metadata) if kept is not None else ({}, {})
            await asyncio.to_thread(self._pending.save, session_id, *about, None, what)
            return entry is None or self._pending.lives(entry)

        return await self._served(in_postgres, in_files)

    async def statistics(self) -> Statistics:
        """Count the sessions; those in files while Postgres is down."""

        async def in_files() -> Statistics:
            entries = [e for e in self._entries().values() if e.what != "deleted"]
            messages = sum(message_count(each.session.data) for each in entries)
            active = sum(map(self._pending.lives, entries))
            return Statistics(len(entries), active, messages / len(entries) if entries else 0.0)

        return await self._served(self.postgres.statistics, in_files)

    async def clean_up(self) -> int:
        """Remove what has expired, and return how many there were."""

        async def in_postgres() -> int:
            if self._mirror is not None:
                async with self._files:
                    _remove_expired(self._mirror)
            return await self.postgres.clean_up()

        async def in_files() -> int:
            expired = [e for e in self._entries().values() if self._pending.has_expired(e)]
            for each in expired:
                session_id = each.session.session_id
                await asyncio.to_thread(self._pending.save, session_id, {}, {}, None, "deleted")
            return len(expired)

        return await self._served(in_postgres, in_files)

    async def restore(self, keep: Callable[[Session], None] = lambda _: None) -> Restored:
        """Read every active session after a restart, hand it to ``keep``, and tell what failed.

        While Postgres is down, those in files.
        """

        async def in_files() -> Restored:
            alive = [e.session for e in self._entries().values() if self._pending.lives(e)]
            for session in alive:
                keep(session)
            return Restored(tuple(session.session_id for session in alive))

        return await self._served(lambda: self.postgres.restore(keep), in_files)

    async def restore_from_postgres(self) -> Restored:
        """Do so from Postgres alone.

        Raises:
            StoreDownError: it is down.
        """
        if self._is_down:
            raise StoreDownError("Postgres does not answer")
        return await self.postgres.restore(lambda _: None)

    async def test_connection(self) -> ConnectionTest:
        """Tell whether Postgres answers now, over a connection of its own."""
        try:
            version = await self._within(self.postgres.version())
        except StoreError as error:
            return ConnectionTest(is_connected=False, detail=str(error))
        detail = f"{version}; files serve: {self._why_down}" if self._is_down else version
        return ConnectionTest(is_connected=True, detail=detail)

    async def _served(
        self,
        in_postgres: Callable[[], Coroutine[Any, Any, Result]],
        in_files: Callable[[], Coroutine[Any, Any, Result]],
    ) -> Result:
        if not self._has_fallback:
            return await in_postgres()
        while True:
            if not self._is_down:
                try:
                    return await self._within(in_postgres())
                except StoreDownError as error:
                    self._go_down(error)
            async with self._files:
                if self._is_down:
                    return await in_files()

    async def _within(self, operation: Coroutine[Any, Any, Result]) -> Result:
        """Return what ``operation`` does, unless it takes longer than one may.

        Whoever cancels a statement of psycopg waits until the server confirms it, or for ever.
        """
        task = asyncio.create_task(operation)
        try:
            done, _ = await asyncio.wait([task], timeout=self._operation_s)
            if done:
                return task.result()
            raise StoreDownError(f"Postgres does not answer within {self._operation_s:g} s")
        finally:
            if task.cancel():
                task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())

    def _go_down(self, error: StoreDownError) -> None:
        self._is_down, self._why_down = True, str(error)
        if self._return is None or self._return.done():
            self._return = asyncio.create_task(self._come_back())

    async def _come_back(self) -> None:
        while self._is_down:
            await asyncio.sleep(self._retry_s)
            try:
                await self._within(self.postgres.reopen())
                await self._write_back()
            except StoreDownError as error:
                self._why_down = str(error)
            except Exception as error:  # noqa: BLE001 - no error may end the way back
                reason = str(error) if isinstance(error, StoreError) else type(error).__name__
                if reason != self._why_down:
                    _LOG.warning("sessions stay in files: %s", reason)
                self._why_down = reason

    async def _write_back(self) -> None:
        """Write what the files hold to the table; nothing goes to the files meanwhile."""
        async with self._files:
            # What is written is no longer in files, so that each attempt has less to do.
            await self._within(self._write_entries())
            self._is_down = False

    async def _write_entries(self) -> None:
        for files in (self._refused, self._pending):
            for entry in files.entries():
                try:
                    await self._write_entry(entry)
                except (SessionRefusedError, ValueError, TypeError) as error:
                    if files is self._refused:
                        continue
                    _LOG.warning("a session is set aside in files (%s)", type(error).__name__)
                    self._refused.put(entry.session, entry.what)
                files.remove(entry.session.session_id)

    async def _write_entry(self, entry: Entry) -> None:
        session = entry.session
        if entry.what == "session" or session.data:
            await self.postgres.put(session)
        else:
            hard = entry.what == "deleted"
            await self.postgres.delete_older(session.session_id, session.last_updated, hard=hard)
        if self._mirror is not None and entry.what == "session":
            with _mirroring(self._mirror, session.session_id):
                self._mirror.put(session)
        elif self._mirror is not None:
            self._mirror.remove(session.session_id)

    def _entry(self, session_id: str) -> Entry | None:
        in_mirror = self._mirror.last(session_id) if self._mirror is not None else None
        return self._pending.last(session_id) or in_mirror

    def _entries(self) -> dict[str, Entry]:
        """Return the last entry of every session in files, by id."""
        found = [*self._mirror.entries()] if self._mirror is not None else []
        return {each.session.session_id: each for each in [*found, *self._pending.entries()]}


def _listed(session: Session) -> Listed:
    names = Listed.__slots__
    return Listed(**{name: getattr(session, name) for name in names})


@contextmanager
def _mirroring(mirror: FileSessions, session_id: str) -> Iterator[None]:
    """Have a full disk lose a session's mirror alone: what it held must not be loaded later."""
    try:
        yield
    except OSError:
        mirror.remove(session_id)


def _remove_expired(files: FileSessions) -> None:
    for entry in files.entries():
        if files.has_expired(entry):
            files.remove(entry.session.session_id)
