"""A package is not installed."""

from __future__ import annotations

from pydantic import Field

from bench.contracts import PluginOptions
from bench.faults._machinery.temporary import WorkerFault


class PackageMissingOptions(PluginOptions):
    """The dotted names of the ``modules`` that cannot be imported, with all that is below them."""

    modules: tuple[str, ...] = Field(min_length=1, strict=False)


class PackageMissing(WorkerFault):
    """Importing it raises ``ModuleNotFoundError`` in the worker, as where it is not installed."""

    Options = PackageMissingOptions
    options: PackageMissingOptions

    @property
    def missing_modules(self) -> tuple[str, ...]:
        return self.options.modules
