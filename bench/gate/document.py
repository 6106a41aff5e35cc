"""``analysis.json`` of a gate: everything that it judged, for programs."""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter

from bench.gate.result import GateResult

SCHEMA_VERSION = 1
_RESULT: TypeAdapter[Any] = TypeAdapter(GateResult)


def document(result: GateResult) -> bytes:
    """Return one JSON object: the fields by their names, ``schema_version`` and ``exit_code``.

    An interval's end that is infinite is ``null``, as one that is not known.
    """
    plain = json.loads(_RESULT.dump_json(result))
    content = {"schema_version": SCHEMA_VERSION, "exit_code": result.exit_code, **plain}
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()
