"""Pages, or parts of them, on a screen. No text is read as markup."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

from rich import box
from rich.console import Console, RenderableType
from rich.console import Group as Stack
from rich.table import Table as Grid
from rich.text import Text as Line

from bench.report.page import Block, Bullets, Code, Details, Facts, Section, Text
from bench.report.table import Badge, Entry, Table
from bench.report.text import plain, spans

_LOOKS = {
    "lead": "bold",
    "about": "dim",
    "good": "green",
    "warning": "yellow",
    "bad": "bold red",
}
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


def natural_width(table: Table) -> int:
    """Return how wide ``table`` is where nothing is cut or folded."""
    console = Console(width=10_000, file=io.StringIO())
    return console.measure(_grid(table)).maximum


def _lines(blocks: Iterable[Block]) -> Iterator[RenderableType]:
    for block in blocks:
        match block:
            case Text():
                yield _line(block.text, _LOOKS.get(block.look, ""), is_cut=block.is_cut)
            case Bullets():
                yield from (_line(f"• {item}") for item in block.items if item)
            case Facts():
                yield from (_line(f"{name}: {value}") for name, value in block.pairs)
            case Code():
                yield Line(block.text)
            case Table():
                if block.title:
                    yield _line(block.title, "bold")
                yield _grid(block)
                for at, note in enumerate(block.notes, start=1):
                    yield _line(f"[{at}] {note}", is_cut=True)
            case Section() | Details():
                yield _line(block.title, "bold")
                yield from _lines(block.blocks)


def _line(text: str, style: str = "", *, is_cut: bool = False) -> Line:
    line = Line(style=style, no_wrap=is_cut, overflow="ellipsis" if is_cut else "fold")
    for look, part in spans(text):
        line.append(part, style=_SPANS.get(look, ""))
    return line


def _grid(table: Table) -> Grid:
    """Return a table whose columns of data keep to one line, or whose texts share the width."""
    is_data = table.look == "data"
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
    if entry.struck:
        return Line(f"~~{plain(text)}~~", style="strike")
    line = _line(text, _BADGES.get(entry.badge, ""))
    return line.append(f" [{table.note_number(entry.note)}]") if entry.note else line
