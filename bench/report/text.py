"""Texts of a page: what others wrote stands as it came, until a renderer asks for its spans.

Names set as code and emphasised words are marked inside the text, so that sentences are put
together as any others. A mark is a pair of characters that no keyboard has; one that came with
somebody else's text could change how that text looks, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bench.printable import cut, printable

_MARKS = {"\ue000": "code", "\ue001": "strong", "\ue002": "emphasis", "\ue003": "link"}
_TO = "\ue00e"
_END = "\ue00f"
_ALL = f"{''.join(_MARKS)}{_TO}{_END}"
_SPAN = re.compile(f"([{''.join(_MARKS)}])(?:([^{_ALL}]*){_TO})?([^{_ALL}]*){_END}")
_STRAY = re.compile(f"[{_ALL}]")


def code(name: str) -> str:
    """Mark ``name`` to be set as code."""
    return f"\ue000{one_line(name)}{_END}"


def strong(text: str) -> str:
    """Mark ``text`` to be set in bold."""
    return f"\ue001{one_line(text)}{_END}"


def emphasis(text: str) -> str:
    """Mark ``text`` to be emphasised."""
    return f"\ue002{one_line(text)}{_END}"


def link(text: str, anchor: str) -> str:
    """Mark ``text`` to lead to the part of the page with that ``anchor``."""
    return f"\ue003{one_line(anchor)}{_TO}{text}{_END}"


def codes(names: Iterable[str]) -> list[str]:
    """Mark each of ``names`` to be set as code."""
    return [code(name) for name in names]


def spans(text: str) -> Iterator[tuple[str, str]]:
    """Yield the parts of ``text`` that look alike, with every control character spelt out.

    Each after its look: ``code``, ``strong``, ``emphasis``, ``#anchor`` of a link, or nothing.
    Line ends are kept: whether a text is one line is for the renderer to say.
    """
    if text and text.isprintable():
        # No mark is.
        yield "", text
        return
    text = printable(text)
    at = 0
    for match in _SPAN.finditer(text):
        if before := _STRAY.sub("", text[at : match.start()]):
            yield "", before
        look = _MARKS[match[1]]
        yield f"#{match[2] or ''}" if look == "link" else look, match[3]
        at = match.end()
    if rest := _STRAY.sub("", text[at:]):
        yield "", rest


def plain(text: str) -> str:
    """Return ``text`` without marks."""
    return "".join(part for _, part in spans(text))


def one_line(text: str) -> str:
    """Return ``text`` on one line, runs of white space as one blank."""
    return " ".join(printable(text).split())


def shortened(text: str, length: int) -> str:
    """Return ``text`` on one line of at most ``length`` characters, cut off with an ellipsis."""
    return cut(one_line(text), length)
