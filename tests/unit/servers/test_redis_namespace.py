from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bench.servers._redis_namespace import clean

DEAD, LIVE = "bench_0123456789ab", "bench_ba9876543210"


class Server:
    """As much of a client as listing and removing need; ``LIVE`` is in use."""

    def __init__(self, keys: list[bytes], indexes: list[bytes]) -> None:
        self.keys, self.indexes = keys, indexes

    def scan_iter(self, match: str, count: int) -> Iterator[bytes]:
        del match, count
        yield from list(self.keys)

    def unlink(self, *names: bytes) -> None:
        for name in names:
            self.keys.remove(name)

    def pubsub_numsub(self, *channels: str) -> list[tuple[str, int]]:
        return [(channel, int(channel.endswith(LIVE))) for channel in channels]

    def execute_command(self, command: str, *names: str) -> list[bytes]:
        for name in names:
            self.indexes.remove(name.encode())
        return self.indexes if command == "FT._LIST" else []


def cleaned(keys: list[bytes], indexes: list[bytes]) -> tuple[list[tuple[str, str]], Server]:
    server: Any = Server(keys, indexes)
    found = clean(server, remove=True)
    return [(each.state, each.content) for each in found], server


def test_what_savers_make_is_removed_with_one_example() -> None:
    kinds = ("checkpoint", "checkpoint_latest", "checkpoint_write")
    keys = [f"{DEAD}:{kind}:{DEAD}-c0-t0:__empty__:1".encode() for kind in kinds]
    keys.append(f"write_keys_zset:{DEAD}-c0-t0:__empty__:1".encode())
    found, server = cleaned(keys, [f"{DEAD}:checkpoint".encode()])
    example = f"{DEAD}:checkpoint:{DEAD}-c0-t0:__empty__:1"
    assert found == [("removed", f"4 keys, 1 indexes, e.g. {example!r}")]
    assert (server.keys, server.indexes) == ([], [])


@pytest.mark.parametrize(
    "name",
    [
        f"app:{DEAD}:users".encode(),
        f"model-{DEAD}.results".encode(),
        f"{DEAD}.results".encode(),
        f"{DEAD}c:checkpoint".encode(),
        f"\u0430{DEAD}:checkpoint".encode(),
        b"\xff" + f"{DEAD}:checkpoint".encode(),
        f"{DEAD}:checkpoint:".encode() + b"\xff",
        f"x:{DEAD}:y:{LIVE}".encode(),
        f"write_keys_zset:{DEAD}".encode(),
        f"my_write_keys_zset:{DEAD}-1:".encode(),
    ],
)
def test_what_is_named_otherwise_is_not_ours(name: bytes) -> None:
    found, server = cleaned([name], [name])
    assert (found, server.keys, server.indexes) == ([], [name], [name])


def test_what_has_the_name_of_a_live_run_in_it_is_spared() -> None:
    found, server = cleaned([key := f"{DEAD}:checkpoint:{LIVE}-c0-t0".encode()], [])
    assert found == [("in use", f"1 keys, 0 indexes, e.g. {key.decode()!r}")]
    assert server.keys == [key]
