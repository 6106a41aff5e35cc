from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bench.report.groups import groups_of
from bench.report.markdown import escaped, fenced
from bench.report.markdown import markdown as page_text
from bench.report.page import Details, Page, Text
from bench.report.table import Entry, Table, table
from bench.report.tables.cells import group_tables
from bench.report.text import code
from bench.scenario.quantity import DURATIONS, choose_scale, interval, number
from tests.unit.reporters import synthetic
from tests.unit.reporters.telling import markdown

FULL = synthetic.full_analysis()
TEXT = markdown(FULL)


def set_alone(content: Table) -> str:
    """Return the table without the page around it."""
    return page_text(Page("P", (content,))).removeprefix("# P\n\n").rstrip()


def test_a_line_break_and_a_pipe_do_not_break_a_table() -> None:
    content = table("A | title", ("a|b", "c"), [("x|y\nz", "<b>")])
    head, _, *lines = set_alone(content).splitlines()
    assert head == "## A \\| title"
    assert lines == ["| a\\|b | c |", "| --- | --- |", "| x\\|y<br>z | &lt;b&gt; |"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*a* _b_ `c`", "\\*a\\* \\_b\\_ \\`c\\`"),
        ("[x](y) [x][y] [x]: y [1, 2]", "[x\\](y) [x\\][y] [x\\]: y [1, 2]"),
        ("~~z~~ $m$", "\\~\\~z\\~\\~ \\$m\\$"),
        ("52.8 [46.6, 56.4]", "52.8 [46.6, 56.4]"),
        ("<script>&amp;", "&lt;script&gt;&amp;amp;"),
        ("- item", "\\- item"),
        ("1. item", "&#49;. item"),
        ("12) item", "&#49;2) item"),
        ("# heading", "\\# heading"),
        ("1 500 per second", "1 500 per second"),
        ("back\\slash", "back\\\\slash"),
    ],
)
def test_markup_in_data_is_escaped(text: str, expected: str) -> None:
    assert expected == escaped(text)


def test_a_fence_is_longer_than_any_inside() -> None:
    assert fenced("a ```` b", "toml") == "`````toml\na ```` b\n`````"


def test_notes_are_numbered_once_and_listed_below() -> None:
    noted = (("a", "x"), ("b", "y"), ("c", "x"))
    set_table = set_alone(table("T", ("n",), [[Entry(text, note=note)] for text, note in noted]))
    assert "| a (1) |\n| b (2) |\n| c (1) |\n\n1. x\n2. y" in set_table


def test_all_rows_of_a_table_have_as_many_columns_as_its_head() -> None:
    widths: list[int] = []
    for line in TEXT.splitlines():
        if not line.startswith("|"):
            widths = []
            continue
        widths.append(len(re.split(r"(?<!\\)\|", line)))
        assert widths[0] == widths[-1], line


def test_the_numbers_of_a_row_come_from_the_analysis() -> None:
    group = groups_of(FULL)[1]
    cell = next(cell for cell in group.cells if cell.subject == "redis-always")
    names = [f"put.response.{statistic}" for statistic in ("p50", "p90", "p99")]
    values = [other.value(name) for other in group.cells for name in names]
    scale = choose_scale(values, DURATIONS)
    expected = []
    for name in names:
        found = cell.estimates[name]
        assert found.value is not None
        between = interval(found.low, found.high, scale)
        expected.append(f"{number(found.value / scale.factor)} {between}")
    section = TEXT.split("### steps · 1k · many · selector")[1].split("\n### ")[0]
    of_put = section.split("**Write a checkpoint (put)**")[1]
    row = next(line for line in of_put.splitlines() if line.startswith("| redis-always"))
    cells = [text.strip() for text in row.replace("\u00a0", " ").split("|")][4:7]
    assert [text.replace("\u00a0", " ") for text in expected] == cells
    head = next(line for line in of_put.splitlines() if line.startswith("| subject"))
    assert f"response time p50 ({scale.name})" in head


def test_every_finding_is_told_with_its_remedy() -> None:
    for finding in FULL.findings:
        assert f"{finding.severity.upper()}: {escaped(finding.meaning.rstrip('.'))}" in TEXT
        assert escaped(finding.message) in TEXT
        assert escaped(finding.advice) in TEXT
        assert escaped(finding.meaning) in TEXT
    assert TEXT.index("INVALID: ") < TEXT.index("WARNING: ") < TEXT.index("NOTE: ")


def test_invalid_numbers_are_struck_out_and_explained() -> None:
    section = TEXT.split("### steps · 1k · many · selector")[1].split("\n### ")[0]
    row = next(line for line in section.splitlines() if "postgres-sync" in line)
    entries = [text.strip() for text in row.split("|")][1:-1]
    struck = [text.startswith("~~") for text in entries]
    measured = [text not in {"fsync", "–"} for text in entries]
    assert measured == struck
    assert f"must not be used: {escaped(synthetic.INVALID)}" in section


def test_ratios_of_invalid_cells_are_struck_out() -> None:
    ratios = TEXT.split("## Every ratio")[1].split("## Every number")[0]
    rows = [line for line in ratios.splitlines() if line.startswith("| postgres-sync |")]
    struck = [line for line in rows if "~~" in line]
    assert struck
    assert struck == [line for line in rows if "1k · many · selector" in line]


def test_the_first_screen_has_the_answer_the_doubts_and_the_map() -> None:
    first = TEXT.split("## Which saver runs on which loop")[0]
    assert f"> **{escaped(FULL.answer.headline)}**" in first
    assert "> [!WARNING]\n> **This run is coarse.**" in first
    row = next(line for line in first.splitlines() if line.startswith("| sqlite | postgres |"))
    assert re.search(r"\| \*\*1\.7× faster\*\*<br>1\.4 – 1\.9 \|", row)


def test_comparisons_of_different_promises_stand_apart() -> None:
    first, _, across = TEXT.partition("<summary>Pairs with other promises</summary>")
    assert "÷ fsync" not in first
    assert "price of the stronger promise" in across
    assert "| memory | postgres | volatile ÷ fsync |" in across.split("</details>")[0]


def test_what_cannot_be_estimated_says_so_with_its_reason() -> None:
    assert "not estimable (" in TEXT
    assert escaped(synthetic.WHY_NOT) in TEXT


def test_what_was_not_measured_is_listed_with_class_and_text() -> None:
    missing = TEXT.split("## What was not measured")[1].split("\n## ")[0]
    assert escaped(synthetic.NASTY.split("\n")[0]) in missing
    assert "OperationalError: disk I/O error" in missing
    assert "| TimeoutError | 7 |" in missing


def test_nothing_foreign_is_markup() -> None:
    outside = re.sub(r"```toml.*?```|````toml.*?````", "", TEXT, flags=re.DOTALL)
    tags = set(re.findall(r"<[^>]+>", outside))
    assert {"<br>", "<details>", "</details>", "<summary>", "</summary>"} >= tags


def test_the_scenario_stands_verbatim_and_the_run_is_identified() -> None:
    assert FULL.run.scenario_text.rstrip() in TEXT
    assert "checkpoint-bench run savers.toml  # wherever the scenario's file lies" in TEXT
    for value in (FULL.run.run_id, FULL.run.scenario_digest, "4b5761b (with uncommitted changes)"):
        assert value in TEXT


def test_a_command_takes_a_name_with_blanks_as_one() -> None:
    run = replace(FULL.run, scenario_name="a (b)")

    assert "checkpoint-bench run 'a (b).toml'  # " in markdown(replace(FULL, run=run))


def test_the_matrix_has_every_subject_and_says_why_one_cannot_run() -> None:
    matrix = TEXT.split("## Which saver runs on which loop")[1].split("\n## ")[0]
    lines = [line for line in matrix.splitlines() if line.startswith("|")]
    rows = {line.split("|")[1].split(":")[0].strip(): line for line in lines}
    assert set(synthetic.SUBJECTS) <= set(rows)
    assert "✓" in rows["memory"]
    assert "| unsupported: InterfaceError: Psycopg cannot use" in rows["postgres"]
    assert rows["null"].count("| not planned") == 2
    assert "proactor (emulated)" in rows["subject"]


@pytest.mark.parametrize("name", ["a`b", "a|b", "a`b|c"])
def test_what_cannot_stand_in_code_is_escaped_instead(name: str) -> None:
    assert escaped(code(name)) == escaped(name)


def test_the_title_of_what_is_folded_is_html() -> None:
    folded = Details(f"trials of a_b, {code('c')}\n<d>", (Text("e_f"),))

    told = page_text(Page("P", (folded,)))

    assert "<details><summary>trials of a_b, c &lt;d&gt;</summary>\n\ne\\_f\n\n</details>" in told


def test_a_condition_in_which_all_failed_has_a_column_for_the_reason() -> None:
    (table, *_) = group_tables(groups_of(synthetic.nothing_measured())[0])
    head, _, first, *_ = set_alone(table).splitlines()[2:]

    assert head.endswith("| reason |")
    assert first.endswith("| missing: no trial has a record |")
    assert head.count("|") == first.count("|")
