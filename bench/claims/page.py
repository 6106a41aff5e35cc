"""The verdicts: all claims for a screen and as JUnit; on a page also their maps and evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from bench.analysis.wording import counted
from bench.claims._words import AXES, value_of
from bench.claims.result import (
    ConditionOutcome,
    JudgedCondition,
    JudgementVerdict,
    Verdict,
    VerdictOutcome,
    Verdicts,
)
from bench.records.run import RunRecord
from bench.report.json_text import json_document, json_schema
from bench.report.junit import Case, Result, junit
from bench.report.page import Block, Bullets, Details, Page, Section, Text
from bench.report.table import Badge, Column, Entry, Table, table
from bench.report.text import code, emphasis, one_line, strong
from bench.scenario.quantity import ABSENT, span

SCHEMA_VERSION = 1
# How each is set, and what it is as a test.
_FORMS: dict[VerdictOutcome, tuple[Badge, Result]] = {
    "supported": ("measured", "pass"),
    "refuted": ("failed", "failure"),
    "invalid": ("invalid", "error"),
    "inconclusive": ("partly", "error"),
    "not measured": ("missing", "skipped"),
}
_SIGNS: dict[ConditionOutcome, str] = {
    "holds": "✓",
    "fails": "✗",
    "undecided": "?",
    "invalid": "invalid",
    "not measured": "not measured",
}
# Of more claims the page has the reasons.
_MOST_EXPLAINED = 3
_HOW = tuple(
    f"{emphasis(term)}: {text}"
    for term, text in {
        "Supported": "the whole interval lies in the claimed range under every condition, or under "
        "the share of them that the claim names.",
        "Refuted": "the whole interval lies outside under at least one condition, after allowance "
        "(Holm) for how many were tested. The claim does not hold in general; its maps show where "
        "it does.",
        "Inconclusive": "it was measured, and the intervals decide neither.",
        "Not measured": "there is no run to judge it on yet.",
        "Invalid": "a cell that it rests on is. Of several judgements the gravest counts.",
        "Control": "a case with a known answer. Where it fails, the judgements on its scenario "
        "decide nothing.",
        "Maps": "✓ inside the claimed range, ✗ outside, ? across its end, or no larger than the "
        "difference between two measurements of the same subject. Brackets hold the 95 % interval.",
        "MDE": "the minimum detectable effect, the factor that so many blocks, or trials, of such "
        "spread show in 80 of 100 runs, tested alone.",
        "Evidence": "the trials below each map; "
        f"{code('checkpoint-bench trial RUN TRIAL')} shows one of them.",
    }.items()
)


def document(verdicts: Verdicts) -> bytes:
    """Return ``verdicts.json``: everything, for programs."""
    return json_document(verdicts, SCHEMA_VERSION)


def schema() -> bytes:
    """Return the JSON Schema of ``verdicts.json``."""
    return json_schema(Verdicts, SCHEMA_VERSION, "verdicts.json of checkpoint-bench")


def suite(verdicts: Verdicts) -> bytes:
    """Return one JUnit case for each claim."""
    cases = (
        Case("claim", f"{v.claim}: {v.statement}", _FORMS[v.outcome][1], v.outcome, v.because)
        for v in verdicts.verdicts
    )
    return junit("checkpoint-bench verify", cases)


def screen(verdicts: Verdicts) -> tuple[Block, ...]:
    """Return one row for each claim that was judged, the names of the rest, and how many."""
    rows = (
        (
            Entry(each.outcome, badge=_FORMS[each.outcome][0]),
            "\n".join(filter(None, (each.figure, *_claimed(each), detectable_of(each)))),
            f"{each.claim}\n{one_line(each.statement)}",
        )
        for each in verdicts.verdicts
        if each.outcome != "not measured"
    )
    columns = ("verdict", "figure", "claim")
    missing = [each.claim for each in verdicts.verdicts if each.outcome == "not measured"]
    explained = verdicts.verdicts if len(verdicts.verdicts) <= _MOST_EXPLAINED else ()
    return (
        table("", columns, rows, look="plain"),
        *(Text(f"{each.claim}: {each.because}.") for each in explained),
        *([Text(f"Not measured: {', '.join(missing)}.")] if missing else ()),
        Text(summary(verdicts), "lead"),
    )


def page(verdicts: Verdicts, runs: Mapping[str, RunRecord]) -> Page:
    """Return the whole page; ``runs`` are those that were judged, by scenario."""
    return Page("Published claims, judged", tuple(_blocks(verdicts, runs)))


def _blocks(verdicts: Verdicts, runs: Mapping[str, RunRecord]) -> Iterator[Block]:
    yield Text(strong(f"{summary(verdicts)}."))
    columns = ("claim", "statement", "from", "verdict", "figure", "what must hold")
    yield table("", columns, map(_row, verdicts.verdicts), look="plain")
    if runs:
        rows = (
            (name, run.run_id, run.environment.machine, run.environment.commit[:7] or ABSENT)
            for name, run in sorted(runs.items())
        )
        of_run = ("scenario", "run", "machine", "commit")
        yield table("The runs that were judged", of_run, rows, look="plain")
    yield Details("How claims are judged", (Bullets(_HOW),))
    for verdict in verdicts.verdicts:
        yield Section(verdict.claim, tuple(_section(verdict)), anchor=verdict.claim)


def summary(verdicts: Verdicts) -> str:
    """Count the verdicts by outcome."""
    words: dict[str, str] = {outcome: outcome for outcome in _FORMS}
    return tally((verdict.outcome for verdict in verdicts.verdicts), words)


def tally(outcomes: Iterable[str], words: Mapping[str, str]) -> str:
    """Count claims by outcome, each in its words: ``3 claims: 2 supported, 1 refuted``."""
    found = [*outcomes]
    told = [f"{found.count(one)} {text}" for one, text in words.items() if one in found]
    return f"{counted(len(found), 'claim')}: {', '.join(told) or 'none'}"


def detectable(conditions: Iterable[JudgedCondition]) -> str:
    """Write the factors that ``conditions`` could show, e.g. ``MDE 1.12 to 1.4``, or nothing."""
    ends = span((each.detectable_factor for each in conditions), "ratio")
    return f"MDE {ends}" if ends else ""


def detectable_of(verdict: Verdict) -> str:
    """Write the factors that the conditions behind ``verdict`` could show, or nothing."""
    deciding = (judged for judged in verdict.judgements if not judged.control)
    return detectable(each for judged in deciding for each in judged.conditions)


def _claimed(verdict: Verdict) -> tuple[str, ...]:
    claimed = (each.claimed for each in verdict.judgements if not each.control)
    return tuple(dict.fromkeys(f"claimed: {text}" for text in claimed))


def _row(verdict: Verdict) -> tuple[Entry | str, ...]:
    claimed = (f"{each.label}: {each.claimed}" for each in verdict.judgements if not each.control)
    return (
        Entry(code(verdict.claim), anchor=verdict.claim),
        verdict.statement,
        ", ".join(verdict.documents),
        strong(verdict.outcome),
        verdict.figure or ABSENT,
        "; ".join(claimed) or ABSENT,
    )


def _section(verdict: Verdict) -> Iterator[Block]:
    yield Text(f"{verdict.statement} ({', '.join(verdict.documents)})", "quote")
    yield Text(f"{strong(f'{verdict.outcome.capitalize()}.')} How it is judged: {verdict.why}")
    yield from map(_judgement, verdict.judgements)


def _judgement(judged: JudgementVerdict) -> Section:
    outcome: str = judged.outcome
    if judged.control:
        outcome = f"control, {'as' if outcome == 'supported' else 'not as'} it must be"
    blocks: list[Block] = [Text(f"{judged.because}.")]
    if judged.depends_on:
        answers = (
            (axis.axis, "; ".join(map(": ".join, axis.answers))) for axis in judged.depends_on
        )
        blocks.append(Bullets(tuple(f"depends on the {axis} – {text}" for axis, text in answers)))
    if judged.conditions:
        blocks += [_map(judged), _evidence(judged)]
    return Section(f"{judged.label}: {outcome}", tuple(blocks))


def _map(judged: JudgementVerdict) -> Table:
    """Set the conditions as concurrency × payload, a row for whatever else differs."""
    loads = {(each.concurrency, each.arrival) for each in judged.conditions}
    clients = Counter(concurrency for concurrency, _ in loads)

    def column(each: JudgedCondition) -> str:
        # Two arrivals of as many clients are two columns.
        is_plain = each.concurrency and clients[each.concurrency] == 1
        load = counted(each.concurrency, "client") if is_plain else each.arrival
        return f"{each.payload}, {load}"

    columns = list(dict.fromkeys(map(column, judged.conditions)))
    lines: dict[tuple[str, ...], dict[str, str]] = {}
    for each in judged.conditions:
        lines.setdefault(_line(each), {})[column(each)] = _entry(each)
    return table(
        "",
        ("subject", "figure", "workload, loop, fault", "durability", *map(Column, columns)),
        (
            (*line, *(entries.get(column, ABSENT) for column in columns))
            for line, entries in lines.items()
        ),
    )


def _line(condition: JudgedCondition) -> tuple[str, str, str, str]:
    where = ", ".join(filter(None, (condition.workload, condition.loop, condition.fault)))
    metric, durability = condition.metric or ABSENT, condition.durability or ABSENT
    return (AXES["subject"](condition), metric, where, durability)


def _entry(condition: JudgedCondition) -> str:
    detected = detectable([condition]) if condition.value is not None else ""
    return " ".join(filter(None, (value_of(condition), detected, _SIGNS[condition.outcome])))


def _evidence(judged: JudgementVerdict) -> Details:
    firsts: dict[tuple[str, ...], JudgedCondition] = {}
    for each in judged.conditions:
        firsts.setdefault(each.cells, each)
    lines = tuple(map(_evidence_line, firsts.values()))
    return Details(f"Evidence: trials of {judged.run_id}", (Bullets(lines),))


def _evidence_line(condition: JudgedCondition) -> str:
    trials = ", ".join(map(code, condition.trials)) or ABSENT
    doubts = f"doubts: {', '.join(condition.doubts)}" if condition.doubts else ""
    told = "; ".join(filter(None, (condition.method, doubts, condition.why)))
    line = f"{' against '.join(condition.cells) or condition.subject}: {trials}"
    return f"{line} ({told})" if told else line
