"""Reads TOML that people write into a model: which key is wrong, and what was expected."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_origin

from pydantic import BaseModel, ValidationError

from bench.errors import InputError, suggestion
from bench.printable import CONTROL_CHARACTER, cut, printable

Model = TypeVar("Model", bound=BaseModel)

LABEL_TAG, TABLE_TAG = "[label]", "[table]"
"""Which a value is that may be either; pydantic adds it to the key's path."""


def read_model(path: Path, what: str, model: type[Model]) -> Model:
    """Read and check the file at ``path``; ``what`` says in errors what was to be read.

    Raises:
        InputError: see :func:`read_text` and :func:`parse_model`.
    """
    return parse_model(read_text(path, what), str(path), model)


def parse_model(text: str, origin: str, model: type[Model]) -> Model:
    """Check ``text``; ``origin`` names it in errors.

    Raises:
        InputError: it is not TOML, is of an older version, has an unknown or missing key, or a
            value of a wrong type; the text names the file and the key.
    """
    return validated(parse_toml(text, origin), origin, model)


def validated(raw: Mapping[str, Any], origin: str, model: type[Model]) -> Model:
    """Return the model that ``raw`` is; see :func:`parse_model`."""
    if raw.get("schema_version") == 1:
        raise InputError(
            f"{origin}: schema_version = 1: expected 2, in which limits are texts, as in "
            "'put.response.p99 < 20 ms'; docs/limits.md says how to renew the file"
        )
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise InputError("\n".join(validation_messages(error, origin, model))) from error


def read_text(path: Path, what: str) -> str:
    """Return the text of a file that people write, without the mark that may stand before UTF-8.

    Raises:
        InputError: it is missing or is not UTF-8; ``what`` says what was to be read.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InputError(f"{path}: cannot read {what}: {reason}") from error


def parse_toml(text: str, origin: str) -> dict[str, Any]:
    """Return the tables that ``text`` holds; ``origin`` names it in errors.

    Raises:
        InputError: it is not TOML, or a text in it has a character that a terminal would obey.
    """
    try:
        raw = tomllib.loads(text)
        texts = list(_texts(raw, ""))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{origin}: this is not valid TOML: {error}") from error
    for key, inside in texts:
        if found := CONTROL_CHARACTER.search(inside):
            raise InputError(
                f"{origin}: {printable(key)}: a text holds the control character "
                f"{printable(found[0])}; only line feeds and tabs are expected"
            )
    return raw


def _texts(value: Any, key: str) -> Iterator[tuple[str, str]]:
    """Yield every text in ``value``, the keys too, with the key that it stands under."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each, key)
    elif isinstance(value, dict):
        for name, each in value.items():
            place = f"{key}.{name}" if key else name
            yield place, name
            yield from _texts(each, place)


def validation_messages(
    error: ValidationError, origin: str, model: type[BaseModel]
) -> Iterator[str]:
    """Yield one sentence for each problem: file, key, what was expected, the nearest valid name."""
    for problem in error.errors():
        location = [str(part) for part in problem["loc"]]
        # Inside a tagged union pydantic adds the tag, which is no key.
        is_tagged = len(location) > 2 and location[0] == "arrivals"
        keys = location[:2] + location[3:] if is_tagged else location
        keys = [part for part in keys if part not in (LABEL_TAG, TABLE_TAG)]
        key = ".".join(keys) or "(top level)"
        if problem["type"] == "extra_forbidden":
            valid = _keys_at(model, location[:-1])
            yield f"{origin}: unknown key {key!r}.{suggestion(location[-1], valid)}"
        elif problem["type"] == "missing":
            yield f"{origin}: the key {key!r} is missing"
        else:
            shown = cut(repr(problem["input"]), 60)
            # Where a table's key is wrong, its path ends with the key and this sign.
            place = f"{location[0]}, {shown}" if location[-1:] == ["[key]"] else f"{key} = {shown}"
            yield f"{origin}: {place}: {problem['msg']}"


def _keys_at(model: type[BaseModel], location: list[str]) -> list[str]:
    """Name the keys that a table may hold, following ``location`` through nested models."""
    models = [model]
    is_label = False
    for part in location:
        if is_label:
            # The key of a table of labels may be spelt as a field is.
            is_label = False
            continue
        found: list[type[BaseModel]] = []
        for candidate in models:
            field = candidate.model_fields.get(part)
            found += _models_in(field.annotation) if field else [candidate]
            is_label = field is not None and get_origin(field.annotation) is Mapping
        models = [m for m in found if part not in _kinds(found) or part in _kinds([m])]
    return sorted({key for candidate in models for key in candidate.model_fields})


def _kinds(models: list[type[BaseModel]]) -> set[str]:
    kinds = (m.model_fields["kind"] for m in models if "kind" in m.model_fields)
    return {name for kind in kinds for name in re.findall(r"'(\w+)'", str(kind.annotation))}


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in getattr(annotation, "__args__", ()) for model in _models_in(inner)]
