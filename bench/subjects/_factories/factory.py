"""A saver that lives outside this project, named by its dotted path."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, AbstractContextManager, AsyncExitStack
from types import MappingProxyType
from typing import Any, ClassVar, Literal, cast

from langgraph.checkpoint.base import BaseCheckpointSaver
from pydantic import ConfigDict, Field

from bench.checkpoints import config_of
from bench.contracts import PluginOptions, Subject
from bench.discovery import load, names
from bench.errors import InputError, suggestion
from bench.scenario.durability import Durability
from bench.scenario.scenario import SubjectUse
from bench.subjects._factories.arguments import (
    Arguments,
    call,
    check_used,
    placed,
    required,
    used_by,
)
from bench.subjects._factories.savers import SaverOptions, SaversSubject
from bench.systems.driven import driven, has_own, in_threads_of, threads_of_asyncio

_EXPECTED = (
    "expected a BaseCheckpointSaver, a context manager of one (as contextlib.asynccontextmanager "
    "makes it from a function that yields), or a coroutine that gives one of these"
)
_NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})


class FactoryOptions(SaverOptions):
    """What only the saver's author knows about it; all other keys are passed on to it.

    ``reopens``: what was written is found by a saver that is made later, in another process; false
    for one that keeps it in memory. ``keeps_history``: older checkpoints stay readable. ``copies``:
    it keeps no reference to what it is given. ``saver_per = "client"`` calls the factory once for
    each client. ``server``: the one whose address it is given, started with ``server_settings``.
    ``before``: what is called, each in turn, before it is opened; what that opens is closed again.
    """

    model_config = ConfigDict(extra="allow")

    durability: Literal["volatile", "relaxed", "fsync", "unknown"] = "unknown"
    reopens: bool = True
    keeps_history: bool = True
    copies: bool = True
    saver_per: Literal["trial", "client"] = "trial"
    server: str = ""
    server_settings: Mapping[str, str] = Field(default_factory=dict)
    before: Sequence[Mapping[str, Any]] = ()


class FactorySubject(SaversSubject[BaseCheckpointSaver[Any]]):
    """A saver's class, or whatever else gives a saver when it is called with the options."""

    Options = FactoryOptions
    options: FactoryOptions
    # None where only another interpreter has it.
    factory: ClassVar[Callable[..., object] | None] = None
    path: ClassVar[str]
    is_known = False
    _is_driven = False

    @classmethod
    def check(cls, options: PluginOptions) -> None:
        own = cast("FactoryOptions", options)
        if own.server and cls.server is None:
            valid = suggestion(own.server, names("server"))
            raise InputError(f"unknown server {own.server!r}.{valid}")
        for number, table in enumerate(own.before):
            if "use" not in table:
                raise InputError(f"before.{number}: expected the key 'use' with what is called")
        if cls.factory is not None:
            check_used("before", [*own.before])
            cls._arguments(cls.factory, own).check(FactoryOptions.model_fields)

    @classmethod
    def durability(cls, options: PluginOptions) -> Durability:
        return Durability(cast("FactoryOptions", options).durability)

    @classmethod
    def server_settings(cls, options: PluginOptions) -> Mapping[str, str]:
        return cast("FactoryOptions", options).server_settings

    async def open(self, clients: int) -> None:
        if self.factory is not None:
            # Where that is of another interpreter it was not checked before.
            self.check(self.options)
        for table in self.options.before:
            async with AsyncExitStack() as resources:
                await _made(placed(table, self.place), resources)
        await self._make_savers(clients, self._make)

    def connections(self, clients: int) -> int:
        """Return ``clients``: how many a saver has is not known."""
        return clients

    async def settings(self) -> Mapping[str, str]:
        """Return those of its server, as a session there has them: its own cannot be asked."""
        endpoint = self.place.endpoint
        read = dict(endpoint.settings) if endpoint else {}
        return {**read, "calls": "synchronous, in threads"} if self._is_driven else read

    def durability_found(self, settings: Mapping[str, str]) -> Durability:
        """Return what its server keeps, or what it is declared to keep where that is less."""
        declared = self.durability(self.options)
        found = self.place.endpoint.durability if self.place.endpoint else None
        if found is None:
            return declared
        is_declared = "durability" in self.options.model_fields_set
        return min(found, declared, key=lambda each: each.strength) if is_declared else found

    async def _make(self) -> BaseCheckpointSaver[Any]:
        factory = self.factory
        if factory is None:
            raise InputError(f"{self.path!r} is of an interpreter that this is not")
        given = placed(self._arguments(factory, self.options).given, self.place)
        values = {name: await _made(each, self._resources) for name, each in given.items()}
        made, told = await _entered(call(factory, values), self._resources)
        if not isinstance(made, BaseCheckpointSaver):
            raise InputError(f"{self.path!r} {told} {_named(made)}; {_EXPECTED}")
        await _set_up(made)
        return await self._in_threads(made)

    async def _in_threads(self, saver: BaseCheckpointSaver[Any]) -> BaseCheckpointSaver[Any]:
        """Have threads call the synchronous methods of a saver that has no others."""
        if not has_own(type(saver), "get_tuple") or await self._is_asynchronous(saver):
            return saver
        self._is_driven = True
        executor = ThreadPoolExecutor(threads_of_asyncio(), "saver")
        # One that never returns must not keep the loop.
        self._resources.callback(executor.shutdown, wait=False, cancel_futures=True)
        saver.__class__ = driven(type(saver), in_threads_of(executor))
        return saver

    async def _is_asynchronous(self, saver: BaseCheckpointSaver[Any]) -> bool:
        kind = type(saver)
        if not has_own(kind, "aget_tuple"):
            return False
        code = getattr(inspect.unwrap(kind.aget_tuple), "__code__", None)
        if code is None or "NotImplementedError" not in code.co_names:
            return True
        try:
            await saver.aget_tuple(config_of(self.place.namespace))
        except NotImplementedError:
            return False
        return True

    @classmethod
    def _arguments(cls, factory: Callable[..., object], options: FactoryOptions) -> Arguments:
        arguments = Arguments(factory, cls.path, options.model_extra or {})
        arguments.fill_in(cls.server)
        return arguments


def subject_class(name: str, options: Mapping[str, Any] = _NO_OPTIONS) -> type[Subject]:
    """Return the class of the subject ``name`` with ``options``, wrapping a factory of savers.

    Raises:
        InputError: there is no such plug-in, or it is neither a subject nor callable.
        MissingPackageError: the plug-in's file imports a package that is not installed.
    """
    found = load("subject", name)
    if inspect.isclass(found) and issubclass(found, Subject):
        return found
    if not callable(found):
        raise InputError(
            f"{name!r} is of type {type(found).__name__}; expected a bench.contracts.Subject "
            "class, a saver's class, or a callable that gives a saver"
        )
    return _factory_subject(name, options, found)


def subject_of(use: SubjectUse) -> type[Subject]:
    """Return the class of a subject as its runner needs it: of another Python nothing is imported.

    Raises:
        InputError, MissingPackageError: as :func:`subject_class`.
    """
    if use.is_elsewhere:
        return _factory_subject(use.use, use.options)
    return subject_class(use.use, use.options)


def _factory_subject(
    name: str, options: Mapping[str, Any], factory: Callable[..., object] | None = None
) -> type[Subject]:
    attributes: dict[str, Any] = {"path": name}
    if factory is not None:
        attributes["factory"] = staticmethod(factory)
    for each in ("reopens", "keeps_history", "copies"):
        attributes[each] = options.get(each, getattr(FactorySubject, each))
    server = options.get("server")
    attributes["server"] = server if server and server in names("server") else None
    return type("NamedFactorySubject", (FactorySubject,), attributes)


def _named(made: object) -> str:
    """Say what was made, as the program that made it calls it."""
    if made is None:
        return "None"
    if inspect.isroutine(made) or inspect.isclass(made):
        return f"{made.__qualname__} without calling it"
    return type(made).__name__


async def _entered(
    made: Any, resources: AsyncExitStack
) -> tuple[Any, Literal["returned", "yielded"]]:
    """Await and enter what a call gave, whichever of these it asks for."""
    while inspect.isawaitable(made) and not isinstance(made, AbstractAsyncContextManager):
        made = await made
    if isinstance(made, AbstractAsyncContextManager):
        return await resources.enter_async_context(made), "yielded"
    if isinstance(made, AbstractContextManager):
        return resources.enter_context(made), "yielded"
    return made, "returned"


async def _made(value: Any, resources: AsyncExitStack) -> Any:
    """Return an option's value, in which each table with a key ``use`` is what that gives."""
    if isinstance(value, list):
        return [await _made(each, resources) for each in value]
    if not isinstance(value, Mapping):
        return value
    values = {name: await _made(each, resources) for name, each in value.items() if name != "use"}
    if "use" not in value:
        return values
    made, _ = await _entered(call(used_by(value), values), resources)
    return made


async def _set_up(saver: BaseCheckpointSaver[Any]) -> None:
    """Have the saver make its tables, where it offers that in a method without parameters."""
    method = getattr(saver, "asetup", None) or getattr(saver, "setup", None)
    if not callable(method) or required(inspect.signature(method).parameters.values()):
        return
    made = method()
    if inspect.isawaitable(made):
        await made
