"""Settings that all tests share."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
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


@pytest.fixture(autouse=True, scope="session")
def interruptible() -> None:
    """What tests start can be interrupted, also where they run in a shell's background.

    SIGINT is ignored there, and a program that is started inherits that.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
