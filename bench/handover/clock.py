"""The clock of all measuring."""

from __future__ import annotations

import time
from collections.abc import Callable

now_ns: Callable[[], int] = time.perf_counter_ns
