"""How much the store grows with every checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from bench.contracts import Subject, WorkerProbe
from bench.records.trial import Reading


class StoredBytes(WorkerProbe):
    """Asks the subject what the store holds, before the load starts and once it has drained.

    Nobody writes at either moment, so that the bytes and the checkpoints belong together.

    What counts as stored is each store's own (``bench.contracts.Subject.stored``): SQLite's file
    with its write-ahead log, Postgres's ``pg_total_relation_size``, Redis's ``used_memory`` of the
    whole server. They may shrink meanwhile, as when Redis frees a buffer. Where the store has not
    grown, there is no ``stored.bytes_per_checkpoint``: a size of nothing or less would mislead.
    """

    readings = ("stored.bytes", "stored.bytes_per_checkpoint")
    stops: ClassVar[Literal["window", "drained"]] = "drained"

    async def start(self, subject: Subject) -> None:
        """Ask for the bytes stored so far."""
        self._subject = subject
        self._before = (await subject.stored()).stored_bytes

    async def stop(self, checkpoints: int) -> Sequence[Reading]:
        """Ask again; no reading where the store cannot tell."""
        before, after = self._before, (await self._subject.stored()).stored_bytes
        if after is None:
            return ()
        readings = [
            Reading(
                name="stored.bytes",
                value=float(after),
                unit="bytes",
                better="lower",
                description="bytes that the store holds at the end of the trial",
            )
        ]
        if before is not None and after > before and checkpoints > 0:
            readings.append(
                Reading(
                    name="stored.bytes_per_checkpoint",
                    value=(after - before) / checkpoints,
                    unit="bytes",
                    better="lower",
                    description=(
                        "bytes by which the store grew per acknowledged checkpoint, "
                        "with the writes, blobs and index entries that belong to it"
                    ),
                )
            )
        return readings
