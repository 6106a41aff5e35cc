"""The pages of the results site: answers, reports, verdicts and documents, linked together.

Everything but the reports is Markdown first, so that a page says what the file of the same name
says. A link to what the site does not hold is shown as text.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from bench.report.html import html
from bench.report.markdown import escaped
from bench.report.report import Report

FRONT_PAGE = "index.md"
VERDICTS = "reports/reference/verdicts.md"
_TITLE = "LangGraph checkpoint savers, measured"
_SENTENCES_OF_A_RUN = 4


def site(shown: Sequence[Report], files: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield each file of the site: its path, relative and with ``/``, and its content.

    Args:
        shown: the runs, in the order of the front page.
        files: path in the project → content; ``.md`` becomes a page, all else stays as it is.
            Markdown may hold HTML, which is not cleaned: these are documents of one's own.
    """
    reports = {f"reports/{each.analysis.run.run_id}/report.md": each for each in shown}
    paths = {FRONT_PAGE, *files, *reports}
    yield _as_html(FRONT_PAGE), _page(FRONT_PAGE, _front_page(shown, files), paths)
    for path, content in files.items():
        if path.endswith(".md"):
            yield _as_html(path), _page(path, content.decode("utf-8"), paths)
        else:
            yield path, content
    for path, report in reports.items():
        yield _as_html(path), html(report.page).encode()


def _front_page(shown: Sequence[Report], files: Mapping[str, bytes]) -> str:
    """Return what was asked and answered by each run, in Markdown."""
    lines = [f"# {_TITLE}", ""]
    for analysis in (report.analysis for report in shown):
        run = analysis.run
        lines += [f"## {escaped(analysis.question)}", ""]
        lines += [f"- {escaped(each)}" for each in analysis.answer.sentences[:_SENTENCES_OF_A_RUN]]
        facts = escaped(f"{run.started_at[:10]} · {run.environment.machine}")
        lines += ["", f"[The report](reports/{run.run_id}/report.md) · {facts}", ""]
    if VERDICTS in files:
        lines += ["## Do published claims hold?", "", f"[The verdicts]({VERDICTS})", ""]
    return "\n".join(lines)


def _as_html(path: str) -> str:
    return f"{path.removesuffix('.md')}.html"


def _page(path: str, text: str, paths: set[str]) -> bytes:
    """Return the page at ``path`` from its Markdown."""
    markdown = MarkdownIt("commonmark").enable("table")
    tokens = markdown.parse(text)
    title = _TITLE
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            opening.attrSet("id", _anchor(_words(inline)))
            title = _words(inline) if opening.tag == "h1" else title
        _lead(opening.children or (), posixpath.dirname(path), paths)
    environment = Environment(
        loader=PackageLoader("bench", package_path="."), autoescape=True, undefined=StrictUndefined
    )
    page = environment.get_template("site/document.html").render(
        title=title,
        root="../" * path.count("/"),
        verdicts=_as_html(VERDICTS) if VERDICTS in paths else "",
        content=Markup(markdown.renderer.render(tokens, markdown.options, {})),  # noqa: S704 - own
    )
    return page.encode()


def _words(inline: Token) -> str:
    return "".join(child.content for child in inline.children or ())


def _anchor(heading: str) -> str:
    """Return what GitHub makes of a heading, so that links within documents lead there, too."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _lead(tokens: Sequence[Token], directory: str, paths: set[str]) -> None:
    """Make links to documents lead to their pages, and take away those that would lead nowhere."""
    is_kept = True
    for token in tokens:
        if token.type == "link_open":
            address = urlsplit(str(token.attrGet("href")))
            target = posixpath.normpath(posixpath.join(directory, address.path))
            is_page = not address.scheme and target.endswith(".md")
            is_kept = bool(address.scheme or not address.path or target in paths)
            if is_page:
                token.attrSet("href", address._replace(path=_as_html(address.path)).geturl())
        if token.type.startswith("link_") and not is_kept:
            token.tag, token.attrs = "span", {}
