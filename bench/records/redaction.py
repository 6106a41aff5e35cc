"""Keeping passwords out of what is written, logged and shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote, unquote_plus

REDACTED = "***"

_KEYWORD = re.compile(
    r"(?:password|sslpassword)\s*=\s*('(?:\\.|[^'\\])*'?|(?:\\.|[^\s\\])*)", re.IGNORECASE
)
_PARAMETER = re.compile(r"[?&](?:password|sslpassword)=([^&#]*)", re.IGNORECASE)


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return ``text`` with every one of ``secrets`` replaced by three asterisks.

    Longer secrets go first, so that one that contains another leaves no rest. Empty ones are
    ignored.
    """
    for secret in sorted(set(secrets) - {""}, key=len, reverse=True):
        text = text.replace(secret, REDACTED)
    return text


def secrets_of(url: str) -> tuple[str, ...]:
    """Return the passwords in ``url``, as they are written there and decoded, longest first.

    ``url`` is a URL (``scheme://user:password@host/…?password=…``) or a libpq connection string
    (``host=… password='…'``). It need not be valid: where an unencoded ``@`` leaves open which part
    is the password, every reading is returned.
    """
    found = set(_in_url(url) if "://" in url else _in_keywords(url))
    return tuple(sorted(found - {""}, key=lambda secret: (-len(secret), secret)))


def _in_url(url: str) -> Iterator[str]:
    _, _, rest = url.partition("://")
    for at in (index for index, character in enumerate(rest) if character == "@"):
        _, _, password = rest[:at].partition(":")
        yield from (password, unquote(password))
    for match in _PARAMETER.finditer(rest):
        yield from (match[1], unquote(match[1]), unquote_plus(match[1]))


def _in_keywords(text: str) -> Iterator[str]:
    for match in _KEYWORD.finditer(text):
        written = match[1]
        yield written
        inner = written[1:].removesuffix("'") if written.startswith("'") else written
        yield from (inner, re.sub(r"\\(.)", r"\1", inner))
