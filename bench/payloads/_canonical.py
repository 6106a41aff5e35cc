"""Bytes that are equal exactly when two values mean the same, whatever serialiser they crossed.

Serialisers change what carries no meaning: msgpack and JSON turn tuples into lists, JSON may turn
``1.0`` into ``1`` and reorders keys, and messages come back with their default fields filled in.
They must not change anything else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# What a LangChain message says. A field that is None or empty is the same as one that is absent.
_MESSAGE_FIELDS = (
    "type",
    "content",
    "id",
    "name",
    "tool_calls",
    "invalid_tool_calls",
    "tool_call_id",
    "status",
    "artifact",
    "additional_kwargs",
    "response_metadata",
    "usage_metadata",
)


def canonical(value: Any) -> bytes:
    """Encode ``value``: a tag for each type, a length before everything of variable length.

    Equal are: a list and a tuple, ``bytes`` and ``bytearray``, a float without a fraction and the
    integer, dictionaries in any order, a message with and without its empty fields. Different are:
    text and bytes, ``True`` and 1, and everything that is not listed here. A value of an unknown
    type never raises: it is encoded by its type and ``repr``.
    """
    pieces: list[bytes] = []
    _encode(value, pieces)
    return b"".join(pieces)


def _encode(value: Any, pieces: list[bytes]) -> None:
    if value is None or isinstance(value, bool | int | float):
        pieces.append(_scalar(value))
    elif isinstance(value, str):
        _append(b"s", value.encode("utf-8", "surrogatepass"), pieces)
    elif isinstance(value, bytes | bytearray | memoryview):
        _append(b"b", bytes(value), pieces)
    elif isinstance(value, list | tuple):
        pieces.append(b"l%d:" % len(value))
        for item in value:
            _encode(item, pieces)
    elif isinstance(value, Mapping):
        _encode_mapping(value, pieces)
    elif hasattr(value, "type") and hasattr(value, "content"):
        pieces.append(b"m")
        fields = {name: getattr(value, name, None) for name in _MESSAGE_FIELDS}
        _encode_mapping({name: field for name, field in fields.items() if _says(field)}, pieces)
    else:
        _append(b"?", f"{type(value).__qualname__} {value!r}".encode(), pieces)


def _says(field: Any) -> bool:
    return field is not None and field not in ("", [], {})


def _scalar(value: float | None) -> bytes:
    if value is None:
        return b"n"
    if isinstance(value, bool):
        return b"t" if value else b"f"
    if isinstance(value, int) or value.is_integer():
        return b"i%d;" % value
    return b"r%a;" % value


def _encode_mapping(value: Mapping[Any, Any], pieces: list[bytes]) -> None:
    pieces.append(b"d%d:" % len(value))
    for key in sorted(value, key=lambda key: (type(key).__name__, repr(key))):
        _encode(key, pieces)
        _encode(value[key], pieces)


def _append(tag: bytes, content: bytes, pieces: list[bytes]) -> None:
    pieces.append(b"%b%d:" % (tag, len(content)))
    pieces.append(content)
