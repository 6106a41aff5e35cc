"""The page in a browser: what it does, and what it must not do. Skipped where there is none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from bench.analysis.result import Analysis
from bench.report.ratios import ratio_anchor
from tests.unit.reporters import synthetic
from tests.unit.reporters.telling import html

pytest.importorskip("playwright", reason="the package playwright is not installed")

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chrome"))), "")
pytestmark = pytest.mark.skipif(not PROGRAM, reason="no Chromium is installed")
# Without its sandbox, which root must not have; it looks for nothing on a network.
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync")
SUBJECTS = {"postgres", "postgres-relaxed", "postgres-sync", "redis-always", "sqlite-normal"}


def small() -> Analysis:
    """Return a part that has a failed and an invalid cell."""
    full = synthetic.full_analysis()
    cells = [cell for cell in full.cells if cell.subject in SUBJECTS and cell.arrival != "one"]
    places = {(cell.subject, cell.condition) for cell in cells}
    compared = [
        each
        for each in full.comparisons
        if {(each.candidate, each.condition), (each.baseline, each.condition)} <= places
    ]
    return replace(full, cells=tuple(cells), comparisons=tuple(compared))


FULL = small()
# A4 across, less its margins, in pixels of 1/96 inch.
PRINTED_PX = 1032


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=PROGRAM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(html(FULL), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """Yield the page as it opens; whatever it says on its console fails the test."""
    said: list[str] = []
    with browser.new_page(viewport={"width": 1280, "height": 900}) as page:
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(address)
        yield page
    assert said == []


def number_in(text: str) -> float:
    return float(text.replace("\u00a0", "").split("[")[0])


def test_a_column_is_sorted_by_its_numbers_in_either_direction(page: Page) -> None:
    head = page.locator("#trials th", has_text="throughput")
    column = page.locator("#trials tbody td:last-child")

    head.get_by_role("button").click()
    rising = [number_in(text) for text in column.all_inner_texts()]
    head.get_by_role("button").click()
    falling = [number_in(text) for text in column.all_inner_texts()]

    assert len(set(rising)) > 10
    assert rising == sorted(rising)
    assert falling == rising[::-1]
    assert head.get_attribute("aria-sort") == "descending"


def test_a_filter_leaves_the_lines_that_have_every_word(page: Page) -> None:
    rows = page.locator("#trials tbody tr")
    page.locator("#trials input[type=search]").fill("sqlite-normal 50k")
    shown = rows.filter(visible=True).all_inner_texts()

    assert shown
    assert all("sqlite-normal" in text and "50k" in text for text in shown)
    page.locator("#trials input[type=search]").fill("")
    assert rows.filter(visible=True).count() == rows.count()


def test_a_ratio_leads_to_its_blocks_to_a_trial_to_one_operation_and_back(page: Page) -> None:
    page.locator(".map a", has_text="×").first.click()
    ratio = page.evaluate("decodeURIComponent(location.hash)")
    line = page.locator(f"[id='{ratio[1:]}']")
    assert line.filter(visible=True).count() == 1

    line.locator("td").nth(7).locator("a").nth(2).click()
    panel = page.locator("#operations")
    assert "block 3" in panel.locator("h3").inner_text()
    assert panel.locator("svg path[data-id]").count() == 30
    assert panel.locator("svg path.failed").count() == 1

    slowest = panel.locator("tbody tr").first
    slowest.locator("a").click()
    chosen = panel.locator("tbody tr.chosen")
    assert chosen.count() == panel.locator("path.chosen").count() == 1
    assert "put" in chosen.inner_text()
    assert "garbage collection 3" in chosen.inner_text()

    panel.locator(f".back a[href='{ratio}']").click()
    assert page.evaluate("decodeURIComponent(location.hash)") == ratio
    assert line.evaluate("line => line.getBoundingClientRect().bottom") <= 900


def test_an_address_leads_to_one_operation(browser: Browser, address: str) -> None:
    trial = FULL.cells[1].trial_ids[1]
    with browser.new_page() as page:
        page.goto(f"{address}#trial.{trial}.put.3")

        assert page.locator("#operations tr.chosen").inner_text().startswith("put")
        assert page.locator("#operations tr.chosen").is_visible()
        assert FULL.cells[1].subject in page.locator("#operations h3").inner_text()


def test_every_ratio_and_finding_has_an_address(page: Page) -> None:
    targets = set(page.locator("a.here").evaluate_all("all => all.map(a => a.hash.slice(1))"))

    assert {f"finding-{finding.code}" for finding in FULL.findings} <= targets
    assert {ratio_anchor(each) for each in FULL.comparisons} <= targets


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_keeps_a_reader_out(page: Page, scheme: Literal["light", "dark"]) -> None:
    page.emulate_media(color_scheme=scheme)
    # Conditions are alike, and so are lines of a table; axe takes long for each.
    page.locator("tbody").evaluate_all(
        "all => all.forEach(body => [...body.rows].slice(3).forEach(row => row.remove()))"
    )
    page.locator("[id^=condition-]").evaluate_all("all => all.slice(1).map(each => each.remove())")
    page.evaluate(f"location.hash = 'trial.{FULL.cells[0].trial_ids[0]}'")
    is_dark = page.evaluate(
        "getComputedStyle(document.body).backgroundColor.match(/\\d+/g)[0] < 128"
    )
    rules = ["wcag2a", "wcag2aa", "best-practice"] if scheme == "light" else ["color-contrast"]
    options = {"runOnly": rules, "resultTypes": ["violations"]}
    violations = Axe().run(page, options=options).response["violations"]
    grave = [each for each in violations if each["impact"] in ("serious", "critical")]

    assert page.locator("#operations > svg").count() == 1
    assert is_dark == (scheme == "dark")
    assert [(each["id"], each["nodes"][0]["html"][:200]) for each in grave] == []


def test_at_400_pixels_nothing_scrolls_sideways_and_every_ratio_is_in_sight(page: Page) -> None:
    page.set_viewport_size({"width": 400, "height": 800})
    page.locator("details").evaluate_all("all => all.forEach(each => { each.open = true; })")
    places = page.locator("main > .scroll td.worse, main > .scroll td.better")
    edges = places.evaluate_all(
        "all => all.flatMap(each => { const box = each.getBoundingClientRect();"
        " return [box.left, box.right, box.height]; })"
    )

    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    assert edges
    assert min(edges) > 0
    assert max(edges) <= 400


def test_at_400_pixels_a_ratio_leads_to_its_figure_and_outcome(page: Page) -> None:
    page.set_viewport_size({"width": 400, "height": 800})
    page.locator(".map a", has_text="×").first.click()
    ratio = page.evaluate("decodeURIComponent(location.hash)")
    cells = page.locator(f"[id='{ratio[1:]}'] > td")
    saver, figure, outcome, against = (
        cells.nth(at).evaluate("each => each.getBoundingClientRect().toJSON()")
        for at in (0, 4, 8, 1)
    )

    assert saver["bottom"] <= figure["top"]
    assert figure["bottom"] <= outcome["top"]
    assert outcome["bottom"] <= against["top"]
    assert all(each["left"] >= 0 and each["right"] <= 400 for each in (saver, figure, outcome))
    assert all(each["top"] >= 0 and each["bottom"] <= 800 for each in (saver, figure, outcome))


def test_printed_on_paper_nothing_is_cut(page: Page) -> None:
    page.set_viewport_size({"width": PRINTED_PX, "height": 700})
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    wide = page.locator("main *").evaluate_all(
        "(all, width) => all.filter(each => !each.closest('svg, pre, .footnotes')"
        " && each.getBoundingClientRect().right > width + 1)"
        ".map(each => each.outerHTML.slice(0, 100))",
        PRINTED_PX,
    )

    assert page.locator("details:not([open])").count() == 0
    assert wide == []
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
