"""Pages as GitHub-flavoured Markdown. Every text is data: what Markdown would read is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from bench.printable import printable
from bench.report.page import (
    Block,
    Box,
    Bullets,
    Code,
    Details,
    Facts,
    Page,
    Picture,
    Section,
    Text,
)
from bench.report.table import OUTCOMES, Entry, Row, Table
from bench.report.text import one_line, plain, spans

# A bracket alone is text; "](", "][" and "]:" would make a link or the definition of one.
_SPECIAL = re.compile(r"([\\`*_{}#|~$]|\](?=[(\[:]))")
_LINE_START = re.compile(r"^(\s*)([-+]|\d+(?=[.)](?:\s|$)))")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_FRAMES = {"": "{}", "code": "`{}`", "strong": "**{}**", "emphasis": "*{}*"}


def markdown(page: Page, level: int = 1) -> str:
    """Return the whole text; the title is a heading of ``level``."""
    front = ["\n".join(("---", *page.front_matter, "---"))] if page.front_matter else []
    parts = [*front, _heading(page.title, level), *_blocks(page.blocks, level + 1)]
    if page.foot:
        parts.append(escaped(page.foot))
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """Return ``text`` on one line with everything escaped that Markdown or HTML would read."""
    return _LINE_START.sub(_escape_start, "".join(_spans(one_line(text))))


def _spans(text: str) -> Iterator[str]:
    for look, part in spans(text):
        # Neither can be escaped inside code.
        is_code = look == "code" and not set(part) & set("`|")
        set_part = part if is_code else _SPECIAL.sub(r"\\\1", part).translate(_ENTITIES)
        # GitHub gives anchors to headings alone, so that a link within tables would lead nowhere.
        yield _FRAMES.get("" if look == "code" and not is_code else look, "{}").format(set_part)


def _escape_start(match: re.Match[str]) -> str:
    sign = match[2]
    return match[1] + (f"&#{ord(sign[0])};{sign[1:]}" if sign[0].isdigit() else f"\\{sign}")


def _heading(text: str, level: int) -> str:
    return f"{'#' * level} {escaped(text)}"


def _blocks(blocks: Iterable[Block], level: int) -> Iterator[str]:
    for block in blocks:
        match block:
            case Text():
                yield ("> " if block.look == "quote" else "") + escaped(block.text)
            case Box():
                yield _box(block)
            case Bullets():
                yield _list(map(escaped, filter(None, block.items)))
            case Facts():
                pairs = (f"**{escaped(name)}:** {escaped(value)}" for name, value in block.pairs)
                yield _list(pairs)
            case Code():
                yield fenced(block.text, block.language)
            case Picture():
                # A file beside the page may not be kept with it; the page of one file has them.
                yield f"*Figure in report.html:* {escaped(block.about)}."
            case Table():
                yield from _table(block, level)
            case Details() | Section():
                yield from _nested(block, level)


def _box(box: Box) -> str:
    alert = ["> [!WARNING]"] if box.look == "doubt" else []
    items = (f"> - {escaped(item)}" for item in box.items)
    title = [f"> **{escaped(box.title)}**", ">"] if box.title else []
    return "\n".join((*alert, *title, *items))


def _nested(block: Details | Section, level: int) -> Iterator[str]:
    if isinstance(block, Details):
        # Markdown is not read inside of it.
        title = plain(one_line(block.title)).translate(_ENTITIES)
        yield f"<details><summary>{title}</summary>"
        yield from _blocks(block.blocks, level)
        yield "</details>"
        return
    before = f"{block.severity.upper()}: " if block.severity else ""
    yield _heading(before + block.title, level)
    yield from _blocks(block.blocks, level + 1)


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def fenced(text: str, language: str) -> str:
    """Return ``text`` verbatim in a code block whose fence is longer than any inside it."""
    text = printable(text)
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _table(table: Table, level: int) -> Iterator[str]:
    """Set one block for each section, the footnotes beneath."""
    if table.fold == "closed":
        yield from _nested(Details(table.title, (replace(table, title="", fold=""),)), level)
        return
    if table.title:
        # The same few stand under each condition: as headings they would have the same anchors.
        yield f"**{escaped(table.title)}**" if table.fold else _heading(table.title, level)
    if table.caption:
        yield escaped(table.caption)
    if not table.rows:
        yield "Nothing."
    for section, rows in table.sections:
        if section:
            yield f"**{escaped(section)}**"
        names = [_cell_text(column.full_name) or " " for column in table.columns]
        rules = ["---:" if column.numeric else "---" for column in table.columns]
        lines = [names, rules, *(_row(table, row) for row in rows)]
        yield "\n".join(f"| {' | '.join(line)} |" for line in lines)
    if table.notes:
        yield "\n".join(f"{at}. {escaped(note)}" for at, note in enumerate(table.notes, start=1))


def _row(table: Table, row: Row) -> list[str]:
    entries = [_entry(table, entry) for entry in row.entries]
    if row.rest:
        entries.append(_cell_text(row.rest))
    return entries + [""] * (len(table.columns) - len(entries))


def _entry(table: Table, entry: Entry) -> str:
    text, detail = _cell_text(entry.text), _cell_text(entry.detail)
    if entry.shade is not None:
        text = text if entry.is_open else f"**{text}**"
        return f"{text}<br>{detail}" if detail else text
    if entry.anchor and table.look == "plain":
        text = f"[{text}](#{entry.anchor})"
    if detail:
        # An interval follows its value; words explain what stands before them.
        text += f" {detail}" if detail.startswith("[") else f": {detail}"
    if entry.badge in OUTCOMES:
        text += f" {entry.badge_text or entry.badge}"
    if entry.struck and text:
        text = f"~~{text}~~"
    return f"{text} ({table.note_number(entry.note)})" if entry.note else text


def _cell_text(text: str) -> str:
    """Escape ``text`` for a table's cell; a line break becomes ``<br>``, the only tag there is."""
    return "<br>".join(escaped(line) for line in printable(text).split("\n"))
