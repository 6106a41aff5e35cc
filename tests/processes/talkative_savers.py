"""Savers, and a fault, that put the password of their store where it gets cut in two."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from langgraph.checkpoint.memory import InMemorySaver

from bench.contracts import Fault, FaultTarget

# Where its half stands before each of the places at which texts are cut: 500, 1000, the last 600.
HALF = 8


def password() -> str:
    return os.environ["STORE_PASSWORD"]


def cut_at(characters: int) -> str:
    """Return a text of which the password's second half comes after so many ``characters``."""
    return "!" * (characters - HALF) + password() + "!" * 100


def refuse() -> InMemorySaver:
    raise ConnectionError(cut_at(1000))


@asynccontextmanager
async def at_opening() -> AsyncIterator[InMemorySaver]:
    yield refuse()


class Failing(InMemorySaver):
    async def aget_tuple(self, config: Any) -> Any:
        raise ConnectionError(cut_at(500))


@asynccontextmanager
async def in_operations() -> AsyncIterator[InMemorySaver]:
    yield Failing()


def die() -> InMemorySaver:
    os.write(2, (password() + "!" * (600 - HALF)).encode())
    os._exit(3)


@asynccontextmanager
async def in_the_log() -> AsyncIterator[InMemorySaver]:
    yield die()


class Breaking(Fault):
    """Cannot do what it is to do, and says why."""

    def act(self, target: FaultTarget) -> None:
        raise ConnectionError(cut_at(1000))
