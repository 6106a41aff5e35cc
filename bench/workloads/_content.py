"""The hash by which what is read back is compared with what was written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def content_hash(channels: Iterable[tuple[str, bytes]]) -> str:
    """Hash (channel, canonical content) pairs in the order of their names: SHA-256 in hex.

    Every part is preceded by its length, so that no two different sets of channels look alike.
    """
    digest = hashlib.sha256()
    for name, content in sorted(channels):
        for part in (name.encode(), content):
            digest.update(b"%d:" % len(part))
            digest.update(part)
    return digest.hexdigest()
