"""winloop: uvloop's counterpart on Windows."""

from __future__ import annotations

from bench.loops._package import PackageLoop


class WinloopLoop(PackageLoop):
    """``winloop.Loop``."""

    package = "winloop"
    packages = (package,)
    on_windows = True
    other = "uvloop"
