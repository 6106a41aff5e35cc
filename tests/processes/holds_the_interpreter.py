"""A program that native code holds, with the interpreter's lock: none of its threads runs."""

from __future__ import annotations

import ctypes

from bench.handover.guard import have_memory_watched

have_memory_watched()
print("held", flush=True)  # noqa: T201 - for whoever has started it
while True:
    ctypes.PyDLL(None).pause()
