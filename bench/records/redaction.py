"""Keeping passwords and tokens out of what is written, logged and shown.

Redact first, then shorten: of a password that is cut in two nobody finds the rest.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from urllib.parse import unquote, unquote_plus

from bench.printable import cut

REDACTED = "***"

_KEYWORD = re.compile(
    r"(?:password|sslpassword)\s*=\s*('(?:\\.|[^'\\])*'?|(?:\\.|[^\s\\])*)", re.IGNORECASE
)
_SENSITIVE = "(?:password|passwd|passphrase|token|secret|(?:api|access|private)[_-]?key)"
# The short ones stand alone, as libpq's require_auth is no secret.
_PARAMETER = re.compile(
    rf"(?:[?&;#])(?:[\w.%-]*(?:{_SENSITIVE}(?:_?id)?|signature|credentials?|authorization)"
    r"|(?:[\w-]*-)?(?:auth|auth_key|sig|pwd|pass|jwt|hmac|key))=([^&;#]*)",
    re.IGNORECASE,
)
_SCHEME, _REST = r"(?<![a-z0-9+.-])[a-z0-9+.-]+://", r"[^\s'\"<>]+"
# The others allow what ends an address, or its host, to stand unencoded before its last @. All are
# asked, since these may run into what stands beside it.
_URLS = tuple(
    re.compile(_SCHEME + user + _REST, re.IGNORECASE)
    for user in ("", r"(?:[^/\r\n]*@)?", r"(?:(?:(?!://)[^\r\n])*@)?")
)
_SENSITIVE_NAME = re.compile(_SENSITIVE, re.IGNORECASE)
# Shorter values of variables that have nothing to do with a store are words that occur anywhere.
_FEWEST_CHARACTERS = 6
# Of a secret that others have cut, less than this says little and occurs anywhere.
_FEWEST_OF_CUT = 4
# So many backslashes may one of them become where it is quoted again and again.
_MOST_ESCAPES = 16
_BEFORE_CUT = r"(?=\.\.\.|…)"
_AFTER_CUT = r"(?:(?<=\.\.\.)|(?<=…))"


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return ``text`` with every one of ``secrets`` replaced by three asterisks.

    Each of its characters may be spelt as in a URL, as in the source of Python, JSON, SQL or HTML,
    or as it is. Longer secrets go first, so that one that contains another leaves no rest. Empty
    ones are ignored. So goes what is left of one that others have cut: four characters or more of
    its beginning directly before an ellipsis, or of its end directly after.
    """
    longest_first = sorted(set(secrets) - {""}, key=len, reverse=True)
    for secret in longest_first:
        text = _spelt_anyhow(secret).sub(REDACTED, text)
    if "..." in text or "…" in text:
        for secret in longest_first:
            if len(secret) > _FEWEST_OF_CUT:
                text = _cut_anywhere(secret).sub(REDACTED, text)
    return text


def shortened(text: str, secrets: Iterable[str], most: int) -> str:
    """Redact ``text`` and cut it off, with an ellipsis, to at most ``most`` characters."""
    return cut(redact(text, secrets), most)


@lru_cache(maxsize=64)
def _spelt_anyhow(secret: str) -> re.Pattern[str]:
    return re.compile("".join(_spelt(part, len(part)) for part in _parts(secret)))


@lru_cache(maxsize=64)
def _cut_anywhere(secret: str) -> re.Pattern[str]:
    parts = _parts(secret)
    spelt = [_spelt(part, 1) for part in parts]
    beginning = [
        *spelt[:_FEWEST_OF_CUT],
        *(f"(?>{_BEFORE_CUT}|{each})" for each in spelt[_FEWEST_OF_CUT:]),
        _BEFORE_CUT,
    ]
    # Atomic for a dot, which may be one of the ellipsis: else there are too many ways to fail.
    end = [
        _AFTER_CUT,
        *(
            f"({'?>' if part in '.…' else '?:'}{_AFTER_CUT}|{each})"
            for part, each in zip(parts, spelt, strict=True)
        ),
    ]
    end[-_FEWEST_OF_CUT:] = spelt[-_FEWEST_OF_CUT:]
    return re.compile(f"{''.join(beginning)}|{''.join(end)}")


def _parts(secret: str) -> list[str]:
    """Split a secret into characters, but backslashes in a row stay together.

    One by one they would divide a longer row of spelt ones among them in too many ways.
    """
    return re.findall(r"\\+|[^\\]", secret)


def _spelt(part: str, fewest: int) -> str:
    """Return a pattern of a part; of backslashes ``fewest`` may be there."""
    if part.startswith("\\"):
        one = rf"\\(?i:x5c|u(?:0000)?005c)?|{_encoded(part[0])}"
        return f"(?:{one}){{{fewest},{_MOST_ESCAPES * len(part)}}}"
    return f"(?:{'|'.join(_spellings(part))})"


def _encoded(character: str) -> str:
    # What is quoted more than once has more than one per cent sign; 25 is its own code.
    encoded = character.encode(errors="surrogatepass")
    return "(?i:" + "".join(f"%(?:25){{0,4}}{byte:02x}" for byte in encoded) + ")"


def _spellings(character: str) -> Iterator[str]:
    """Yield patterns of ``character``: itself, in a URL, in source code, as an entity."""
    code, encoded = ord(character), character.encode(errors="surrogatepass")
    yield _encoded(character)
    # What is quoted more than once has more than one backslash.
    literals = [write(character)[1:-1] for write in (repr, ascii, json.dumps)]
    literals += [repr(encoded)[2:-1], f"\\x{code:02x}", f"\\u{code:04x}", f"\\u{code:08x}"]
    for literal in dict.fromkeys(literals):
        if literal.startswith("\\"):
            yield "(?i:" + re.escape(literal).replace(r"\\", r"\\{1,8}") + ")"
    if character == " ":
        yield r"\+"
    if character == "'":
        yield "''"
    if (entity := html.escape(character)) != character:
        yield re.escape(entity)
    # Last, since what comes before may begin with it.
    yield rf"\\{{0,8}}{re.escape(character)}"


def secrets_of(url: str) -> tuple[str, ...]:
    """Return the passwords in ``url``, as they are written there and decoded, longest first.

    ``url`` is a URL (``scheme://user:password@host/…?password=…``) or a libpq connection string
    (``host=… password='…'``). It need not be valid: where an unencoded ``@`` leaves open which part
    is the password, every reading is returned. In a web address the user may be a token, too.
    """
    found = set(_in_url(url) if "://" in url else _in_keywords(url))
    return tuple(sorted(found - {""}, key=lambda secret: (-len(secret), secret)))


def secrets_within(text: str) -> tuple[str, ...]:
    """Return the passwords and tokens of every URL that ``text`` holds."""
    matches = (match for url in _URLS for match in url.finditer(text))
    return tuple(dict.fromkeys(secret for match in matches for secret in secrets_of(match[0])))


def secrets_in(variables: Mapping[str, str]) -> tuple[str, ...]:
    """Return the passwords and tokens that environment ``variables`` hold.

    Those of ``BENCH_…`` and ``PGPASSWORD`` whatever they are; others where they are long enough to
    be no word.
    """
    found: set[str] = set()
    for name, value in variables.items():
        if name.startswith("BENCH_"):
            found.update(secrets_of(value))
        elif name == "PGPASSWORD":
            found.add(value)
        else:
            own = (value,) if _SENSITIVE_NAME.search(name) else ()
            others = (*own, *secrets_within(value))
            found.update(each for each in others if len(each) >= _FEWEST_CHARACTERS)
    return tuple(found - {""})


def _in_url(url: str) -> Iterator[str]:
    scheme, _, rest = url.partition("://")
    for at in (index for index, character in enumerate(rest) if character == "@"):
        user, _, password = rest[:at].partition(":")
        yield from (password, unquote(password))
        if "http" in scheme.lower() and len(user) >= _FEWEST_CHARACTERS and "/" not in user:
            yield from (user, unquote(user))
    for match in _PARAMETER.finditer(rest):
        yield from (match[1], unquote(match[1]), unquote_plus(match[1]))


def _in_keywords(text: str) -> Iterator[str]:
    for match in _KEYWORD.finditer(text):
        written = match[1]
        yield written
        inner = written[1:].removesuffix("'") if written.startswith("'") else written
        yield from (inner, re.sub(r"\\(.)", r"\1", inner))
