"""The answer of a gate for a pull request, and for the summary of a CI job."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.analysis.wording import counted, figure, quantity
from bench.gate.result import GateOutcome, GateResult, Judgement
from bench.report.format import ABSENT, one_line
from bench.report.markdown_text import escaped
from bench.stats.effects import Effect

_SIGNS: dict[GateOutcome, str] = {
    "pass": "✓",
    "regression": "✗ worse",
    "cannot tell": "? cannot tell",
    "invalid": "✗ invalid",
}
_MOST_REASONS = 5


def markdown(result: GateResult) -> str:
    """Return the whole text."""
    parts = [
        f"## Gate: {result.outcome}",
        "\n".join(f"- {escaped(one_line(reason))}" for reason in result.because[:_MOST_REASONS]),
        *([f"{escaped(result.confirmation)}."] if result.confirmation else []),
        *_times(result.judgements),
        *_counts(result.judgements),
        _foot(result),
    ]
    return "\n\n".join(parts) + "\n"


def _times(judgements: Sequence[Judgement]) -> Iterator[str]:
    times = [judged for judged in judgements if judged.kind == "time"]
    if times:
        rows = [
            ("arm", "where", "metric", "base", "head", "times as slow", "would show", ""),
            ("---", "---", "---", "---:", "---:", "---:", "---:", "---"),
            *(_row(judged) for judged in times),
        ]
        yield "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(judged: Judgement) -> tuple[str, ...]:
    return (
        escaped(judged.head),
        escaped(judged.place),
        f"`{judged.metric.name}`",
        _value(judged, judged.base_value),
        _value(judged, judged.head_value),
        _interval(judged.slowdown),
        _detectable(judged.slowdown),
        _SIGNS[judged.outcome],
    )


def _interval(found: Effect | None) -> str:
    if found is None:
        return ABSENT
    low, high = found.equivalence_low, found.equivalence_high
    if low is None or high is None:
        return figure(found.ratio)
    return f"{figure(found.ratio)} [{figure(low)}, {figure(high)}]"


def _detectable(found: Effect | None) -> str:
    if found is None or found.detectable_factor is None:
        return ABSENT
    return f"{100.0 * (found.detectable_factor - 1.0):.1f} %"


def _counts(judgements: Sequence[Judgement]) -> Iterator[str]:
    counts = [judged for judged in judgements if judged.kind == "count"]
    told = [judged for judged in counts if judged.outcome != "pass"]
    if told:
        yield "\n".join(
            f"- {_SIGNS[judged.outcome]}: `{judged.metric.name}` of {escaped(judged.head)}: "
            f"{escaped(judged.because)}"
            for judged in told
        )
    if len(told) < len(counts):
        yield f"{counted(len(counts) - len(told), 'exact count')} per operation did not grow."


def _foot(result: GateResult) -> str:
    rule = result.rule
    share = f"{100.0 * rule.smallest_effect:g} %"
    runs = ", ".join(f"`{run.run_id}`" for run in result.runs)
    sides = f"{100.0 * rule.confidence_of_a_look:g} %"
    return (
        f"Of 100 gates of equal arms at most {100.0 * rule.false_alarms:g} calls a time a "
        f"regression. A slow-down by less than {share} is of no interest; intervals are one-sided "
        f"at {sides} each side; *would show*: the smallest slow-down that so many blocks, looked "
        f"at alone and at 95 %, show in 80 of 100 runs; the gate asks for more. "
        f"Exit code {result.exit_code}. Runs: {runs}."
    )


def _value(judged: Judgement, value: float | None) -> str:
    return ABSENT if value is None else quantity(value, judged.metric.unit)
