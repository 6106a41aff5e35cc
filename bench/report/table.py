"""The one table of all pages: texts that are ready to be set in any form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal

Badge = Literal[
    "", "subject", "absent",
    "better", "worse", "equivalent", "suggestive", "unresolved",
    "measured", "partly", "unsupported", "failed", "missing", "invalid",
]  # fmt: skip
# What is said of a number beside it; the other badges colour the text that they stand on.
OUTCOMES: frozenset[Badge] = frozenset(
    {"better", "worse", "equivalent", "suggestive", "unresolved"}
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column; neighbours with the same ``group`` share a heading. ``tip`` explains it."""

    name: str
    group: str = ""
    unit: str = ""
    tip: str = ""
    numeric: bool = True

    @property
    def full_name(self) -> str:
        """Group, name and unit on one line."""
        words = " ".join(part for part in (self.group, self.name) if part)
        return f"{words} ({self.unit})" if self.unit else words


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands in one place: ``text``, its interval or ``detail``, and a footnote ``note``.

    ``struck`` marks a number that must not be used. ``badge`` names a kind of emphasis;
    ``badge_text`` is what an outcome says where that is not its name. ``anchor``
    names the part of the page that the text leads to. ``shade``, from −1 (much better) to 1 (much
    worse), colours a place of a map, which is hatched where it ``is_open``.
    """

    text: str
    detail: str = ""
    note: str = ""
    struck: bool = False
    badge: Badge = ""
    anchor: str = ""
    shade: float | None = None
    is_open: bool = False
    badge_text: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """Entries, one for each column; where there are fewer, ``rest`` spans the other columns.

    Neighbours with the same ``section`` stand together under that heading. ``anchor`` can be linked
    to.
    """

    entries: tuple[Entry, ...]
    rest: str = ""
    section: str = ""
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table, its ``caption`` and the footnotes of its entries, equal ones once.

    ``look``: ``data`` has subjects in its first column, which stays in sight; ``plain`` has texts;
    ``map`` has shaded places, and takes one line for each on a narrow screen.
    ``fold``: where a form can fold it, it stands there ``open`` or ``closed`` under its title.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    caption: str = ""
    look: Literal["data", "plain", "map"] = "data"
    fold: Literal["", "open", "closed"] = ""
    notes: tuple[str, ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        """Collect the footnotes."""
        notes = (entry.note for row in self.rows for entry in row.entries if entry.note)
        object.__setattr__(self, "notes", tuple(dict.fromkeys(notes)))

    @property
    def sections(self) -> Iterator[tuple[str, tuple[Row, ...]]]:
        """The rows by their headings."""
        return (
            (section, tuple(rows)) for section, rows in groupby(self.rows, lambda row: row.section)
        )

    @property
    def column_groups(self) -> Iterator[tuple[str, int]]:
        """The headings above the columns, each with the number of columns it spans."""
        for group, columns in groupby(self.columns, lambda column: column.group):
            width = len(list(columns))
            yield from [(group, width)] if group else [("", 1)] * width

    def note_number(self, note: str) -> int:
        """Return the number of a footnote, counting from 1."""
        return self.notes.index(note) + 1


def table(
    title: str,
    columns: Iterable[Column | str],
    rows: Iterable[Row | Sequence[Entry | str]],
    caption: str = "",
    *,
    look: Literal["data", "plain", "map"] = "data",
    fold: Literal["", "open", "closed"] = "",
) -> Table:
    """Make a table; a column given as a name holds texts, an entry given as a text is just that."""
    made = tuple(
        each
        if isinstance(each, Row)
        else Row(tuple(Entry(entry) if isinstance(entry, str) else entry for entry in each))
        for each in rows
    )
    heads = tuple(
        Column(each, numeric=False) if isinstance(each, str) else each for each in columns
    )
    return Table(title, heads, made, caption, look, fold)
