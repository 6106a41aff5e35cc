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


@pytest.fixture(autouse=True, scope="session")
def unsynced() -> Iterator[None]:
    """What tests write need not outlive the machine, and waiting for its disk is most of a run."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "fsync", lambda descriptor: None)
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put modules with timed tests last, where they wait for small ones alone."""
    timed = {item.path for item in items if _is_timed(item)}
    items.sort(key=lambda item: item.path in timed)


@pytest.fixture(autouse=True)
def machine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Have a timed test wait until no other process tests, and those wait meanwhile."""
    own = os.environ.get("PYTEST_XDIST_WORKER")
    if own is None:
        yield
        return
    # What all processes share is above what each has of its own.
    shared = tmp_path_factory.getbasetemp().parent
    everyone = [f"gw{number}" for number in range(int(os.environ["PYTEST_XDIST_WORKER_COUNT"]))]
    with ExitStack() as stack:
        # Who waits here for all others is not overtaken.
        with FileLock(shared / "timed.lock"):
            for name in everyone if _is_timed(request.node) else [own]:
                stack.enter_context(FileLock(shared / f"{name}.lock"))
        yield


def _is_timed(item: pytest.Item) -> bool:
    return item.get_closest_marker("timed") is not None
