"""Results as JSON, for programs: the fields of each by their names; and the schema of that.

What is written and what the schema says follow from the same types, see :func:`_paths`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import fields
from enum import Enum
from functools import cache
from numbers import Integral, Real
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from bench.analysis.cell import Cell
from bench.analysis.result import SHOWN_OF_COMPARISON, Comparison
from bench.errors import InvalidMeasurementError

_NAMES = {bool: "boolean", int: "integer", float: "number", str: "string", NoneType: "null"}


def json_document(result: object, schema_version: int, **more: object) -> bytes:
    """Return a dataclass as one JSON object: ``schema_version``, ``more``, then its fields.

    A cell has its ``name``, to which findings refer, and ``failing_because`` besides.

    Raises:
        InvalidMeasurementError: a number is NaN or infinite; the text says which.
    """
    content = _plain(result, type(result).__name__.lower())
    return json_bytes({"schema_version": schema_version, **more, **content})


def json_bytes(content: Mapping[str, object]) -> bytes:
    """Return ``content`` as one JSON object in UTF-8, with a line for each item of each field.

    Raises:
        ValueError: a number is infinite or not a number.
    """
    lines = ",\n".join(f"{_compact(name)}: {_lines(value)}" for name, value in content.items())
    return f"{{\n{lines}\n}}\n".encode()


def _lines(value: object) -> str:
    """Write a list or an object with a line for each item, and what is in it on that line."""
    match value:
        case list() if value:
            return "[\n" + ",\n".join(map(_compact, value)) + "\n]"
        case dict() if value:
            items = (f"{_compact(name)}: {_compact(item)}" for name, item in value.items())
            return "{\n" + ",\n".join(items) + "\n}"
        case _:
            return _compact(value)


# Not indented, which only the encoder in Python can do: it takes ten times as long.
_compact = json.JSONEncoder(allow_nan=False, ensure_ascii=False).encode


def json_schema(result: type, schema_version: int, title: str) -> bytes:
    """Return the JSON Schema (2020-12) of what :func:`json_document` writes of a ``result``.

    Every field that is named is there; a later version of the program may write more.
    """
    definitions: dict[str, Any] = {}
    root = _schema_of_class(result, definitions)
    version = {"schema_version": {"const": schema_version}}
    root["properties"] = {**version, **root["properties"]}
    root["required"] = [*version, *root["required"]]
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title}
    return json_bytes({**head, **root, "$defs": dict(sorted(definitions.items()))})


@cache
def _paths(kind: Any) -> Mapping[str, str]:
    """Return what is written of a dataclass: by its name in JSON, where it is found."""
    if issubclass(kind, Comparison):
        return SHOWN_OF_COMPARISON
    shown = {e.name: e.name for e in fields(kind) if e.metadata.get("shown", True)}
    more = ("name", "failing_because") if issubclass(kind, Cell) else ()
    return {**{name: name for name in more}, **shown}


def _plain(value: Any, path: str) -> Any:  # noqa: PLR0911 - one return for each kind
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float):
        return _finite(value, path)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return _finite(float(value), path)
    if isinstance(value, Mapping):
        return {str(key): _plain(item, f"{path}[{key!r}]") for key, item in value.items()}
    if isinstance(value, tuple | list):
        kinds = {*map(type, value)}
        if kinds <= {int, str} or (kinds == {float} and all(map(math.isfinite, value))):
            # The many numbers of curves and traces.
            return [*value]
        return [_plain(item, f"{path}[{at}]") for at, item in enumerate(value)]
    getters = _getters(value.__class__)
    return {name: _plain(get(value), f"{path}.{name}") for name, get in getters.items()}


@cache
def _getters(kind: Any) -> Mapping[str, attrgetter[Any]]:
    return {name: attrgetter(place) for name, place in _paths(kind).items()}


def _finite(value: float, path: str) -> float:
    if not math.isfinite(value):
        raise InvalidMeasurementError(
            f"{path} is {value}: a value that cannot be estimated must be absent, with its reason"
        )
    return value


def _schema_of_class(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    properties = {
        name: _schema(_type_at(kind, place), definitions) for name, place in _paths(kind).items()
    }
    about = re.sub(r":\w+:|`", "", " ".join((kind.__doc__ or "").split()))
    return {
        "description": about,
        "type": "object",
        "properties": properties,
        "required": list(properties),
    }


def _type_at(kind: Any, path: str) -> Any:
    """Return the type of a field or property, or of one of these."""
    for name in path.split("."):
        hints = get_type_hints(kind)
        kind = hints.get(name) or get_type_hints(getattr(kind, name).fget)["return"]
    return kind


def _schema(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    if kind in _NAMES:
        return {"type": _NAMES[kind]}
    if (origin := get_origin(kind)) is not None:
        return _schema_of_generic(origin, get_args(kind), definitions)
    if issubclass(kind, Enum):
        return {"enum": [each.value for each in kind]}
    name = kind.__name__
    if name not in definitions:
        # It may hold others of its kind.
        definitions[name] = {}
        definitions[name] = _schema_of_class(kind, definitions)
    return {"$ref": f"#/$defs/{name}"}


def _schema_of_generic(
    origin: Any, arguments: tuple[Any, ...], definitions: dict[str, Any]
) -> dict[str, Any]:
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (Union, UnionType):
        return {"anyOf": [_schema(each, definitions) for each in arguments]}
    if issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _schema(arguments[1], definitions)}
    if arguments[-1] is Ellipsis:
        return {"type": "array", "items": _schema(arguments[0], definitions)}
    items = [_schema(each, definitions) for each in arguments]
    return {"type": "array", "prefixItems": items, "minItems": len(items), "items": False}
