"""Name → plug-in. A plug-in is a file; the file's name is its name; it is imported on first use.

Three spellings are understood wherever a plug-in is named:

* ``redis``: the module ``bench.<folder>.redis``;
* ``their_package.module:TheirClass``: any importable object; where a scenario names it, also one
  beside the scenario or in the working directory, which come last (``bench.cli.loading``);
* a name that an installed distribution registers as an entry point in the group ``bench.<folder>``.
  A plug-in of this project of the same name comes first.

Modules whose names begin with an underscore are private to their folder and are not plug-ins.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
import pkgutil
import re
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import PackageNotFoundError, entry_points, requires
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

from bench.errors import InputError, MissingPackageError, UnavailableError, suggestion
from bench.records.redaction import redact, secrets_of

if TYPE_CHECKING:
    from packaging.requirements import Requirement

    from bench.contracts import Fault, Loop, Payload, Probe, Reporter, Server, Workload

_DISTRIBUTION = "checkpoint-bench"
# Of which classes of bench.contracts a plug-in is one. A subject may also be a factory of savers.
_CONTRACTS = {
    "subject": ("Subject",),
    "workload": ("Workload",),
    "payload": ("Payload",),
    "probe": ("WorkerProbe", "OutsideProbe"),
    "loop": ("Loop",),
    "server": ("Server",),
    "fault": ("Fault",),
    "reporter": ("Reporter",),
}
FOLDERS = {kind: f"{kind}s" for kind in _CONTRACTS}


class _LastDirectories:
    """Finds modules that nothing else finds.

    The end of ``sys.path`` would not do: a ``langgraph.py`` there hides the real one, which is a
    namespace package.
    """

    def __init__(self) -> None:
        self.directories: list[str] = []

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: object = None
    ) -> ModuleSpec | None:
        """Find the module ``name`` if it is no part of a package."""
        del target
        return PathFinder.find_spec(name, self.directories) if path is None else None


_LAST = _LastDirectories()


def search_last(directories: Sequence[str]) -> None:
    """From here on, look for modules in ``directories`` too, after everything that is installed."""
    _LAST.directories += [each for each in directories if each not in _LAST.directories]
    if _LAST not in sys.meta_path:
        sys.meta_path.append(_LAST)


def searched_last() -> tuple[str, ...]:
    """Return what was given to :func:`search_last`."""
    return tuple(_LAST.directories)


@functools.cache
def requirements() -> tuple[Requirement, ...]:
    """Return what this distribution and its extras require; nothing where it is not installed."""
    from packaging.requirements import Requirement  # noqa: PLC0415 - of no use to --help

    try:
        return tuple(map(Requirement, requires(_DISTRIBUTION) or ()))
    except PackageNotFoundError:
        return ()


def extra_for(module: str) -> str:
    """Name the extra that installs ``module`` (a dotted import name); ``all`` if none says so.

    A distribution has the name of its module, or of a package that this is in.
    """
    wanted = "-".join(re.split("[._]", module)) + "-"
    extras: dict[str, list[str]] = {}
    for one in requirements():
        for extra in re.findall(r'extra == "([\w-]+)"', str(one.marker)):
            extras.setdefault(extra, []).append(one.name)
    # The distribution with the longest name is nearest; of extras that have it the smallest does.
    found = [
        (len(name), -len(distributions), extra)
        for extra, distributions in extras.items()
        for name in distributions
        if wanted.startswith(f"{name}-")
    ]
    return max(found, default=(0, 0, "all"))[2]


def names(kind: str) -> tuple[str, ...]:
    """List the plug-ins of ``kind`` (a key of :data:`FOLDERS`), sorted, without importing any."""
    elsewhere = {point.name for point in entry_points(group=f"bench.{FOLDERS[kind]}")}
    return tuple(sorted(_own_names(kind) | elsewhere))


def _own_names(kind: str) -> set[str]:
    folder = Path(__file__).parent / FOLDERS[kind]
    modules = pkgutil.iter_modules([str(folder)])
    return {module.name for module in modules if not module.name.startswith("_")}


@overload
def load(kind: Literal["workload"], name: str) -> type[Workload]: ...
@overload
def load(kind: Literal["payload"], name: str) -> type[Payload]: ...
@overload
def load(kind: Literal["probe"], name: str) -> type[Probe]: ...
@overload
def load(kind: Literal["loop"], name: str) -> type[Loop]: ...
@overload
def load(kind: Literal["server"], name: str) -> type[Server]: ...
@overload
def load(kind: Literal["fault"], name: str) -> type[Fault]: ...
@overload
def load(kind: Literal["reporter"], name: str) -> type[Reporter]: ...
@overload
def load(kind: str, name: str) -> object: ...
def load(kind: str, name: str) -> object:
    """Import the plug-in ``name`` of ``kind`` and return its class.

    A subject may be anything else: ``bench.subjects._factories.factory.subject_class`` judges it.

    Raises:
        InputError: there is no such plug-in, module or attribute, a module from outside cannot be
            imported, or what is found is not of that kind.
        MissingPackageError: the plug-in's file imports a package that is not installed.
        UnavailableError: a package that the plug-in's file imports is broken.
    """
    if name in _own_names(kind):
        return _own_class(kind, name)
    target = name
    if ":" not in name:
        points = tuple(entry_points(group=f"bench.{FOLDERS[kind]}", name=name))
        if not points and "." not in name:
            raise InputError(f"unknown {kind} {name!r}.{suggestion(name, names(kind))}")
        target = points[0].value if points else name
    return _checked(kind, name, attribute(f"the {kind} {name!r}", target))


def _own_class(kind: str, name: str) -> type:
    module_name = f"bench.{FOLDERS[kind]}.{name}"
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        missing = error.name or "?"
        raise MissingPackageError(f"the {kind} {name!r}", missing, extra_for(missing)) from error
    except ImportError as error:
        raise UnavailableError(f"cannot import the {kind} {name!r}: {_reason(error)}") from error
    own = [
        value
        for key, value in vars(module).items()
        if inspect.isclass(value)
        and value.__module__ == module_name
        and not key.startswith("_")
        and issubclass(value, _contracts(kind))
    ]
    if len(own) != 1:
        raise InputError(f"{module_name} must define exactly one plug-in class, found {len(own)}")
    return own[0]


def attribute(what: str, target: str) -> object:
    """Import ``package.module:attribute``, which may be one of an attribute, as ``Class.method``.

    ``what`` it is, is said where that fails. A dot does for the colon.

    Raises:
        InputError: it is not named so, cannot be imported, or there is no such attribute.
    """
    expected = "Expected 'package.module:attribute' with the package importable from here."
    parts = re.split("[.:]", target)
    if target.count(":") > 1 or len(parts) < 2 or not all(part.isidentifier() for part in parts):
        raise InputError(f"cannot import {what}. {expected}")
    try:
        module = target.partition(":")[0] if ":" in target else _innermost_module(parts)
        return _inside(module, parts[len(module.split(".")) :])
    except InputError:
        raise
    # Somebody else's module may do anything when it is imported, also end the program.
    except (Exception, SystemExit) as error:
        raise InputError(f"cannot import {what}: {_reason(error)}. {expected}") from error


def _inside(module: str, names: Sequence[str]) -> object:
    found: object = importlib.import_module(module)
    owner = f"module {module!r}"
    for name in names:
        if not hasattr(found, name):
            public = [key for key in dir(found) if not key.startswith("_")]
            raise InputError(f"{owner} has no {name!r}.{suggestion(name, public)}")
        found, owner = getattr(found, name), repr(name)
    return found


def _innermost_module(parts: Sequence[str]) -> str:
    """Return the name of the innermost module on the way to an attribute."""
    module = parts[0]
    for part in parts[1:-1]:
        if not hasattr(importlib.import_module(module), "__path__"):
            break
        if importlib.util.find_spec(f"{module}.{part}") is None:
            break
        module += f".{part}"
    return module


def _checked(kind: str, name: str, found: object) -> object:
    if inspect.isclass(found) and issubclass(found, _contracts(kind)):
        missing = sorted(getattr(found, "__abstractmethods__", ()))
        if missing:
            raise InputError(f"the {kind} {name!r} is abstract: it lacks {', '.join(missing)}")
    elif kind != "subject":
        given = f"the class {found.__name__}" if inspect.isclass(found) else type(found).__name__
        expected = " or ".join(f"bench.contracts.{contract}" for contract in _CONTRACTS[kind])
        raise InputError(f"the {kind} {name!r} is {given}; expected a subclass of {expected}")
    return found


def _contracts(kind: str) -> tuple[type, ...]:
    # Imported by name on first use: the contracts need pydantic, and whoever only asks for an
    # extra must be answered without.
    module = importlib.import_module("bench.contracts")
    return tuple(getattr(module, name) for name in _CONTRACTS[kind])


def _reason(error: BaseException) -> str:
    text = str(error)
    return f"{type(error).__name__}: {redact(text, secrets_of(text))}"
