"""The answer of a gate: for a pull request, a screen, a CI system (JUnit) and programs (JSON)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bench.analysis.wording import counted
from bench.gate.arms import BASE, HEAD
from bench.gate.result import GRAVEST, GateOutcome, GateResult, Judgement
from bench.report.json_text import json_document
from bench.report.junit import Case, Result, junit
from bench.report.page import Block, Bullets, Details, Look, Page, Text
from bench.report.table import Column, Entry, Table, table
from bench.report.text import code, strong
from bench.scenario.quantity import ABSENT, number, quantity

SCHEMA_VERSION = 2


class _Form(NamedTuple):
    """How an outcome is told: of the gate, of a row, in a count, on a screen and as a test."""

    answer: str
    sign: str
    words: str
    look: Look
    result: Result


_FORMS: dict[GateOutcome, _Form] = {
    "pass": _Form("✅ No regression", "✅ pass", "passed", "good", "pass"),
    "regression": _Form("❌ Regression", "❌ worse", "got worse", "bad", "failure"),
    "inconclusive": _Form("⚠️ Not decided", "⚠️ not decided", "undecided", "warning", "error"),
    "invalid": _Form("⛔ Invalid measurement", "⛔ invalid", "invalid", "bad", "error"),
}
# A reader who has ten seconds looks at so many; the rest is folded.
_MOST_ROWS = 6


def page(result: GateResult) -> Page:
    """Return the comment: the answer and what was compared, what changed, the rest folded."""
    about = (Text(_tally(result)), Text(_measured(result)))
    return Page(_answer(result), (*about, *_evidence(result), *_folded(result)))


def screen(result: GateResult) -> tuple[Block, ...]:
    """Return the same for a screen, where the answer stands last."""
    answer = Text(f"{_answer(result)} (exit code {result.exit_code})", _FORMS[result.outcome].look)
    return (*_evidence(result), Text(_measured(result)), Text(_tally(result)), answer)


def document(result: GateResult) -> bytes:
    """Return ``analysis.json`` of a gate: everything that it judged, for programs."""
    return json_document(result, SCHEMA_VERSION, exit_code=result.exit_code)


def suite(result: GateResult) -> bytes:
    """Return one JUnit suite; its last case is the gate's own answer."""
    judged = (
        _case(f"{each.head}, {each.place}", each.metric.name, each.outcome, each.because)
        for each in result.judgements
    )
    because = "; ".join(filter(None, (*result.because, result.confirmation)))
    answer = _case("gate", "answer", result.outcome, because)
    return junit("checkpoint-bench gate", (*judged, answer))


def _case(group: str, name: str, outcome: GateOutcome, because: str) -> Case:
    return Case(group, name, _FORMS[outcome].result, outcome, because)


def _answer(result: GateResult) -> str:
    return f"{_FORMS[result.outcome].answer}: {_compared(result)}"


def _compared(result: GateResult) -> str:
    packages = result.runs[0].environment.packages
    arms = {
        name.removesuffix(f" ({BASE})"): (
            version,
            packages.get(name.replace(f"({BASE})", f"({HEAD})"), ABSENT),
        )
        for name, version in packages.items()
        if name.endswith(f"({BASE})")
    }
    differing = {name: (base, head) for name, (base, head) in arms.items() if base != head}
    versions = [f"{name} {base} → {head}" for name, (base, head) in (differing or arms).items()]
    pairs = dict.fromkeys(f"{judged.base} → {judged.head}" for judged in result.judgements)
    return ", ".join(versions or pairs) or "nothing"


def _tally(result: GateResult) -> str:
    """Count the answers; where nothing was judged, say why."""
    told = []
    for kind, name in (("time", "measurement"), ("count", "exact count")):
        outcomes = Counter(each.outcome for each in result.judgements if each.kind == kind)
        parts = [f"{outcomes[each]} {_FORMS[each].words}" for each in GRAVEST if outcomes[each]]
        if len(outcomes) == 1:
            told.append(f"{counted(outcomes.total(), name)} {_FORMS[next(iter(outcomes))].words}")
        elif parts:
            told.append(f"{counted(outcomes.total(), name)}: {', '.join(parts)}")
    sentences = (*(told or result.because), result.confirmation)
    return " ".join(f"{each[0].upper()}{each[1:]}." for each in sentences if each)


def _measured(result: GateResult) -> str:
    run = result.runs[0]
    python = run.environment.python.get("version", "")
    trials = sum(each.trials_planned for each in result.runs)
    minutes = f" in {number(result.minutes, 2)} minutes" if result.minutes else ""
    parts = (
        f"Scenario {code(run.scenario_name.removeprefix('gate-'))}",
        " · ".join(filter(None, _shared(result.judgements))),
        run.environment.machine,
        f"Python {python}" if python else "",
        *(text for text in run.environment.servers.values() if text),
        f"{trials} trials{minutes}",
    )
    return f"{'; '.join(filter(None, parts))}."


def _evidence(result: GateResult) -> Iterator[Block]:
    if shown := _sorted(result)[: _shown(result)]:
        yield _table(shown, result)


def _folded(result: GateResult) -> Iterator[Block]:
    if left := _sorted(result)[_shown(result) :]:
        yield Details(counted(len(left), "more figure"), (_table(left, result),))
    if result.confirming:
        again = sorted(result.confirming, key=_gravity)
        yield Details("The second run alone", (_table(again, result),))
    if result.outcome != "pass":
        yield Details("Why", (Bullets(result.because),))
    yield Details("How it was judged", (Bullets(tuple(_how(result))),))


def _sorted(result: GateResult) -> list[Judgement]:
    return sorted(result.judgements, key=_gravity)


def _shown(result: GateResult) -> int:
    """Return how many figures are not folded; a count that passed is."""
    failed = sum(each.outcome != "pass" for each in result.judgements)
    passed = sum(each.outcome == "pass" and each.kind == "time" for each in result.judgements)
    return min(failed + passed, max(failed, _MOST_ROWS))


def _gravity(judged: Judgement) -> tuple[int, bool, float]:
    ratio = judged.slowdown.ratio if judged.slowdown else 0.0
    return GRAVEST.index(judged.outcome), judged.kind == "count", -ratio


def _table(judgements: Sequence[Judgement], result: GateResult) -> Table:
    shared = _shared(result.judgements)
    has_places = any(_own(judged, shared) for judged in judgements)
    columns = ("saver", *["where"] * has_places, "metric")
    limit = f"limit {100.0 * result.rule.smallest_effect:g} %"
    numbers = (Column("base"), Column("head"), Column("worse by", unit=limit))
    rows: Iterator[tuple[Entry | str, ...]] = (
        (
            _saver(judged),
            *[_own(judged, shared)] * has_places,
            code(judged.metric.name),
            _value(judged, judged.base_value),
            _value(judged, judged.head_value),
            _change(judged),
            _verdict(judged),
        )
        for judged in judgements
    )
    return table("", (*columns, *numbers, ""), rows)


def _verdict(judged: Judgement) -> Entry:
    is_explained = judged.outcome == "pass" or judged.slowdown is not None
    return Entry(_FORMS[judged.outcome].sign, note="" if is_explained else judged.because)


def _change(judged: Judgement) -> Entry:
    found = judged.slowdown
    if found is not None:
        low, high = found.equivalence_low, found.equivalence_high
        between = "" if low is None or high is None else f"[{_percent(low)}, {_percent(high)}]"
        told = f"{_percent(found.ratio)} %"
        return Entry(strong(told) if judged.outcome == "regression" else told, between)
    if not judged.base_value or judged.head_value is None:
        return Entry(ABSENT)
    return Entry(f"{_percent(judged.head_value / judged.base_value)} %")


def _percent(ratio: float) -> str:
    """Write how much more than 1 ``ratio`` is, in percent, with its sign."""
    percent = 100.0 * (ratio - 1.0)
    text = f"{percent:+.{0 if abs(percent) >= 10.0 else 1}f}".replace("-", "−")
    return text if text.strip("+−0.") else "0"


def _value(judged: Judgement, value: float | None) -> str:
    return ABSENT if value is None else quantity(value, judged.metric.unit)


def _saver(judged: Judgement) -> str:
    """Name the subject; in two environments both arms are the same one."""
    subject = judged.head.removesuffix(f".{HEAD}")
    return subject if judged.base == f"{subject}.{BASE}" else judged.head


def _parts(judged: Judgement) -> list[str]:
    """Return workload, payload, arrival and loop; the sweep's name says nothing of its own."""
    return judged.place.split(" · ")[1:]


def _shared(judgements: Sequence[Judgement]) -> list[str]:
    """Return what all places have in common, part by part; empty texts where they differ."""
    columns = zip(*map(_parts, judgements), strict=False)
    return [column[0] if len(set(column)) == 1 else "" for column in columns]


def _own(judged: Judgement, shared: Sequence[str]) -> str:
    """Name the place of ``judged`` by what it does not share."""
    own = (part for part, same in zip(_parts(judged), shared, strict=False) if not same)
    return " · ".join(own)


def _how(result: GateResult) -> Iterator[str]:
    rule = result.rule
    limit = f"{100.0 * rule.smallest_effect:g} %"
    yield (
        f"A measurement passes if it is shown to be worse by less than {limit}. It is a regression "
        f"if it is shown to be worse by more than {limit}"
        + (", by both runs together and by the second run alone." if rule.confirms else ".")
        + f" An exact count may grow by {100.0 * rule.count_tolerance:g} %."
    )
    yield (
        f"Of 100 gates in which nothing got worse by more than {limit}, at most "
        f"{100.0 * rule.regression_level:g} report a regression of a measurement. Where base "
        "and head are equal, far fewer do."
    )
    yield (
        f"Intervals in brackets are one-sided, at {100.0 * rule.confidence_of_a_look:g} % each "
        "side, of the ratio inside blocks of trials that ran close together."
    )
    # One-sided, and beyond what is of no interest.
    effects = (judged.slowdown for judged in result.judgements if judged.slowdown)
    found = (each.detectable_at(2.0 * rule.regression_level).detectable_factor for each in effects)
    factors = [(1.0 + rule.smallest_effect) * factor for factor in found if factor is not None]
    if factors:
        ends = dict.fromkeys(f"{100.0 * (end - 1.0):.0f}" for end in (min(factors), max(factors)))
        yield (
            f"Minimum detectable effect: {' to '.join(ends)} %. A measurement that got worse by so "
            "much is reported in 80 of 100 gates, if it is judged alone and by this run alone."
        )
    environment = result.runs[0].environment
    dirty = " with uncommitted changes" if environment.dirty else ""
    runs = ", ".join(code(run.run_id) for run in result.runs)
    yield (
        f"Runs: {runs}, by checkpoint-bench at commit "
        f"{code(environment.commit[:12] or 'unknown')}{dirty}. Exit code {result.exit_code}."
    )
