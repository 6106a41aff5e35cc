"""A saver that lives outside this project, named by its dotted path."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar, Literal, cast

from langgraph.checkpoint.base import BaseCheckpointSaver

from bench.contracts import Place, PluginOptions, Subject
from bench.discovery import load
from bench.errors import InputError
from bench.scenario.durability import Durability
from bench.subjects._savers import SaverOptions, SaversSubject

_EXPECTED = (
    "expected a bench.contracts.Subject class, or a callable that returns an async context manager "
    "of a BaseCheckpointSaver (such as a function decorated with contextlib.asynccontextmanager)"
)


class FactoryOptions(SaverOptions):
    """What only the saver's author knows about it.

    ``reopens``: what was written is found by a saver that is made later, in another process; false
    for one that keeps it in memory. ``keeps_history``: older checkpoints stay readable. ``copies``:
    it keeps no reference to what it is given. ``saver_per = "client"`` calls the factory once for
    each client.
    """

    durability: Literal["volatile", "relaxed", "fsync", "unknown"] = "unknown"
    reopens: bool = True
    keeps_history: bool = True
    copies: bool = True
    saver_per: Literal["trial", "client"] = "trial"


class FactorySubject(SaversSubject[BaseCheckpointSaver[Any]]):
    """Wraps a factory: ``async with factory() as saver``.

    A factory with one required parameter is given the trial's private directory.
    """

    Options = FactoryOptions
    options: FactoryOptions
    factory: ClassVar[Callable[..., object]]
    path: ClassVar[str]

    def __init__(self, options: PluginOptions, place: Place) -> None:
        super().__init__(options, place)
        self.reopens = self.options.reopens  # type: ignore[misc] # here the options decide it
        self.keeps_history = self.options.keeps_history  # type: ignore[misc] # as above
        self.copies = self.options.copies  # type: ignore[misc] # as above

    @classmethod
    def durability(cls, options: PluginOptions) -> Durability:
        return Durability(cast("FactoryOptions", options).durability)

    async def open(self, clients: int) -> None:
        await self._make_savers(clients, self._enter)

    def connections(self, clients: int) -> int:
        """Return ``clients``: how many a saver has is not known."""
        return clients

    async def _enter(self) -> BaseCheckpointSaver[Any]:
        manager = self.factory(*self._arguments())
        if not isinstance(manager, AbstractAsyncContextManager):
            raise InputError(f"{self.path!r} returned {type(manager).__name__}; {_EXPECTED}")
        saver = await self._resources.enter_async_context(manager)
        if not isinstance(saver, BaseCheckpointSaver):
            raise InputError(
                f"{self.path!r} yielded {type(saver).__name__}; expected a BaseCheckpointSaver"
            )
        return saver

    def _arguments(self) -> list[object]:
        try:
            parameters = inspect.signature(self.factory).parameters.values()
        except ValueError:
            return []
        required = [
            parameter.name
            for parameter in parameters
            if parameter.default is parameter.empty
            and parameter.kind not in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}
        ]
        if len(required) > 1:
            raise InputError(
                f"{self.path!r} requires {', '.join(required)}; expected no required parameter, or "
                "one, which is given a private directory (a pathlib.Path)"
            )
        return [self.place.directory] if required else []


def subject_class(name: str) -> type[Subject]:
    """Return the subject class behind ``name``, wrapping a factory of savers.

    Raises:
        InputError: there is no such plug-in, or it is neither a subject nor callable.
        MissingPackageError: the plug-in's file imports a package that is not installed.
    """
    found = load("subject", name)
    if inspect.isclass(found) and issubclass(found, Subject):
        return found
    if not callable(found):
        raise InputError(f"{name!r} is of type {type(found).__name__}; {_EXPECTED}")
    return type(
        "NamedFactorySubject", (FactorySubject,), {"factory": staticmethod(found), "path": name}
    )
