"""Pages, or parts of them, on a screen. No text is read as markup."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

from rich import box
from rich.console import Console, RenderableType
from rich.console import Group as Stack
from rich.table import Table as Grid
from rich.text import Text as Line

from bench.report.page import Block, Box, Bullets, Code, Details, Facts, Look, Section, Text
from bench.report.table import Badge, Entry, Table
from bench.report.text import plain, spans

_LOOKS = {"lead": "bold", "about": "dim", "good": "green", "warning": "yellow", "bad": "bold red"}
_SPANS = {"strong": "bold", "emphasis": "italic"}
_BADGES: dict[Badge, str] = {
    "absent": "dim",
    "better": "green",
    "worse": "yellow",
    "equivalent": "cyan",
    "measured": "green",
    "partly": "yellow",
    "unsupported": "red",
    "failed": "red",
    "missing": "red",
    "invalid": "red",
}


def renderable(blocks: Iterable[Block]) -> RenderableType:
    """Return what rich prints for ``blocks``."""
    return Stack(*_lines(blocks))


def screen_text(blocks: Iterable[Block], width: int) -> str:
    """Return ``blocks`` as plain text of ``width`` columns, without blanks at the ends of lines."""
    console = Console(
        file=io.StringIO(),
        width=width,
        color_system=None,
        force_terminal=False,
        legacy_windows=False,
    )
    with console.capture() as captured:
        console.print(renderable(blocks))
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def _lines(blocks: Iterable[Block]) -> Iterator[RenderableType]:
    for block in blocks:
        match block:
            case Text():
                yield _line(block.text, _LOOKS.get(block.look, ""))
            case Box():
                look: Look = "warning" if block.look == "doubt" else "lead"
                title = [Text(block.title, look)] if block.title else []
                yield from _lines((*title, Bullets(block.items)))
            case Bullets():
                yield from (_line(f"• {item}") for item in block.items if item)
            case Facts():
                yield from (_line(f"{name}: {value}") for name, value in block.pairs)
            case Code():
                yield Line(block.text)
            case Table():
                yield from _table(block)
            case Section() | Details():
                yield _line(block.title, "bold")
                yield from _lines(block.blocks)


def _table(table: Table) -> Iterator[RenderableType]:
    if table.title:
        yield _line(table.title, "bold")
    yield _grid(table)
    yield from (
        _line(f"[{at}] {note}", is_cut=True) for at, note in enumerate(table.notes, start=1)
    )


def _line(text: str, style: str = "", *, is_cut: bool = False) -> Line:
    line = Line(style=style, no_wrap=is_cut, overflow="ellipsis" if is_cut else "fold")
    for look, part in spans(text):
        line.append(part, style=_SPANS.get(look, ""))
    return line


def _grid(table: Table) -> Grid:
    """Return a table whose columns of data keep to one line, or whose texts share the width."""
    is_data = table.look != "plain"
    if is_data:
        grid = Grid(box=box.SIMPLE_HEAD, padding=0, show_edge=False, pad_edge=False)
    else:
        grid = Grid(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 1, 0))
    last = len(table.columns) - 1
    for at, column in enumerate(table.columns):
        head = " ".join(part for part in (column.group, column.name) if part)
        grid.add_column(
            Line(f"{head}\n{column.unit}" if column.unit else head),
            justify="right" if column.numeric else "left",
            no_wrap=is_data,
            overflow="fold",
            ratio=1 if at == last and not is_data else None,
        )
    for section, rows in table.sections:
        if section:
            grid.add_row(_line(section, "bold"))
        for row in rows:
            rest = [Line(plain(row.rest))] if row.rest else []
            grid.add_row(*(_entry(table, entry) for entry in row.entries), *rest)
    return grid


def _entry(table: Table, entry: Entry) -> Line:
    text = " ".join(filter(None, (entry.text, entry.detail)))
    if entry.shade is not None:
        return _line(entry.text, _shade(entry))
    if entry.struck:
        return Line(f"~~{plain(text)}~~", style="strike")
    line = _line(text, _BADGES.get(entry.badge, ""))
    return line.append(f" [{table.note_number(entry.note)}]") if entry.note else line


def _shade(entry: Entry) -> str:
    """Return the colour of a place of a map: bold where it is shown, dim where it is not."""
    colour = "yellow" if (entry.shade or 0.0) > 0.0 else "blue"
    return f"dim {colour}" if entry.is_open else f"bold {colour}"
