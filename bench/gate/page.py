"""The answer of a gate: a page for a pull request, the same on a screen, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.analysis.wording import counted
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
    yield from _judged(result.judgements)
    if result.confirming:
        yield Details("The second run alone", tuple(_judged(result.confirming)))


def _judged(judgements: Sequence[Judgement]) -> Iterator[Block]:
    times = [judged for judged in judgements if judged.kind == "time"]
    if times:
        yield _times(times)
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


def _times(judgements: Sequence[Judgement]) -> Table:
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
            *_slowdown(judged.slowdown),
            Entry(_SIGNS[judged.outcome], note="" if judged.slowdown else judged.because),
        )
        for judged in judgements
    )
    return table("", columns, rows)


def _slowdown(effect: Effect | None) -> tuple[Entry | str, str]:
    """Tell the slow-down, and what so many blocks would show."""
    if effect is None:
        return ABSENT, ABSENT
    shown = Entry(number(effect.ratio), interval(effect.equivalence_low, effect.equivalence_high))
    factor = effect.detectable_factor
    return shown, ABSENT if factor is None else f"{number(100.0 * (factor - 1.0))} %"


def _foot(result: GateResult) -> str:
    rule = result.rule
    runs = ", ".join(code(run.run_id) for run in result.runs)
    return (
        f"Of 100 gates of equal arms at most {100.0 * rule.false_alarms:g} calls a time a "
        f"regression. A slow-down by less than {100.0 * rule.smallest_effect:g} % is of no "
        f"interest; intervals are one-sided at {100.0 * rule.confidence_of_a_look:g} % each side; "
        f"{emphasis('would show')}: the smallest slow-down that so many blocks, looked at alone "
        f"and at 95 %, show in 80 of 100 runs; the gate asks for more. "
        f"Exit code {result.exit_code}. Runs: {runs}."
    )


def _value(judged: Judgement, value: float | None) -> str:
    return ABSENT if value is None else quantity(value, judged.metric.unit)
