"""The results site: each page is there, and every link leads to one that is."""

from __future__ import annotations

import posixpath
import re
from urllib.parse import urlsplit

import pytest

from bench.site.site import VERDICTS, site
from tests.unit.reporters.synthetic import full_analysis
from tests.unit.reporters.telling import report_of

FILES = {
    "README.md": b"# Use it\n\n[measure](docs/one.md#two-words) [code](bench/cli) [x](https://a.b/c.md)",
    "docs/one.md": b"# One\n\n## Two words!\n\n| a | b |\n|---|---|\n| 1 | `2` |\n\n"
    b"[back](../README.md) ![curve](plots/curve.svg) [here](#two-words)",
    "docs/trust.md": b"# Trust",
    "docs/plots/curve.svg": b"<svg/>",
    VERDICTS: b"# Verdicts\n\n[the run](../somewhere/report.md)",
}


@pytest.fixture(scope="module")
def pages() -> dict[str, bytes]:
    return dict(site([report_of(full_analysis())], FILES))


def addresses(page: bytes) -> list[str]:
    return re.findall(r'(?:href|src)="([^"]*)"', page.decode())


def test_every_document_run_and_picture_is_there(pages: dict[str, bytes]) -> None:
    run_id = full_analysis().run.run_id
    assert sorted(pages) == sorted(
        [
            "README.html",
            "docs/one.html",
            "docs/plots/curve.svg",
            "docs/trust.html",
            "index.html",
            "reports/reference/verdicts.html",
            f"reports/{run_id}/report.html",
        ]
    )


def test_every_link_leads_to_a_page_of_the_site(pages: dict[str, bytes]) -> None:
    lost = []
    for path, content in pages.items():
        for address in map(urlsplit, addresses(content)):
            target = posixpath.normpath(posixpath.join(posixpath.dirname(path), address.path))
            if not address.scheme and address.path and target not in pages:
                lost.append((path, target))
    assert lost == []


def test_a_link_elsewhere_stays_and_one_that_leads_nowhere_is_text(pages: dict[str, bytes]) -> None:
    page = pages["README.html"].decode()
    assert 'href="https://a.b/c.md"' in page
    assert "<span>code</span>" in page
    assert "<span>the run</span>" in pages["reports/reference/verdicts.html"].decode()


def test_a_heading_can_be_linked_to(pages: dict[str, bytes]) -> None:
    assert 'href="docs/one.html#two-words"' in pages["README.html"].decode()
    assert '<h2 id="two-words">' in pages["docs/one.html"].decode()


def test_the_front_page_shows_each_answer_as_text(pages: dict[str, bytes]) -> None:
    analysis = full_analysis()
    page = pages["index.html"].decode()
    assert f'href="reports/{analysis.run.run_id}/report.html"' in page
    assert page.count("<li>") >= len(analysis.answer.sentences[:4])
    assert "<b>" not in page
