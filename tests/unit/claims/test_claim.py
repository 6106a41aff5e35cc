"""Reading claims: what is right is read, what is wrong is named, and nothing is left out."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from bench.claims.claim import (
    Bound,
    ClaimsFile,
    Judgement,
    Ratio,
    Scaling,
    chosen,
    claims_of,
    load_claims,
)
from bench.errors import InputError
from bench.scenario.limits.limit import Range
from bench.scenario.metric import COUNTED, SAVER_OPERATIONS, counted_name, metric_names
from bench.scenario.scenario import Scenario
from bench.scenario.scenario_file import load_scenario
from bench.scenario.toml_file import parse_model

ROOT = Path(__file__).parents[3]
CLAIMS = load_claims(ROOT / "claims")
IDS = [
    "async-response-30-50",
    "async-keeps-loop-free",
    "async-serves-many",
    "pool-saves-connects",
    "pool-saves-memory",
    "fallback-always-works",
    "nothing-lost",
    "psycopg-refuses-proactor",
    "saver-per-conversation",
    "redis-write-10-100x",
    "redis-read-5-50x",
    "redis-under-1ms",
    "postgres-1-to-10ms",
    "redis-any-loop",
    "redis-no-pool-timeouts",
    "redis-more-memory",
    "redis-less-cpu",
    "redis-more-network",
    "redis-ttl-cleans",
    "redis-needs-modules",
    "redis-oom-refuses",
    "redis-simpler-at-scale",
    "jsonb-efficient",
    "autocommit-cheaper",
    "session-indexes-help",
    "restart-restores-all",
    "file-fallback-keeps-serving",
    "expiry-cleans",
    "to-thread-helps",
    "sync-bridge-safe",
    "delete-thread-complete",
    "empty-checkpoint-safe",
    "sqlite-never-blocks",
    "sqlite-write-ceiling",
    "sqlite-unclosed-hangs",
    "sqlite-has-blobs-table",
    "checkpoint-per-superstep",
    "history-complete",
    "large-values-apart",
    "postgres-for-production",
]
READINGS = (
    "network.bytes_per_checkpoint",
    *("loop_lag.p99", "worker.uss_peak", "server.pss_peak", "worker.cpu_share"),
    *("server.cpu_share", "stored.bytes", "stored.bytes_per_checkpoint"),
    *("stored.table.checkpoint_blobs", "stored.largest_row.checkpoints"),
    *("stored.largest_row.checkpoint", "stored.rows_per_checkpoint"),
)
JUDGEMENTS = [(claim.id, judgement) for claim in CLAIMS for judgement in claim.judgements]
TEXT = """
schema_version = 2
document = "S9"
file = "nine.txt"
system = "A saver"

[claims.fast-enough]
kind = "bound"
statement = "It is fast enough."
why = "Fast enough is 5 ms."

[[claims.fast-enough.bounds]]
scenario = "smoke"
subjects = ["memory"]
require = ["put.response.p50 <= 5 ms"]

[[claims.fast-enough.ratios]]
label = "at equal durability"
scenario = "smoke"
pairs = [{ candidate = "memory", baseline = "null" }]
require = ["put.response.p50 >= 0.5 x baseline and <= 2 x baseline"]
"""


def scenario_of(judgement: Judgement) -> Scenario:
    return load_scenario(ROOT / "scenarios" / f"{judgement.scenario}.toml")


def subjects_of(judgement: Judgement) -> set[str]:
    if isinstance(judgement, Ratio):
        return {name for pair in judgement.pairs for name in (pair.candidate, pair.baseline)}
    above = {judgement.above} if isinstance(judgement, Bound) and judgement.above else set[str]()
    return {*judgement.subjects, *above}


def test_every_claim_of_the_documents_is_there_once() -> None:
    assert sorted(claim.id for claim in CLAIMS) == sorted(IDS)


def test_the_documents_are_five() -> None:
    named = sorted({document for claim in CLAIMS for document in claim.documents})
    assert named == ["S0", "S1", "S2", "S3", "S4"]


@pytest.mark.parametrize(("claim_id", "judgement"), JUDGEMENTS, ids=lambda value: str(value)[:40])
def test_every_label_that_a_claim_names_is_measured(claim_id: str, judgement: Judgement) -> None:
    scenario = scenario_of(judgement)
    wanted = [
        *((subject, "subjects") for subject in subjects_of(judgement)),
        *((label, axis) for axis, labels in judgement.labels.items() for label in labels),
    ]
    if isinstance(judgement, Scaling):
        wanted += [(judgement.limit.of, "arrivals"), (judgement.limit.times, "arrivals")]
    measured = {
        (label, axis)
        for sweep in scenario.sweeps.values()
        for axis in ("subjects", "workloads", "payloads", "arrivals", "loops")
        for label in getattr(sweep, axis)
    }
    measured |= {(label, "sweeps") for label in scenario.sweeps}
    assert sorted(set(wanted) - measured) == []


@pytest.mark.parametrize(("claim_id", "judgement"), JUDGEMENTS, ids=lambda value: str(value)[:40])
def test_every_metric_that_a_claim_names_can_be_one(claim_id: str, judgement: Judgement) -> None:
    if isinstance(judgement, Ratio | Scaling | Bound):
        names = {name for limit in judgement.require for name in (*limit.parts, limit.per) if name}
        counted = {counted_name(*each) for each in product(SAVER_OPERATIONS, COUNTED)}
        assert names - counted - set(metric_names((), READINGS)) == set()


def test_what_compares_promises_is_judged_at_equal_durability_too() -> None:
    lacking = [
        claim.id
        for claim in CLAIMS
        if any(isinstance(each, Ratio) for each in claim.judgements)
        and not any(isinstance(each, Ratio) and each.equal_durability for each in claim.judgements)
    ]
    assert lacking == []


def test_a_file_is_read() -> None:
    (claim,) = claims_of(parse_model(TEXT, "f.toml", ClaimsFile))
    ratio, bound = claim.judgements

    assert (claim.id, claim.documents, claim.scenarios) == ("fast-enough", ("S9",), ("smoke",))
    assert isinstance(ratio, Ratio)
    assert isinstance(bound, Bound)
    assert (ratio.label, ratio.limit.range) == ("at equal durability", Range(0.5, 2.0))
    assert (bound.label, bound.limit.range.high) == ("as documented", 5e6)
    assert bound.limit.units == ("ns",)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("require", "requier", "bounds.0.requier'. Did you mean 'require'?"),
        ("[[claims.fast-enough.bounds]]", "[[claims.fast-enough.bound]]", "Did you mean 'bounds'?"),
        ("<= 5 ms", "", "expected a metric, a relation and a number"),
        ("<= 5 ms", "<= 5 mss", "bounds.0.require.0 = 'put.response.p50 <= 5 mss': expected a num"),
        ("<= 5 ms", "<= 5 x baseline", "expected a number with a unit, not 'baseline'"),
        ('<= 5 ms"', '<= 5 ms", "errors <= 1"', "limits that differ in the metric alone"),
        ("x baseline and", "x basline and", "expected two bounds of the same kind"),
        ("0.5 x baseline and <= 2 x baseline", "2 x basline", "Did you mean 'baseline'?"),
        (
            "0.5 x baseline and <= 2 x baseline",
            "2 x candidate",
            "one side as a multiple of another",
        ),
        ("0.5 x baseline and <= 2 x baseline", "2 ms", "one side as a multiple of another"),
        (">= 0.5 x", ">= 5 x", "expected the lower bound first"),
        ("scenario = ", "scenaro = ", "unknown key 'claims.fast-enough.bounds.0.scenaro'. Did you"),
        ('kind = "bound"', 'kind = "bond"', "claims.fast-enough.kind = 'bond'"),
        ('why = "Fast enough is 5 ms."', "", "the key 'claims.fast-enough.why' is missing"),
        ("[claims.fast-enough]", "[claims.Fast]", "expected a label"),
        ("schema_version = 2", "schema_version = 2 2", "not valid TOML"),
        ("schema_version = 2", "schema_version = 1", "docs/limits.md says how to renew the file"),
    ],
)
def test_what_is_wrong_is_named(old: str, new: str, expected: str) -> None:
    assert old in TEXT
    with pytest.raises(InputError) as caught:
        parse_model(TEXT.replace(old, new, 1), "f.toml", ClaimsFile)

    assert all(line.startswith("f.toml: ") for line in str(caught.value).splitlines())
    assert expected in str(caught.value)


RUNS = """
[[claims.fast-enough.runs]]
scenario = "smoke"
subjects = ["memory"]
loops = ["selector"]
"""


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ('expected = "failed"', "expected 'because' beside 'failed'"),
        ('expected = "failed"\nbecause = []', "expected 'because' beside 'failed'"),
        ('expected = "failed"\nbecause = [""]', "pieces of text that are not empty"),
        ('expected = "broken"', "'measured', 'unsupported' or 'failed'"),
    ],
)
def test_a_failure_that_is_expected_has_its_reason(more: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_model(TEXT + RUNS + more, "f.toml", ClaimsFile)

    assert expected in str(caught.value)


def test_controls_alone_judge_nothing() -> None:
    text = TEXT.replace('scenario = "smoke"', 'scenario = "smoke"\ncontrol = true')

    with pytest.raises(InputError, match="expected a judgement beside the controls"):
        parse_model(text, "f.toml", ClaimsFile)
    (claim,) = claims_of(parse_model(text.replace("control = true", "", 1), "f.toml", ClaimsFile))
    assert sorted(judgement.control for judgement in claim.judgements) == [False, True]


def test_a_claim_that_stands_in_two_files_is_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.toml").write_text(TEXT, encoding="utf-8")

    with pytest.raises(InputError, match=r"b\.toml: the claim 'fast-enough' stands in .*a\.toml"):
        load_claims(tmp_path)


def test_a_directory_without_claims_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no claims file"):
        load_claims(tmp_path)


def test_a_file_that_is_no_text_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(InputError, match=r"a\.toml: cannot read the claims: it is not UTF-8 text"):
        load_claims(tmp_path)


def test_claims_are_chosen_by_their_ids() -> None:
    found = chosen(CLAIMS, ["redis-any-loop", "async-serves-many"])

    assert [claim.id for claim in found] == ["async-serves-many", "redis-any-loop"]
    assert chosen(CLAIMS, []) == CLAIMS


def test_an_unknown_claim_names_the_nearest() -> None:
    with pytest.raises(InputError, match="Did you mean 'redis-any-loop'"):
        chosen(CLAIMS, ["redis-any-lop"])
