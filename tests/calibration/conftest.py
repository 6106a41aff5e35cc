"""What is measured once for all of these tests."""

from __future__ import annotations

import pytest

from tests.calibration._runs import Measured


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """Rows of the self-test, measured when they are first asked for."""
    return Measured(tmp_path_factory.mktemp("selftest"))
