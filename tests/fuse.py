"""Whether file systems in user space can be mounted here."""

from __future__ import annotations

import pytest

from bench.errors import UnsupportedError
from bench.faults._machinery.disk import VolatileDisk


def skip_without_fuse() -> None:
    """Skip the running test where none can be mounted, and say why."""
    try:
        VolatileDisk().stop()
    except UnsupportedError as error:
        pytest.skip(str(error))
