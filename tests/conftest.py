"""Settings that all tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from filelock import FileLock
from hypothesis import settings

# The same examples in every run, and no time limit: whether a test passes depends on the code
# alone. HYPOTHESIS_PROFILE=explore draws new examples, and more of them.
settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

_PROCESSES = "PYTEST_XDIST_WORKER_COUNT"


@pytest.fixture(autouse=True, scope="session")
def unsynced() -> Iterator[None]:
    """What tests write need not outlive the machine, and waiting for its disk is most of a run."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put timed tests last, and all into one process: they share what they measure."""
    items.sort(key=_is_timed)
    for item in filter(_is_timed, items):
        item.add_marker(pytest.mark.xdist_group("timed"))


@pytest.fixture(autouse=True)
def machine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Have a timed test wait until no other process tests, and those wait meanwhile."""
    own = os.environ.get("PYTEST_XDIST_WORKER")
    everyone = [f"gw{number}" for number in range(int(os.environ.get(_PROCESSES, "0")))]
    with ExitStack() as stack:
        for name in everyone if _is_timed(request.node) else filter(None, [own]):
            # What all processes share is above what each has of its own.
            lock = tmp_path_factory.getbasetemp().parent / f"{name}.lock"
            stack.enter_context(FileLock(lock))
        yield


def _is_timed(item: pytest.Item) -> bool:
    return item.get_closest_marker("timed") is not None
