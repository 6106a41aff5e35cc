"""How much the store grows with every checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from bench.contracts import ReadingKind, Subject, WorkerProbe
from bench.records.trial import Reading


class StoredBytes(WorkerProbe):
    """Asks the subject what the store holds, before the load starts and once it has drained.

    Nobody writes at either moment, so that the bytes and the checkpoints belong together.

    What counts as stored is each store's own (``bench.contracts.Subject.stored``): SQLite's file
    with its write-ahead log, Postgres's ``pg_total_relation_size``, Redis's ``used_memory`` of the
    whole server. They may shrink meanwhile, as when Redis frees a buffer. Where the store has not
    grown, there is no ``stored.bytes_per_checkpoint``: a size of nothing or less would mislead.
    """

    readings: ClassVar[Mapping[str, ReadingKind]] = {
        "stored.bytes": ReadingKind(
            "bytes", "lower", "bytes that the store holds at the end of the trial"
        ),
        "stored.bytes_per_checkpoint": ReadingKind(
            *("bytes", "lower"),
            "bytes by which the store grew per acknowledged checkpoint, "
            "with the writes, blobs and index entries that belong to it",
        ),
    }
    stops: ClassVar[Literal["window", "drained"]] = "drained"

    async def start(self, subject: Subject) -> None:
        self._subject = subject
        self._before = (await subject.stored()).stored_bytes

    async def stop(self, checkpoints: int) -> Sequence[Reading]:
        before, after = self._before, (await self._subject.stored()).stored_bytes
        if after is None:
            return ()
        readings = [self.reading("stored.bytes", after)]
        if before is not None and after > before and checkpoints > 0:
            growth = (after - before) / checkpoints
            readings.append(self.reading("stored.bytes_per_checkpoint", growth))
        return readings
