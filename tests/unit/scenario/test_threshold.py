"""Thresholds in a scenario file: which cells they mean, and what is a bad scenario."""

from __future__ import annotations

import pytest

from bench.errors import InputError
from bench.gate.arms import Pair, two_interpreters, two_subjects
from bench.scenario.plan import arms_of, expand
from bench.scenario.scenario import Scenario
from bench.scenario.scenario_file import parse_scenario, scenario_text
from tests.unit.analysis.synthetic import scenario_text as made_up

TABLES = """
[arrivals.open]
kind = "constant"
rate_per_s = 10

[arrivals.searched]
kind = "search"
rates_per_s = [10.0, 20.0]
objective = "cycle.response.p99 <= 50 ms"

[sweeps.more]
subjects = ["a"]
workloads = ["steps"]
payloads = ["1k"]
arrivals = ["open", "searched"]
loops = ["selector"]
"""
BASELINE = '[baseline]\nsubjects = ["a"]'


def parsed(threshold: str, *, require: str = "errors == 0", top: str = "") -> Scenario:
    text = made_up(
        "a b b2=b",
        loops="selector uvloop",
        tables=f'{TABLES}\n[[thresholds]]\nrequire = ["{require}"]\n{threshold}\n{top}',
    )
    return parse_scenario(text, "made up")


def selected(threshold: str) -> list[str]:
    scenario = parsed(threshold)
    return [
        f"{cell.sweep} {cell.subject} {cell.arrival} {cell.loop}"
        for cell in arms_of(scenario)
        if scenario.thresholds[0].selects(cell)
    ]


def test_without_a_selector_all_that_the_plan_holds_is_selected() -> None:
    scenario = parsed("")
    trials = {(trial.sweep, *trial.cell) for trial in expand(scenario).trials}
    cells = [
        (cell.sweep, cell.subject, cell.workload, cell.payload, cell.arrival, cell.loop)
        for cell in arms_of(scenario)
        if scenario.thresholds[0].selects(cell)
    ]
    assert sorted(cells) == sorted(trials)


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        (
            'subjects = ["a"]\narrivals = ["some"]',
            ["all a some selector", "all a some uvloop"],
        ),
        ('arrivals = ["searched@20"]', ["more a searched@20 selector"]),
        (
            'arrivals = ["searched"]',
            ["more a searched@10 selector", "more a searched@20 selector"],
        ),
        ('sweeps = ["more"]\narrivals = ["open"]', ["more a open selector"]),
        ('subjects = ["b", "b2"]\nloops = ["uvloop"]', ["all b some uvloop", "all b2 some uvloop"]),
    ],
)
def test_selectors_are_joined(threshold: str, expected: list[str]) -> None:
    assert selected(threshold) == expected


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        ('subjects = ["bb"]', "thresholds.0.subjects names 'bb'.*Did you mean 'b'"),
        ('loops = ["uvlop"]', "thresholds.0.loops names 'uvlop'.*Did you mean 'uvloop'"),
        ('arrivals = ["searched@30"]', "Did you mean 'searched@20'"),
        ('sweeps = ["mor"]', "thresholds.0.sweeps names 'mor'.*Did you mean 'more'"),
        ("subjects = []", "thresholds.0.subjects = .*not empty"),
        ('subjects = ["b"]\narrivals = ["open"]', "thresholds.0 selects no cell"),
        (
            'subjects = ["a", "b"]\narrivals = ["open"]',
            "thresholds.0.subjects names 'b', which selects no cell",
        ),
        ('subject = ["a"]', "unknown key 'thresholds.0.subject'. Did you mean 'subjects'"),
        ('operation = "put"', "unknown key 'thresholds.0.operation'"),
        ('confidence = "high"', "thresholds.0.confidence = 'high'"),
    ],
)
def test_a_selector_that_selects_nothing_is_a_bad_scenario(threshold: str, expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        parsed(threshold)


def test_a_bad_requirement_names_its_place_and_what_was_expected() -> None:
    with pytest.raises(InputError) as caught:
        parsed("", require="cycle.response.p99 < 20 MB")

    assert str(caught.value) == (
        "made up: thresholds.0.require.0 = 'cycle.response.p99 < 20 MB': expected a time, as in "
        "20 ms: cycle.response.p99 is one"
    )


@pytest.mark.parametrize(
    ("threshold", "top", "expected"),
    [
        ('sweeps = ["all"]', "", r"expected a table \[baseline\] or \[families\]"),
        ('sweeps = ["all"]\nsubjects = ["a"]', BASELINE, "selects only the baseline or A/A arms"),
        ('sweeps = ["all"]\nsubjects = ["b2"]', BASELINE, "selects only the baseline or A/A arms"),
        ("", '[baseline]\nsubjects = ["b"]', "which sweeps.more does not measure"),
        ("", '[baseline]\nloop = "uvloop"', "which sweeps.more does not measure"),
    ],
)
def test_a_relative_limit_needs_a_baseline(threshold: str, top: str, expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        parsed(threshold, require="cycle.response.p50 <= 1.1 x baseline", top=top)


def test_a_relative_time_of_the_saver_under_an_open_load_is_refused() -> None:
    tables = (
        '[baseline]\nsubjects = ["a"]\n'
        '[[thresholds]]\nrequire = ["put.response.p50 <= 1.1 x baseline"]'
    )
    text = made_up("a b", arrival='kind = "constant"\nrate_per_s = 10', tables=tables)

    with pytest.raises(InputError, match=r"put\.response\.p50 .* open load 'some'"):
        parse_scenario(text, "made up")
    parse_scenario(text.replace("put.response", "cycle.response"), "made up")


def test_thresholds_are_no_part_of_the_digest() -> None:
    bare = parse_scenario(made_up("a b"), "bare")
    tables = '[[thresholds]]\nrequire = ["errors == 0"]'
    limited = parse_scenario(made_up("a b", tables=tables), "limited")

    assert limited.digest() == bare.digest()
    assert limited != bare


def test_a_scenario_with_thresholds_can_be_written_again() -> None:
    scenario = parsed('subjects = ["a"]\nconfidence = "interval"')
    assert parse_scenario(scenario_text(scenario), "again") == scenario


def test_a_worker_reads_the_same_scenario() -> None:
    scenario = parsed('subjects = ["a"]')
    assert Scenario.model_validate(scenario.model_dump()) == scenario
    assert Scenario.model_validate_json(scenario.model_dump_json()) == scenario


def test_a_gate_leaves_them_out() -> None:
    scenario = parsed('subjects = ["a", "b2"]')

    assert two_subjects(scenario, Pair("a", "b")).thresholds == ()
    assert two_interpreters(scenario)[0].thresholds == ()
