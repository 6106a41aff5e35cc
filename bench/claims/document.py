"""``verdicts.json``: everything that is told of the verdicts, for programs."""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter

from bench.claims.result import Verdicts

SCHEMA_VERSION = 1
_VERDICTS: TypeAdapter[Any] = TypeAdapter(Verdicts)


def document(verdicts: Verdicts) -> bytes:
    """Return one JSON object: the fields by their names, and ``schema_version``.

    An interval's end that is infinite is ``null``, as one that is not known.
    """
    plain = json.loads(_VERDICTS.dump_json(verdicts))
    content = {"schema_version": SCHEMA_VERSION, **plain}
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()
