"""``verdicts.md``: the table of all claims, then each with its maps and its evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bench.analysis.wording import quantity
from bench.claims._detectable import detectable, detectable_of
from bench.claims.result import (
    Condition,
    ConditionOutcome,
    Dependence,
    JudgementVerdict,
    Verdict,
    Verdicts,
)
from bench.claims.screen import summary
from bench.records.run import RunRecord
from bench.report.format import ABSENT
from bench.report.markdown_text import escaped

_SIGNS: dict[ConditionOutcome, str] = {
    "holds": "✓",
    "fails": "✗",
    "undecided": "?",
    "invalid": "invalid",
    "not measured": "not measured",
}
_HOW = (
    "A claim is *supported* only if the whole interval lies in the claimed range under every "
    "condition, or under the share of them that it names. It is *refuted* as the general "
    "statement that it is if the whole interval lies outside under any condition, after allowance"
    " (Holm) for how many conditions could so refute it; the maps say where it holds. It is "
    "*invalid* if a cell that it rests on is, and *inconclusive* otherwise. Of several judgements"
    " the gravest counts; a *control* shows that a scenario can tell, and where it does not, the "
    "judgements on it decide nothing. In the maps: ✓ inside the claimed range, ✗ outside, ? "
    "across its end, or not above what two measurements of the same subject differ by; in "
    "brackets the 95 % interval. MDE is the minimum detectable effect: the factor that so many "
    "blocks or trials of such spread would show in 80 of 100 runs, looked at alone and before the"
    " allowance for other conditions. Below each map are the trials behind it; `python -m bench "
    "trial RUN TRIAL` shows one of them."
)


def markdown(verdicts: Verdicts, runs: Mapping[str, RunRecord]) -> str:
    """Return the whole document; ``runs`` are those that were judged, by scenario."""
    rows = [
        ("claim", "from", "verdict", "figure", "MDE", "claimed"),
        ("---",) * 6,
        *(_row(verdict) for verdict in verdicts.verdicts),
    ]
    parts = [
        "# Published claims, judged",
        f"**{summary(verdicts)}.**",
        _HOW,
        "\n".join(f"| {' | '.join(row)} |" for row in rows),
        *_runs(runs),
        *(part for verdict in verdicts.verdicts for part in _section(verdict)),
    ]
    return "\n\n".join(parts) + "\n"


def _runs(runs: Mapping[str, RunRecord]) -> Iterator[str]:
    if not runs:
        return
    rows: list[tuple[str, ...]] = [("scenario", "run", "machine", "commit"), ("---",) * 4]
    for scenario, record in sorted(runs.items()):
        told = (scenario, record.run_id, record.environment.machine)
        rows.append((*map(escaped, told), record.environment.commit[:7] or ABSENT))
    yield "## The runs that were judged"
    yield "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(verdict: Verdict) -> tuple[str, ...]:
    claimed = dict.fromkeys(each.claimed for each in verdict.judgements if not each.control)
    return (
        f"[`{verdict.claim}`](#{verdict.claim})",
        escaped(", ".join(verdict.documents)),
        f"**{verdict.outcome}**",
        escaped(verdict.figure) or ABSENT,
        detectable_of(verdict).removeprefix("MDE ") or ABSENT,
        escaped("; ".join(claimed)) or ABSENT,
    )


def _section(verdict: Verdict) -> Iterator[str]:
    yield f"## {verdict.claim}"
    yield f"> {escaped(verdict.statement)} ({escaped(', '.join(verdict.documents))})"
    yield f"**{verdict.outcome.capitalize()}.** How it is judged: {escaped(verdict.why)}"
    if not verdict.judgements:
        yield "Not measured yet."
    for judged in verdict.judgements:
        yield f"### {escaped(judged.label)}: {_outcome(judged)}"
        yield f"{escaped(judged.because)}."
        if judged.depends_on:
            yield "\n".join(f"- {_dependence(one)}" for one in judged.depends_on)
        if judged.conditions:
            yield _map(judged)
            yield _evidence(judged)


def _outcome(judged: JudgementVerdict) -> str:
    if not judged.control:
        return judged.outcome
    return f"control, {'as it must be' if judged.outcome == 'supported' else 'not as it must be'}"


def _dependence(found: Dependence) -> str:
    answers = "; ".join(f"{value}: {answer}" for value, answer in found.answers)
    return escaped(f"depends on the {found.axis} – {answers}")


def _map(judged: JudgementVerdict) -> str:
    """Set the conditions as concurrency × payload, a row for whatever else differs."""
    columns = list(dict.fromkeys(_column(each) for each in judged.conditions))
    lines: dict[tuple[str, ...], dict[str, str]] = {}
    for each in judged.conditions:
        lines.setdefault(_line(each), {})[_column(each)] = _entry(each)
    head = ["subject", "figure", "workload, loop", "durability", *map(escaped, columns)]
    rules = ["---"] * 4 + ["---:"] * len(columns)
    body = [
        [*map(escaped, line), *(entries.get(column, ABSENT) for column in columns)]
        for line, entries in lines.items()
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rules, *body))


def _column(condition: Condition) -> str:
    if not condition.concurrency:
        return f"{condition.payload}, {condition.arrival}"
    noun = "client" if condition.concurrency == 1 else "clients"
    return f"{condition.payload}, {condition.concurrency} {noun}"


def _line(condition: Condition) -> tuple[str, str, str, str]:
    subject = condition.subject
    if condition.baseline:
        subject += f" against {condition.baseline}"
    where = f"{condition.workload}, {condition.loop}"
    return (subject, condition.metric or ABSENT, where, condition.durability or ABSENT)


def _entry(condition: Condition) -> str:
    sign = _SIGNS[condition.outcome]
    if condition.value is None:
        return escaped(sign)
    text = quantity(condition.value, condition.unit)
    low, high = condition.low, condition.high
    if low is not None and high is not None and low < high:
        text += f" [{quantity(low, condition.unit)}, {quantity(high, condition.unit)}]"
    return escaped(" ".join(filter(None, (text, detectable([condition]), sign))))


def _evidence(judged: JudgementVerdict) -> str:
    """Lead to the trials, cell by cell, under a line that can be unfolded."""
    by_cells: dict[tuple[str, ...], Condition] = {}
    for each in judged.conditions:
        by_cells.setdefault(each.cells, each)
    lines = [_evidence_line(cells, each) for cells, each in by_cells.items()]
    summary_line = f"<summary>{escaped(f'Evidence: trials of {judged.run_id}')}</summary>"
    return "\n".join(["<details>", summary_line, "", *lines, "", "</details>"])


def _evidence_line(cells: tuple[str, ...], condition: Condition) -> str:
    trials = ", ".join(f"`{trial}`" for trial in condition.trials)
    doubts = f"doubts: {', '.join(condition.doubts)}" if condition.doubts else ""
    told = "; ".join(filter(None, (condition.method, doubts, condition.why)))
    line = f"- {escaped(' against '.join(cells) or condition.subject)}: {trials or ABSENT}"
    return f"{line} ({escaped(told)})" if told else line
