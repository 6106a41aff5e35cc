"""How a full store is recognised."""

from __future__ import annotations

import pytest

from bench.workloads.fill_store import _is_out_of_memory


class OutOfMemoryError(Exception):
    """As redis-py's, which has the code of an error as its class."""


def wrapped(cause: Exception) -> Exception:
    error = RuntimeError(f"Failed to load data: {cause}")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "is_full"),
    [
        (OutOfMemoryError("command not allowed when used memory > 'maxmemory'."), True),
        (wrapped(OutOfMemoryError("Command # 1: command not allowed when …")), True),
        (RuntimeError("command not allowed when used memory > 'maxmemory'."), False),
        (wrapped(ConnectionError("refused")), False),
    ],
)
def test_the_word_of_the_server_is_found_behind_others(error: Exception, is_full: bool) -> None:
    assert _is_out_of_memory(error) is is_full
