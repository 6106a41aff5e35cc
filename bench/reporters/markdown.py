"""``report.md``: the whole report as GitHub-flavoured Markdown, with the plots beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from bench.analysis.result import Analysis, Finding
from bench.contracts import Reporter
from bench.report.document import Document, make_document
from bench.report.markdown_text import escaped, fenced, table
from bench.report.plots import PLOTS, drawings, file_name
from bench.report.table import Table

_CELLS_IN_FINDING = 12


class Markdown(Reporter):
    """Sets the report in Markdown; its images are the files that the ``plots`` reporter writes."""

    def render(self, analysis: Analysis) -> Mapping[str, bytes]:
        """Return ``report.md``."""
        parts = _parts(make_document(analysis), drawings(analysis))
        return {"report.md": ("\n\n".join(parts) + "\n").encode()}


def _parts(document: Document, plots: Iterable[str]) -> Iterator[str]:
    yield f"# {escaped(document.title)}"
    yield f"**Question.** {escaped(document.question)}"
    yield "**Answer.**"
    yield _bullets(escaped(sentence) for sentence in document.answer)
    yield "**The run.**"
    yield _named(document.facts)
    yield "## Reasons to distrust a number"
    yield from (_finding(finding) for finding in document.findings)
    if not document.findings:
        yield document.without_findings
    yield table(document.matrix, "##")
    yield table(document.checks, "##")
    yield from _section("At a glance", document.glance)
    yield from _section("Ratios to the baseline", document.comparisons)
    yield "## Plots"
    names = list(plots)
    yield from (f"![{escaped(PLOTS[name].about)}]({file_name(name)})" for name in names)
    if not names:
        yield "There is nothing to plot."
    yield "## Every number, by condition"
    for condition in document.conditions:
        yield f"### {escaped(condition.title)}"
        yield _bullets(escaped(line) for line in condition.description)
        yield from (table(each, "####") for each in condition.tables if each.rows)
    yield from _section("What was not measured", document.not_measured, document.without_gaps)
    yield "## Methods"
    yield from (escaped(paragraph) for paragraph in document.methods)
    yield table(document.glossary, "###")
    yield "## Environment"
    yield table(document.subjects, "###")
    yield from (table(each, "###") for each in document.environment)
    yield "## Reproduce"
    yield fenced("\n".join(document.commands), "sh")
    yield _named(document.identity)
    yield "<details><summary>The scenario, verbatim</summary>"
    yield fenced(document.scenario_text, "toml")
    yield "</details>"


def _section(title: str, tables: tuple[Table, ...], empty: str = "Nothing.") -> Iterator[str]:
    yield f"## {title}"
    yield from (table(each, "###") for each in tables)
    if not tables:
        yield empty


def _finding(finding: Finding) -> str:
    lines = [f"### {finding.severity.upper()}: {escaped(finding.message)}"]
    rows = [("Code", finding.code), ("Meaning", finding.meaning), ("Remedy", finding.remedy)]
    if finding.cells:
        shown = ", ".join(finding.cells[:_CELLS_IN_FINDING])
        more = len(finding.cells) - _CELLS_IN_FINDING
        rows.append(("Cells", shown + (f", and {more} more (analysis.json)" if more > 0 else "")))
    lines.append(_named(rows))
    return "\n\n".join(lines)


def _named(rows: Iterable[tuple[str, str]]) -> str:
    return _bullets(f"**{name}:** {escaped(value)}" for name, value in rows)


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines if line)
