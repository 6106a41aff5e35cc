"""uvloop: an event loop on libuv, for Linux and macOS."""

from __future__ import annotations

from bench.loops._package import PackageLoop


class UvloopLoop(PackageLoop):
    """``uvloop.Loop``."""

    package = "uvloop"
    packages = (package,)
    on_windows = False
    other = "winloop"
