"""Texts that others made, so that showing them does nothing but show them."""

from __future__ import annotations

import re

# What moves the cursor, colours, rings, or turns the direction of writing round. Line feed and tab
# are text.
CONTROL_CHARACTER = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069]")


def printable(text: str) -> str:
    r"""Return ``text`` with each control character spelt out, as ``\x1b``; line ends as one."""
    if text.isprintable():
        # Nearly every text is, and this is far faster to know.
        return text
    return CONTROL_CHARACTER.sub(_spelt, text.replace("\r\n", "\n"))


def cut(text: str, most: int) -> str:
    """Return ``text``, cut off with an ellipsis where it has more than ``most`` characters."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _spelt(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
