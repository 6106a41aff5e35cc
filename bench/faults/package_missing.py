"""A package is not installed."""

from __future__ import annotations

from typing import cast

from pydantic import Field

from bench.contracts import Fault, FaultTarget, PluginOptions


class PackageMissingOptions(PluginOptions):
    """The dotted names of the ``modules`` that cannot be imported, with all that is below them."""

    modules: tuple[str, ...] = Field(min_length=1, strict=False)


class PackageMissing(Fault):
    """Importing it raises ``ModuleNotFoundError`` in the worker, as where it is not installed."""

    Options = PackageMissingOptions
    from_start = True

    @property
    def missing_modules(self) -> tuple[str, ...]:
        return cast("PackageMissingOptions", self.options).modules

    def act(self, target: FaultTarget) -> None:
        """Do nothing: the worker's own import system refuses."""
