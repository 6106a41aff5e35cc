"""Modules that cannot be imported, though they are installed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


class _Missing(MetaPathFinder):
    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        if _is_below(fullname, self._names):
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return None


def _is_below(module: str, names: Sequence[str]) -> bool:
    return any(f"{module}.".startswith(f"{name}.") for name in names)


def hide_modules(names: Sequence[str]) -> None:
    """Have this process import none of ``names``, nor what is below them, from here on."""
    if names:
        sys.meta_path.insert(0, _Missing(names))
        for module in [each for each in sys.modules if _is_below(each, names)]:
            del sys.modules[module]
