"""A table between the analysis and any form of it: text that is ready to be set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


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

    ``struck`` marks a number that must not be used. ``badge`` names a kind of emphasis.
    """

    text: str
    detail: str = ""
    note: str = ""
    struck: bool = False
    badge: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """Entries, one for each column; where there are fewer, ``rest`` spans the other columns."""

    entries: tuple[Entry, ...]
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under a heading of their own, which may be empty."""

    heading: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table in one or more sections, its ``caption`` and the footnotes of its entries."""

    title: str
    columns: tuple[Column, ...]
    sections: tuple[Section, ...]
    caption: str = ""
    closed: bool = False
    notes: tuple[str, ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        """Collect the footnotes; equal ones are one."""
        notes = dict.fromkeys(
            entry.note
            for section in self.sections
            for row in section.rows
            for entry in row.entries
            if entry.note
        )
        object.__setattr__(self, "notes", tuple(notes))

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows of all sections."""
        return tuple(row for section in self.sections for row in section.rows)

    @property
    def column_groups(self) -> tuple[tuple[str, int], ...]:
        """The headings above the columns, each with the number of columns it spans."""
        spans: list[tuple[str, int]] = []
        for column in self.columns:
            if spans and column.group and spans[-1][0] == column.group:
                spans[-1] = (column.group, spans[-1][1] + 1)
            else:
                spans.append((column.group, 1))
        return tuple(spans)

    def note_number(self, note: str) -> int:
        """Return the number of a footnote, counting from 1."""
        return self.notes.index(note) + 1


def simple_table(
    title: str, columns: tuple[Column, ...], rows: Sequence[tuple[str, ...]], caption: str = ""
) -> Table:
    """Make a table of plain texts without sections."""
    made = tuple(Row(tuple(Entry(text) for text in row)) for row in rows)
    return Table(title, columns, (Section("", made),), caption)


def text_columns(*names: str) -> tuple[Column, ...]:
    """Make columns of texts."""
    return tuple(Column(name, numeric=False) for name in names)
