"""The one model of all pages: blocks, which ``markdown``, ``html`` and ``terminal`` set.

Every text is as it came; the renderers escape it. ``bench.report.text`` marks code in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from bench.analysis.cell import Trace
from bench.analysis.result import Severity
from bench.report.table import Table

Look = Literal["", "lead", "about", "quote", "good", "warning", "bad"]


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    text: str
    look: Look = ""


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of sentences; empty ones are left out."""

    items: tuple[str, ...]
    look: Look = ""


@dataclass(frozen=True, slots=True)
class Box:
    """What must be seen first: a ``title`` that says it, which may lack, and sentences below."""

    title: str
    items: tuple[str, ...]
    look: Literal["answer", "doubt"]


@dataclass(frozen=True, slots=True)
class Facts:
    """Names, each with its value."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Code:
    """A text to be shown verbatim."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing, beside the page as ``file_name``; ``about`` tells those who cannot see it."""

    file_name: str
    about: str
    svg: bytes


@dataclass(frozen=True, slots=True)
class Traces:
    """What happened in each trial, by the anchor of its line: for a page that can draw it."""

    of_trials: Mapping[str, Trace]


@dataclass(frozen=True, slots=True)
class Details:
    """Blocks that can be folded away under their title."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks under a heading.

    ``anchor`` can be linked to; ``label`` is the name in the list of contents, if it is to be
    there. ``severity`` makes it a reason to distrust.
    """

    title: str
    blocks: tuple[Block, ...]
    anchor: str = ""
    label: str = ""
    severity: Severity | Literal[""] = ""

    @property
    def parts(self) -> tuple[Section, ...]:
        """The sections within that can be linked to."""
        return tuple(each for each in self.blocks if isinstance(each, Section) and each.anchor)


Block = Text | Bullets | Box | Facts | Code | Picture | Table | Traces | Details | Section


@dataclass(frozen=True, slots=True)
class Page:
    """A title and what follows. ``front_matter`` is verbatim YAML; ``foot`` ends the page."""

    title: str
    blocks: tuple[Block, ...]
    front_matter: tuple[str, ...] = ()
    foot: str = ""

    @property
    def sections(self) -> Iterator[Section]:
        """The sections that are in the list of contents."""
        return (each for each in self.blocks if isinstance(each, Section) and each.label)
