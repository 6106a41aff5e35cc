"""When two values are the same, and where they differ: for contents that were read back."""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Any

_SHOWN_CHARACTERS = 60
_CONTEXT_CHARACTERS = 15
_MOST_NAMED = 16
_ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]+")
_ABSENT = object()
# Whether a type is that of a message, of those that were seen.
_MESSAGES: dict[type, bool] = {}
_PLAIN_SEQUENCES = frozenset({str, list, dict})


def canonical(value: Any, *, exact: bool = True) -> bytes:
    """Encode ``value`` so that two values have the same bytes exactly when they are the same.

    Exact: of the same type, all the way down; ``NaN`` is the same as ``NaN``, and the order of a
    dictionary or set does not count. Otherwise equal are, too, what carries no meaning where a
    state is plain data: a list and a tuple, ``bytes`` and ``bytearray``, a float without a fraction
    and the integer. Messages of LangChain are the same with and without their empty fields.

    Never raises for a value's type: one of which nothing is known is encoded by its attributes and
    its ``repr`` without addresses.
    """
    pieces: list[bytes] = []
    _Encoder(pieces, exact=exact).encode(value)
    return b"".join(pieces)


def value_hash(content: bytes) -> str:
    """Hash the canonical bytes of a value: SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


def difference(expected: Any, found: Any, *, exact: bool = True) -> str:
    """Say in words where ``found`` first differs from ``expected``; empty if it does not.

    As ``.items[3].price: expected Decimal('1.10'), found Decimal('0')``. Where several parts of
    one value differ, the others are named: ``; also different: ['b'], ['c'] and
    4 more``.
    """
    if canonical(expected, exact=exact) == canonical(found, exact=exact):
        return ""
    path = ""
    others: list[str] = []
    while different := _different_parts(expected, found, exact=exact):
        (name, expected, found), *rest = different
        others = others or [path + other for other, _, _ in rest]
        path += name
    place = f"{path}: " if path else ""
    said = f"{place}expected {shown(expected, found)}, found {shown(found, expected)}"
    named = ", ".join(others[:_MOST_NAMED])
    more = f" and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
    return f"{said}; also different: {named}{more}" if others else said


def shown(value: Any, beside: Any = None) -> str:
    """Return ``value`` as a short text, about where it begins to differ from ``beside``."""
    if value is _ABSENT:
        return "nothing"
    text = _text(value)
    if beside is not _ABSENT and text == _text(beside) and type(value) is not type(beside):
        return f"{text[:_SHOWN_CHARACTERS]} ({_type_name(value)})"
    if len(text) <= _SHOWN_CHARACTERS:
        return text
    pairs = zip(text, _text(beside), strict=False)
    differs = next((at for at, (one, other) in enumerate(pairs) if one != other), 0)
    start = max(0, differs - _CONTEXT_CHARACTERS)
    part = text[start : start + _SHOWN_CHARACTERS]
    before, after = "…" if start else "", "…" if start + _SHOWN_CHARACTERS < len(text) else ""
    return f"{before}{part}{after}"


def _text(value: Any) -> str:
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001 - the user's type may do anything when it is shown
        return f"<{_type_name(value)}: its repr raised {type(error).__name__}>"


def _different_parts(expected: Any, found: Any, *, exact: bool) -> list[tuple[str, Any, Any]]:
    """Return those parts of two values that differ: what leads to each, expected and found."""
    parts, others = _parts(expected), _parts(found)
    if parts is None or others is None or (exact and type(expected) is not type(found)):
        return []
    pairs = {
        name: (parts.get(name, _ABSENT), others.get(name, _ABSENT)) for name in {**parts, **others}
    }
    return [
        (name, part, other)
        for name, (part, other) in pairs.items()
        if part is _ABSENT
        or other is _ABSENT
        or canonical(part, exact=exact) != canonical(other, exact=exact)
    ]


def _parts(value: Any) -> dict[str, Any] | None:
    """Return what ``value`` consists of, by the text that leads to it; ``None`` for a leaf."""
    if isinstance(value, Mapping):
        return {f"[{shown(key)}]": part for key, part in value.items()}
    items = value.tolist() if _is_array(value) else value
    if isinstance(items, list | tuple):
        return {f"[{index}]": part for index, part in enumerate(items)}
    if isinstance(value, AbstractSet | str | bytes | enum.Enum):
        return None
    fields = _fields(value) or _attributes(value)
    return {f".{name}": part for name, part in fields.items()} or None


def _fields(value: Any) -> dict[str, Any] | None:
    """Return the fields of a message, a model, a dataclass or another plain object."""
    if isinstance(value, type):
        return None
    if hasattr(type(value), "model_fields"):
        fields = {**vars(value), **(getattr(value, "model_extra", None) or {})}
        if not _is_message(type(value)):
            return fields
        # What is empty is the same as absent: serialisers fill in defaults.
        return {name: part for name, part in fields.items() if not _is_empty(part)}
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)]
        return {name: getattr(value, name, None) for name in names}
    return None


def _is_array(value: Any) -> bool:
    return hasattr(value, "dtype") and hasattr(value, "tolist")


def _attributes(value: Any) -> dict[str, Any]:
    is_plain = not isinstance(value, type | enum.Enum)
    return dict(getattr(value, "__dict__", {})) if is_plain else {}


def _is_message(kind: type) -> bool:
    if kind not in _MESSAGES:
        bases = (base.__module__ for base in kind.__mro__)
        _MESSAGES[kind] = "langchain_core.messages.base" in bases
    return _MESSAGES[kind]


def _is_empty(part: Any) -> bool:
    if type(part) in _PLAIN_SEQUENCES:
        return not part
    return part is None or part is False or (isinstance(part, Sequence | Mapping) and not part)


def _type_name(value: Any) -> str:
    kind = type(value)
    return f"{kind.__module__}.{kind.__qualname__}"


class _Encoder:
    """Appends a tag for each type, and a length before everything of variable length."""

    def __init__(self, pieces: list[bytes], *, exact: bool) -> None:
        self._pieces = pieces
        self._exact = exact

    def encode(self, value: Any) -> None:
        if type(value) is str:
            # Of these a state has most.
            self._append(b"s", value.encode("utf-8", "surrogatepass"))
        elif value is None or isinstance(value, bool | int | float | str):
            self._scalar(value)
        elif isinstance(value, bytes | bytearray | memoryview):
            self._append(self._tag(value, bytes, b"b"), bytes(value))
        elif isinstance(value, list | tuple):
            self._pieces.append(self._tag(value, list, b"l%d:" % len(value)))
            for item in value:
                self.encode(item)
        elif isinstance(value, Mapping):
            self._mapping(value, self._tag(value, dict, b""))
        elif isinstance(value, AbstractSet):
            members = sorted(canonical(member, exact=self._exact) for member in value)
            self._append(self._tag(value, set, b"S%d:" % len(members)), b"".join(members))
        else:
            self._object(value)

    def _tag(self, value: Any, plain: type, tag: bytes) -> bytes:
        """Name the type as well where it is not the plain one and that counts."""
        if not self._exact or type(value) is plain:
            return tag
        return b"%b%b" % (tag, _type_name(value).encode())

    def _scalar(self, value: Any) -> None:
        own = self._exact and type(value) not in (type(None), bool, int, float, str)
        if own:
            self._append(b"t", _type_name(value).encode())
        if isinstance(value, str):
            self._append(b"s", str.__str__(value).encode("utf-8", "surrogatepass"))
        elif value is None or isinstance(value, bool):
            self._pieces.append({None: b"n", True: b"t", False: b"f"}[value])
        elif isinstance(value, int):
            self._pieces.append(b"i%d;" % value)
        elif not self._exact and math.isfinite(value) and value.is_integer():
            self._pieces.append(b"i%d;" % int(value))
        else:
            self._pieces.append(b"r%a;" % float(value))

    def _mapping(self, value: Mapping[Any, Any], tag: bytes) -> None:
        self._pieces.append(b"d%d:%b" % (len(value), tag))
        is_text = all(type(key) is str for key in value)
        for key in sorted(value, key=None if is_text else partial(canonical, exact=self._exact)):
            self.encode(key)
            self.encode(value[key])

    def _object(self, value: Any) -> None:
        fields = None if isinstance(value, enum.Enum) else _fields(value)
        if fields is not None:
            is_plain = _is_message(type(value)) and not self._exact
            self._append(b"m", b"" if is_plain else _type_name(value).encode())
            self._mapping(fields, b"")
            return
        if _is_array(value):
            # An array's repr leaves out what is in the middle.
            self._append(b"a", f"{_type_name(value)} {value.dtype}".encode())
            self.encode(value.tolist())
            return
        text = f"{_type_name(value)} {_ADDRESS.sub('', _text(value))}"
        self._append(b"?", text.encode("utf-8", "surrogatepass"))
        # Not everything is in a repr that somebody wrote.
        self._mapping(_attributes(value), b"")

    def _append(self, tag: bytes, content: bytes) -> None:
        self._pieces.append(b"%b%d:" % (tag, len(content)))
        self._pieces.append(content)
