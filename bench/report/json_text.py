"""Results as JSON, for programs: the fields of each by their names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter


def json_document(result: object, schema_version: int, **more: object) -> bytes:
    """Return a dataclass as one JSON object: ``schema_version``, ``more``, then its fields.

    A number that is infinite or not a number is ``null``, as one that is not known.
    """
    adapter: TypeAdapter[Any] = TypeAdapter(type(result))
    return json_bytes(
        {"schema_version": schema_version, **more, **json.loads(adapter.dump_json(result))}
    )


def json_bytes(content: Mapping[str, object]) -> bytes:
    """Return ``content`` as one JSON object in UTF-8, indented.

    Raises:
        ValueError: a number is infinite or not a number.
    """
    text = json.dumps(content, allow_nan=False, ensure_ascii=False, indent=1)
    return (text + "\n").encode()
