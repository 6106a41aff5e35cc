"""The answer of a gate as plain text."""

from __future__ import annotations

from collections.abc import Iterator

from bench.analysis.wording import counted, quantity
from bench.gate.result import GateResult, Judgement
from bench.report.format import one_line

_SIGNS = {"pass": "ok", "regression": "WORSE", "cannot tell": "?", "invalid": "INVALID"}


def screen(result: GateResult) -> str:
    """Return a line for each judgement, then the answer and why."""
    return "\n".join(_lines(result))


def _lines(result: GateResult) -> Iterator[str]:
    for title, judgements in (("", result.judgements), ("second run", result.confirming)):
        if not judgements:
            continue
        if title:
            yield f"{title}:"
        yield from _table(judgements)
    if result.confirmation:
        yield result.confirmation
    for reason in result.because[:5]:
        yield one_line(f"because {reason}")
    if len(result.because) > 5:
        yield f"and {counted(len(result.because) - 5, 'more reason')}"
    yield f"gate: {result.outcome}, exit code {result.exit_code}"


def _table(judgements: tuple[Judgement, ...]) -> Iterator[str]:
    width = max(len(judged.metric.name) for judged in judgements)
    place = ""
    for judged in judgements:
        here = f"{judged.head} against {judged.base}, {judged.place}"
        if here != place:
            yield here
            place = here
        values = " → ".join(_value(judged, v) for v in (judged.base_value, judged.head_value))
        detail = one_line(judged.because) if judged.kind == "time" else ""
        sign = _SIGNS[judged.outcome]
        yield f"  {sign:7} {judged.metric.name:{width}}  {values}  {detail}".rstrip()


def _value(judged: Judgement, value: float | None) -> str:
    return "–" if value is None else quantity(value, judged.metric.unit)
