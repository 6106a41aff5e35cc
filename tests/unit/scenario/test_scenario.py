"""Reading a scenario: what is right is read, what is wrong is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.errors import InputError
from bench.scenario.arrival import Closed, Constant
from bench.scenario.scenario_file import load_scenario, parse_scenario

SCENARIOS = Path(__file__).parents[3] / "scenarios"

TEXT = """
schema_version = 2
question = "Which?"
seed = 3
repetitions = 2
warmup_s = 0.1
duration_s = 0.2

[baseline]
subjects = ["plain"]

[subjects.plain]
use = "memory"

[subjects.again]
same_as = "plain"

[workloads.steps]
use = "append_steps"

[payloads.small]
use = "messages"

[arrivals.one]
kind = "closed"
clients = 1

[arrivals.rate]
kind = "constant"
rate_per_s = 100

[sweeps.all]
subjects = ["plain", "again"]
workloads = ["steps"]
payloads = ["small"]
arrivals = ["one", "rate"]
loops = ["selector"]
"""


def test_a_scenario_is_read() -> None:
    scenario = parse_scenario(TEXT, "f.toml")

    assert Closed(kind="closed", clients=1) == scenario.arrivals["one"]
    assert Constant(kind="constant", rate_per_s=100.0) == scenario.arrivals["rate"]
    assert scenario.resolve("again").use == "memory"


def test_layout_and_comments_do_not_change_the_digest() -> None:
    other = parse_scenario("# a comment\n" + TEXT.replace("seed = 3", "seed   =   3"), "g.toml")

    assert parse_scenario(TEXT, "f.toml").digest() == other.digest()


def test_what_changes_a_number_changes_the_digest() -> None:
    other = parse_scenario(TEXT.replace("duration_s = 0.2", "duration_s = 0.3"), "f.toml")

    assert parse_scenario(TEXT, "f.toml").digest() != other.digest()


def test_what_only_judges_numbers_does_not_change_the_digest() -> None:
    other = parse_scenario(TEXT.replace("seed = 3", "seed = 3\nsmallest_effect = 0.05"), "f.toml")

    assert other.smallest_effect == 0.05
    assert parse_scenario(TEXT, "f.toml").smallest_effect == 0.1
    assert parse_scenario(TEXT, "f.toml").digest() == other.digest()


@pytest.mark.parametrize("share", ["0", "1.1", "-0.1"])
def test_the_smallest_effect_is_a_share(share: str) -> None:
    with pytest.raises(InputError, match="smallest_effect"):
        parse_scenario(TEXT.replace("seed = 3", f"seed = 3\nsmallest_effect = {share}"), "f.toml")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("repetitions", "repetition", "unknown key 'repetition'. Did you mean 'repetitions'?"),
        ("clients = 1", "client = 1", "unknown key 'arrivals.one.client'. Did you mean 'clients'?"),
        ("clients = 1", "clients = '1'", "arrivals.one.clients = '1': Input should be a valid int"),
        ("clients = 1", "", "the key 'arrivals.one.clients' is missing"),
        ('kind = "closed"', 'kind = "close"', "'closed', 'constant'"),
        ("seed = 3", "seed = true", "seed = True: Input should be a valid integer"),
        ("seed = 3", "seed = 3 3", "not valid TOML"),
        ('"rate"]', '"rat"]', "sweeps.all.arrivals names 'rat', which is not defined"),
        (
            'kind = "constant"\nrate_per_s = 100',
            'kind = "search"\nrates_per_s = [9.0, 8.0]\nobjective = "cycle.response.p99 <= 0.1 s"',
            "expected rates_per_s in ascending order, each once",
        ),
        (
            'kind = "constant"\nrate_per_s = 100',
            'kind = "search"\nrates_per_s = [8.0, 9.0]\nobjective = "errors <= 0.1"',
            "arrivals.rate.objective = 'errors <= 0.1': expected a time at most, as in 'cycle.resp",
        ),
        ('same_as = "plain"', 'same_as = "plan"', "Did you mean 'plain'?"),
        ('same_as = "plain"', "", "subjects.again: give exactly one of 'use' and 'same_as'"),
        ('subjects = ["plain"]', 'subjects = ["plane"]', "Did you mean 'plain'?"),
        ("[baseline]", "[baseline]\nloop = 'selector'", "'subjects' or 'loop', not both"),
        (
            "[sweeps.all]",
            "[sweeps.loops]\nasid = true",
            "unknown key 'sweeps.loops.asid'. Did you mean 'aside'?",
        ),
        ("schema_version = 2", "schema_version = 3", "schema_version = 3: Input should be 2"),
        (
            '["steps"]',
            '["Steps"]',
            "sweeps.all.workloads.0 = 'Steps': expected a label: at most 41 ",
        ),
        ("subjects.again", "subjects.'a gain'", "subjects, 'a gain': expected a label: at most"),
        ('["selector"]', '[""]', "sweeps.all.loops.0 = ''"),
        ('["steps"]', '["steps", "steps"]', "sweeps.all.workloads names 'steps' more than once"),
        ("seed = 3", "seed = 3\nprobes = ['a', 'a']", "probes names 'a' more than once"),
        ("seed = 3", f"seed{'.a' * 2_000} = 3", "not valid TOML: maximum recursion depth"),
        ("seed = 3", f"seed = {'[' * 20_000}", "not valid TOML: maximum recursion depth"),
        ('"Which?"', r'"Which\u001b[2J?"', r"question: a text holds the control character \x1b;"),
        ("subjects.plain]", r'subjects."pl\u202eain"]', r"subjects.pl\u202eain: a text holds"),
    ],
)
def test_what_is_wrong_is_named_with_file_key_and_nearest_name(
    old: str, new: str, expected: str
) -> None:
    with pytest.raises(InputError) as caught:
        parse_scenario(TEXT.replace(old, new, 1), "f.toml")

    assert str(caught.value).startswith("f.toml: ")
    assert expected in str(caught.value)


def test_a_search_needs_one_repetition_to_pick_and_one_to_estimate() -> None:
    search = 'kind = "search"\nrates_per_s = [8.0, 9.0]\nobjective = "cycle.response.p99 <= 0.1 s"'
    text = TEXT.replace('kind = "constant"\nrate_per_s = 100', search)

    assert parse_scenario(text, "f.toml").arrivals_of(
        parse_scenario(text, "f.toml").sweeps["all"]
    ) == ("one", "rate@8", "rate@9")
    with pytest.raises(InputError) as caught:
        parse_scenario(text.replace("repetitions = 2", "repetitions = 1"), "f.toml")
    assert str(caught.value) == (
        "f.toml: sweeps.all: the search 'rate' needs 2 repetitions at least: "
        "one picks the rate, another estimates"
    )


def test_a_schedule_that_would_not_fit_into_memory_is_refused() -> None:
    text = TEXT.replace("rate_per_s = 100", "rate_per_s = 1e6").replace(
        "duration_s = 0.2", "duration_s = 60.0"
    )

    with pytest.raises(InputError) as caught:
        parse_scenario(text, "f.toml")

    assert str(caught.value) == (
        "f.toml: sweeps.all: 1e+06 cycles per second for 60.1 s (rate) are more than 10000000"
    )


def test_a_plan_that_would_not_fit_into_memory_is_refused() -> None:
    loops = ", ".join(f'"{number}"' for number in range(26))
    text = TEXT.replace("repetitions = 2", "repetitions = 1000").replace('"selector"', loops)

    with pytest.raises(InputError) as caught:
        parse_scenario(text, "f.toml")

    assert str(caught.value) == "f.toml: sweeps.all: it has 104000 trials, expected 100000 at most"


def test_a_loop_may_be_a_dotted_name() -> None:
    scenario = parse_scenario(TEXT.replace('"selector"', '"Their_package.loops:Loop"'), "f.toml")

    assert scenario.sweeps["all"].loops == ("Their_package.loops:Loop",)


def sweeps(second: str) -> str:
    """Return the scenario with its sweep and one that differs from it by ``second``."""
    of_all = TEXT[TEXT.index("[sweeps.all]") :]
    old, _, new = second.partition(" -> ")
    assert old in of_all
    return TEXT + of_all.replace("sweeps.all", "sweeps.other").replace(old, new)


def test_one_cell_in_two_sweeps_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        parse_scenario(sweeps('["one", "rate"] -> ["rate"]'), "f.toml")

    assert str(caught.value) == (
        "f.toml: sweeps.all and sweeps.other both measure "
        "again × steps × small × rate × selector; a cell may be measured by one sweep only"
    )


def test_two_sweeps_over_different_loops_are_right() -> None:
    scenario = parse_scenario(sweeps('["selector"] -> ["uvloop"]'), "f.toml")

    assert list(scenario.sweeps) == ["all", "other"]


def test_all_problems_are_told_at_once() -> None:
    text = TEXT.replace("question", "questoin").replace("clients = 1", "clients = 0")

    with pytest.raises(InputError) as caught:
        parse_scenario(text, "f.toml")

    assert len(str(caught.value).splitlines()) == 3


def test_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing.toml: cannot read the scenario: No such file"):
        load_scenario(tmp_path / "nothing.toml")


def test_a_binary_file_is_an_input_error(tmp_path: Path) -> None:
    path = tmp_path / "binary.toml"
    path.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(InputError, match="it is not UTF-8 text"):
        load_scenario(path)


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.toml")), ids=lambda path: path.stem)
def test_the_scenarios_of_the_project_are_right(path: Path) -> None:
    assert load_scenario(path).question.endswith("?")


SHORT = """
schema_version = 2
question = "Which?"
[subjects.plain]
use = "memory"
[subjects.again]
same_as = "plain"
[workloads.steps]
use = "append_steps"
"""


def test_what_a_scenario_leaves_out_is_filled_in() -> None:
    found = parse_scenario(SHORT, "f.toml")

    assert (found.seed, found.repetitions, found.warmup_s, found.duration_s) == (1, 5, 0.5, 1.0)
    assert found.payloads["1k"].use == "messages"
    assert found.arrivals == {"one": Closed(kind="closed", clients=1)}
    (sweep,) = found.sweeps.values()
    assert (sweep.subjects, sweep.workloads) == (("plain", "again"), ("steps",))
    assert (sweep.payloads, sweep.arrivals, sweep.loops) == (("1k",), ("one",), ("selector",))


def test_a_sweep_crosses_all_that_it_does_not_name() -> None:
    more = '[payloads.big]\nuse = "nested"\n[sweeps.all]\nsubjects = ["plain"]'
    (sweep,) = parse_scenario(SHORT + more, "f.toml").sweeps.values()

    assert (sweep.subjects, sweep.payloads, sweep.arrivals) == (("plain",), ("big",), ("one",))


def test_what_is_filled_in_has_the_digest_of_what_is_written_out() -> None:
    written = """
seed = 1
repetitions = 5
warmup_s = 0.5
duration_s = 1.0
[payloads.1k]
use = "messages"
options = { state_bytes = 1000 }
[arrivals.one]
kind = "closed"
clients = 1
[sweeps.all]
subjects = ["plain", "again"]
workloads = ["steps"]
payloads = ["1k"]
arrivals = ["one"]
loops = ["selector"]
"""
    head, tables = written.split("[payloads", 1)
    whole = (
        SHORT.replace('question = "Which?"', 'question = "Which?"' + head) + "[payloads" + tables
    )

    assert parse_scenario(whole, "f.toml").digest() == parse_scenario(SHORT, "f.toml").digest()


@pytest.mark.parametrize("missing", ["subjects", "workloads"])
def test_what_has_no_default_is_told_once(missing: str) -> None:
    kept = [part for part in SHORT.split("\n[") if not part.startswith(missing)]

    with pytest.raises(InputError) as caught:
        parse_scenario("\n[".join(kept), "f.toml")

    assert str(caught.value) == f"f.toml: the key {missing!r} is missing"
