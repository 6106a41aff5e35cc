"""Setting texts and tables in GitHub-flavoured Markdown; every text that comes in is data."""

from __future__ import annotations

import re

from bench.printable import printable
from bench.report.format import one_line
from bench.report.table import Entry, Row, Table

# A bracket alone is text; "](", "][" and "]:" would make a link or the definition of one.
_SPECIAL = re.compile(r"([\\`*_{}#|~$]|\](?=[(\[:]))")
_LINE_START = re.compile(r"^(\s*)([-+]|\d+(?=[.)](?:\s|$)))")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def escaped(text: str) -> str:
    """Return ``text`` on one line with everything escaped that Markdown or HTML would read."""
    text = _SPECIAL.sub(r"\\\1", one_line(text))
    text = "".join(_ENTITIES.get(character, character) for character in text)
    return _LINE_START.sub(_escape_start, text)


def _escape_start(match: re.Match[str]) -> str:
    sign = match[2]
    return match[1] + (f"&#{ord(sign[0])};{sign[1:]}" if sign[0].isdigit() else f"\\{sign}")


def fenced(text: str, language: str) -> str:
    """Return ``text`` verbatim in a code block whose fence is longer than any inside it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def table(content: Table, heading: str) -> str:
    """Set a table under ``heading`` (``###``…), one block for each section, footnotes beneath."""
    parts = [f"{heading} {escaped(content.title)}"]
    if content.caption:
        parts.append(escaped(content.caption))
    if not content.rows:
        parts.append("Nothing.")
    for section in content.sections:
        if section.heading:
            parts.append(f"**{escaped(section.heading)}**")
        if section.rows:
            parts.append(_rows(content, section.rows))
    if content.notes:
        numbered = (f"{at}. {escaped(note)}" for at, note in enumerate(content.notes, start=1))
        parts.append("\n".join(numbered))
    return "\n\n".join(parts)


def _rows(content: Table, rows: tuple[Row, ...]) -> str:
    names = [_cell_text(column.full_name) or " " for column in content.columns]
    rules = ["---:" if column.numeric else "---" for column in content.columns]
    lines = [names, rules, *(_row(content, row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _row(content: Table, row: Row) -> list[str]:
    set_entries = [_entry(content, entry) for entry in row.entries]
    if row.rest:
        set_entries.append(_cell_text(row.rest))
    return set_entries + [""] * (len(content.columns) - len(set_entries))


def _entry(content: Table, entry: Entry) -> str:
    text, detail = _cell_text(entry.text), _cell_text(entry.detail)
    if detail:
        # An interval follows its value; words explain what stands before them.
        text += f" {detail}" if detail.startswith("[") else f": {detail}"
    if entry.badge in {"better", "worse", "equivalent", "unresolved"}:
        text += f" {entry.badge}"
    if entry.struck and text:
        text = f"~~{text}~~"
    return f"{text} ({content.note_number(entry.note)})" if entry.note else text


def _cell_text(text: str) -> str:
    """Escape ``text`` for a table's cell; a line break becomes ``<br>``, the only tag there is."""
    return "<br>".join(escaped(line) for line in printable(text).split("\n"))
