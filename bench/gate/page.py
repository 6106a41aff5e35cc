"""The answer of a gate: a page for a pull request, the same on a screen, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.analysis.wording import counted
from bench.gate.arms import Rule
from bench.gate.result import GateOutcome, GateResult, Judgement
from bench.report.json_text import json_document
from bench.report.page import Block, Bullets, Details, Look, Page, Text
from bench.report.table import Column, Entry, Table, table
from bench.report.text import code, emphasis
from bench.scenario.quantity import ABSENT, interval, number, quantity
from bench.stats.effects import Effect

SCHEMA_VERSION = 1
_SIGNS: dict[GateOutcome, str] = {
    "pass": "✓",
    "regression": "✗ worse",
    "cannot tell": "? cannot tell",
    "invalid": "✗ invalid",
}
_LOOKS: dict[GateOutcome, Look] = {
    "pass": "good",
    "regression": "bad",
    "cannot tell": "warning",
    "invalid": "bad",
}
_MOST_REASONS = 5


def page(result: GateResult) -> Page:
    """Return the answer, why, and every judgement."""
    blocks = (*_why(result), *_evidence(result))
    return Page(f"Gate: {result.outcome}", blocks, foot=_foot(result))


def screen(result: GateResult) -> tuple[Block, ...]:
    """Return the same for a screen, where the answer stands last."""
    answer = f"gate: {result.outcome}, exit code {result.exit_code}"
    return (*_evidence(result), *_why(result), Text(answer, _LOOKS[result.outcome]))


def document(result: GateResult) -> bytes:
    """Return ``analysis.json`` of a gate: everything that it judged, for programs."""
    return json_document(result, SCHEMA_VERSION, exit_code=result.exit_code)


def _why(result: GateResult) -> Iterator[Block]:
    left = len(result.because) - _MOST_REASONS
    more = (f"and {counted(left, 'more reason')}",) if left > 0 else ()
    yield Bullets((*result.because[:_MOST_REASONS], *more))
    if result.confirmation:
        yield Text(f"{result.confirmation}.")


def _evidence(result: GateResult) -> Iterator[Block]:
    yield from _judged(result.judgements, result.rule)
    if result.confirming:
        yield Details("The second run alone", tuple(_judged(result.confirming, result.rule)))


def _judged(judgements: Sequence[Judgement], rule: Rule) -> Iterator[Block]:
    times = [judged for judged in judgements if judged.kind == "time"]
    if times:
        yield _times(times, rule)
    counts = [judged for judged in judgements if judged.kind == "count"]
    told = [judged for judged in counts if judged.outcome != "pass"]
    if told:
        yield Bullets(
            tuple(
                f"{_SIGNS[judged.outcome]}: {code(judged.metric.name)} of {judged.head}: "
                f"{judged.because}"
                for judged in told
            )
        )
    if len(told) < len(counts):
        rest = counted(len(counts) - len(told), "exact count")
        yield Text(f"{rest} per operation did not grow.")


def _times(judgements: Sequence[Judgement], rule: Rule) -> Table:
    columns: tuple[Column | str, ...] = (
        *("arm", "where", "metric"),
        *(Column(name) for name in ("base", "head", "times as slow", "would show")),
        "",
    )
    rows = (
        (
            judged.head,
            judged.place,
            code(judged.metric.name),
            _value(judged, judged.base_value),
            _value(judged, judged.head_value),
            *_slowdown(judged.slowdown, rule),
            Entry(_SIGNS[judged.outcome], note="" if judged.slowdown else judged.because),
        )
        for judged in judgements
    )
    return table("", columns, rows)


def _slowdown(effect: Effect | None, rule: Rule) -> tuple[Entry | str, str]:
    """Tell the slow-down, and what so many blocks would show."""
    if effect is None:
        return ABSENT, ABSENT
    shown = Entry(number(effect.ratio), interval(effect.equivalence_low, effect.equivalence_high))
    # One-sided, and beyond what is of no interest.
    factor = effect.detectable_at(2.0 * rule.regression_level).detectable_factor
    if factor is None:
        return shown, ABSENT
    return shown, f"{number(100.0 * ((1.0 + rule.smallest_effect) * factor - 1.0))} %"


def _foot(result: GateResult) -> str:
    rule = result.rule
    runs = ", ".join(code(run.run_id) for run in result.runs)
    return (
        f"A slow-down by less than {100.0 * rule.smallest_effect:g} % is of no interest: of 100 "
        f"gates without a larger one at most {100.0 * rule.regression_level:g} call a time a "
        f"regression, of equal arms far fewer. Intervals are one-sided at "
        f"{100.0 * rule.confidence_of_a_look:g} % each side; {emphasis('would show')}: the "
        "smallest slow-down that so many blocks, if this time were judged alone and by this run "
        "alone, call a regression in 80 of 100 runs. "
        f"Exit code {result.exit_code}. Runs: {runs}."
    )


def _value(judged: Judgement, value: float | None) -> str:
    return ABSENT if value is None else quantity(value, judged.metric.unit)
