"""The reference runs that are committed: compact, small together, with their reports."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from itertools import chain
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from bench.analysis.result import Analysis
from bench.claims.answers import with_claims
from bench.claims.claim import load_claims
from bench.claims.claim_scenario import measured_scenario
from bench.claims.judge import judge
from bench.claims.page import document
from bench.claims.page import schema as verdicts_schema
from bench.cli.judging import read_runs, scenarios_of
from bench.decide.decision import decide
from bench.decide.drivers import Drivers
from bench.decide.page import page
from bench.records.archive import ARCHIVE
from bench.records.reference_runs import reference_runs
from bench.records.store import Store
from bench.report.first_screen import with_options
from bench.report.groups import groups_of, subject_text
from bench.report.markdown import escaped, markdown
from bench.report.ratios import ratio_anchor, ratio_maps, ratio_tables
from bench.report.report import Report
from bench.report.tables.cells import group_tables
from bench.reporters.json_document import JsonDocument
from bench.reporters.json_document import schema as analysis_schema
from bench.scenario.toml_file import read_model

ROOT = Path(__file__).parents[1]
STORE = Store(ROOT / "results")
RUN_IDS = reference_runs(STORE)
CLAIMS = load_claims(ROOT / "claims")
MOST_BYTES = 20_000_000


def size_bytes(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


@cache
def references() -> Mapping[str, Analysis]:
    return read_runs(STORE, RUN_IDS, scenarios_of(CLAIMS))


def analysed(run_id: str) -> Analysis:
    return next(each for each in references().values() if each.run.run_id == run_id)


@pytest.mark.parametrize("run_id", RUN_IDS)
def test_a_reference_run_is_compact_and_complete(run_id: str) -> None:
    directory = STORE.directory / run_id
    assert sorted(path.name for path in directory.iterdir()) == [ARCHIVE, "run.json"]
    run = STORE.read(run_id)
    assert len(run.trials) == run.trials_expected


@pytest.mark.parametrize("run_id", RUN_IDS)
def test_the_published_report_answers_as_its_records_do_now(run_id: str) -> None:
    published = (ROOT / "reports" / run_id / "report.md").read_text(encoding="utf-8")
    analysis = with_claims(analysed(run_id), load_claims(ROOT / "claims"))

    assert analysis.answer.sentences
    for statement in (*analysis.answer.statements, *analysis.answer.doubts):
        assert escaped(with_options(statement.text)) in published


@pytest.mark.parametrize("run_id", RUN_IDS)
def test_nothing_whose_interval_excludes_1_is_called_equal(run_id: str) -> None:
    analysis = analysed(run_id)
    ratios = {ratio_anchor(each): each for each in analysis.comparisons}
    told = [*analysis.answer.sentences, *(each.text for each in analysis.answer.doubts)]

    assert not re.search(
        r"no difference|\b(the same|equal|alike)\b(?! saver| number stored)", " ".join(told)
    )
    published = (ROOT / "reports" / run_id / "report.md").read_text(encoding="utf-8")
    assert not re.search(
        r"(?<!Believe )no difference|not different|\b(is|are) (equal|alike)\b", published
    )
    for table in chain(*ratio_maps(analysis)):
        for entry in (entry for row in table.rows for entry in row.entries if entry.anchor):
            each = ratios[entry.anchor]
            is_shown = each.outcome in ("better", "worse", "equivalent") and each.effect.blocks > 2
            assert entry.is_open != is_shown
            assert entry.text.endswith("?") != is_shown
            assert ("range" in entry.detail) == (each.effect.blocks == 2)


@pytest.mark.parametrize("run_id", RUN_IDS)
def test_of_fewer_than_three_trials_there_is_a_range_and_no_interval(run_id: str) -> None:
    analysis = analysed(run_id)
    groups = groups_of(analysis)
    ratios = {ratio_anchor(each): each for each in analysis.comparisons}
    for row in (row for table in ratio_tables(analysis, groups) for row in table.rows):
        each, entry = ratios[row.anchor], row.entries[4]
        assert each.effect.blocks > 2 or entry.detail == "" or entry.detail[0].isalpha()
        assert each.effect.blocks > 2 or row.entries[-1].badge in ("unresolved", "invalid")
    for group in groups:
        few = {subject_text(cell) for cell in group.cells if len(cell.trial_ids) < 3}
        rows = [row for table in group_tables(group) for row in table.rows]
        told = [entry for row in rows if row.entries[0].text in few for entry in row.entries]
        assert [entry.detail for entry in told if entry.detail.startswith("[")] == []


def test_each_is_the_only_one_of_a_scenario_that_claims_name() -> None:
    wanted = {name for claim in CLAIMS for name in claim.scenarios}
    names = [STORE.read_record(run_id).scenario_name for run_id in RUN_IDS]
    found = [measured_scenario(name) for name in names]
    assert set(found) <= wanted
    assert len(found) == len(set(found))


def test_the_readme_counts_the_published_verdicts() -> None:
    published = json.loads(read("reports/reference/verdicts.json"))["verdicts"]
    counts = Counter(each["outcome"] for each in published)
    told = re.search(r"\[The verdicts\]\(.*?\): ([^.]*)\.", " ".join(read("README.md").split()))

    assert told is not None
    assert {*re.findall(r"(\d+) ([a-z ]+)", told[1])} == {
        (str(count), outcome) for outcome, count in counts.items()
    }
    assert counts["not measured"] == 0


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_published_verdicts_are_what_is_judged_now() -> None:
    verdicts = judge(CLAIMS, references())
    published = ROOT / "reports" / "reference" / "verdicts.json"

    assert document(verdicts) == published.read_bytes()


@pytest.mark.parametrize("run_id", RUN_IDS)
def test_each_analysis_is_as_its_schema_says(run_id: str) -> None:
    schema = Draft202012Validator(json.loads(analysis_schema()))
    (content,) = JsonDocument().render(Report(analysed(run_id))).values()

    assert [error.message for error in schema.iter_errors(json.loads(content))] == []


def test_the_published_verdicts_are_as_their_schema_says() -> None:
    schema = Draft202012Validator(json.loads(verdicts_schema()))
    published = ROOT / "reports" / "reference" / "verdicts.json"

    assert [error.message for error in schema.iter_errors(json.loads(published.read_bytes()))] == []


def test_the_published_decision_is_what_is_decided_now() -> None:
    published = next((ROOT / "reports").glob("*/decision.md"))
    run = STORE.read(published.parent.name)
    drivers = read_model(ROOT / "docs" / "drivers.example.toml", "the drivers", Drivers)
    sweeps = [name for name, sweep in run.scenario.sweeps.items() if not sweep.aside]
    text = markdown(page(decide(drivers, analysed(run.record.run_id), sweeps), ""))

    assert text == published.read_text(encoding="utf-8")


def test_together_they_are_small() -> None:
    assert sum(size_bytes(STORE.directory / run_id) for run_id in RUN_IDS) < MOST_BYTES
