"""What a trial's process printed, as much of it as a record shows."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from bench.records.redaction import redact

_BYTES_READ = 1 << 16
_CHARACTERS_SHOWN = 600


def log_tail(path: Path, secrets: Iterable[str], until: int | None = None) -> str:
    """Return the end of the log at ``path``, or of its first ``until`` bytes, without ``secrets``.

    Much more is read than is shown: what was redacted before it is cut cannot be cut in two.
    """
    try:
        with path.open("rb") as log:
            end = log.seek(0, os.SEEK_END) if until is None else until
            log.seek(max(0, end - _BYTES_READ))
            text = log.read(min(end, _BYTES_READ)).decode(errors="replace").strip()
    except OSError:
        return ""
    return redact(text, secrets)[-_CHARACTERS_SHOWN:]
