"""How many bytes the saver sends and receives for every checkpoint."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple

from bench.contracts import ReadingKind, Subject, WorkerProbe
from bench.records.trial import Reading

_PER_CHECKPOINT = "per acknowledged checkpoint, with the writes and reads of its superstep"
# Where Linux's struct tcp_info (linux/tcp.h) has tcpi_bytes_received, tcpi_bytes_sent and
# tcpi_bytes_retrans: the last two since Linux 4.19.
_RECEIVED, _SENT = struct.Struct("=128xQ"), struct.Struct("=200xQQ")


class _Bytes(NamedTuple):
    sent: int
    received: int


class NetworkBytes(WorkerProbe):
    """Asks the kernel, before the load starts and once it has drained, what TCP has carried.

    It counts what programs send, without the headers of packets and what was sent again. Nothing is
    done meanwhile, so that no time depends on it. A connection that was there and has gone took its
    count with it: then there is no reading. One that came and went meanwhile is not seen.
    """

    readings: ClassVar[Mapping[str, ReadingKind]] = {
        "network.bytes_per_checkpoint": ReadingKind(
            "bytes", "lower", f"bytes sent and received by the saver {_PER_CHECKPOINT}"
        ),
        "network.sent_bytes_per_checkpoint": ReadingKind(
            "bytes", "lower", f"bytes sent by the saver {_PER_CHECKPOINT}"
        ),
        "network.received_bytes_per_checkpoint": ReadingKind(
            "bytes", "lower", f"bytes received by the saver {_PER_CHECKPOINT}"
        ),
    }
    stops: ClassVar[Literal["window", "drained"]] = "drained"

    async def start(self, subject: Subject) -> None:
        del subject
        self._before = _by_connection()

    async def stop(self, checkpoints: int) -> Sequence[Reading]:
        before, after = self._before, _by_connection()
        if not after or before.keys() - after.keys() or checkpoints <= 0:
            return ()
        none = _Bytes(0, 0)
        pairs = [(count, before.get(connection, none)) for connection, count in after.items()]
        sent = sum(now.sent - then.sent for now, then in pairs) / checkpoints
        received = sum(now.received - then.received for now, then in pairs) / checkpoints
        return [
            self.reading("network.bytes_per_checkpoint", sent + received),
            self.reading("network.sent_bytes_per_checkpoint", sent),
            self.reading("network.received_bytes_per_checkpoint", received),
        ]


def _by_connection() -> dict[str, _Bytes]:
    """Return what each TCP connection of this process has carried, by its name in the kernel."""
    found: dict[str, _Bytes] = {}
    if sys.platform != "linux":
        return found
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError, struct.error):
            name = str(link.readlink())
            if not name.startswith("socket:"):
                continue
            with socket.socket(fileno=os.dup(int(link.name))) as each:
                if each.family not in (socket.AF_INET, socket.AF_INET6):
                    continue
                each.getpeername()
                told = each.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 216)
            sent, again = _SENT.unpack_from(told)
            found[name] = _Bytes(sent - again, *_RECEIVED.unpack_from(told))
    return found
