"""Drivers and a run → a decision.

1. **Exclusion**: what breaks a limit or requirement, or was not measured, cannot be chosen, nor
   can what is not shown to keep them (``bench.decide._exclusion``).
2. **Dominance**: of those that remain, an option that is nowhere shown to be better than another
   one and somewhere shown to be worse is left out (``bench.decide._dominance``).
3. **Choice**: the best score, the weighted mean of log-ratios to the best remaining option
   (``bench.decide._scoring``). It is *decided* only if the data tell it from every option that
   remains and is not dominated.

That last test is made against each rival at 95 %, without correction for their number: the claim
is that the choice beats all of them, which is false as soon as one test fails.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence

from bench.analysis.result import Analysis
from bench.analysis.wording import counted, listed
from bench.decide._board import Board, board
from bench.decide._dominance import dominators, verdicts
from bench.decide._exclusion import durability_of, loop_notes, reasons
from bench.decide._scoring import (
    Scores,
    flips,
    in_each_place,
    rivalry,
    score_noise,
    scores,
)
from bench.decide.drivers import Drivers
from bench.decide.result import (
    Decision,
    DecisionOutcome,
    Option,
    Reason,
    Rivalry,
    Standing,
)
from bench.errors import EXIT_INCONCLUSIVE, EXIT_INVALID, EXIT_PASS, InputError
from bench.scenario.metric import OPERATION_RATE, THROUGHPUT

EXIT_CODES: Mapping[DecisionOutcome, int] = {
    "decided": EXIT_PASS,
    "not told apart": EXIT_INCONCLUSIVE,
    "none remains": EXIT_INCONCLUSIVE,
    "invalid": EXIT_INVALID,
}
_NOT_OF_SAVERS = (
    "what no run of this program measures: several processes on one store, operating it (backups, "
    "failover, upgrades), licences, cost, and what the people who will run it know"
)


def decide(asked: Drivers, run: Analysis, sweeps: Sequence[str] = ()) -> Decision:
    """Decide between the subjects of ``run``.

    ``sweeps`` are those that count where ``asked`` names none; empty means all.

    Raises:
        InputError: ``asked`` names what the run does not have, a limit is in another unit than
            its metric, or a driver has values that allow no ratio.
    """
    laid_out = board(asked, run, sweeps)
    why = {subject: reasons(laid_out, subject) for subject in laid_out.options}
    remaining = [subject for subject, found in why.items() if not found]
    made = scores(laid_out, remaining)
    verdict = verdicts(laid_out, remaining)
    dominated = dominators(laid_out, remaining, verdict)
    candidates = [subject for subject in remaining if subject not in dominated]
    choice = min(candidates, key=made.score, default="")
    noise = score_noise(laid_out, made) if choice else 1.0
    rivalries = tuple(
        rivalry(laid_out, made, (choice, rival), noise, verdict)
        for rival in remaining
        if rival != choice
    )
    leading = _leading(choice, rivalries, dominated)
    invalid_because = _invalid_because(run, why)
    outcome = _outcome(leading, invalid_because)
    costs = {
        option: {metric: made.cost(option, metric) for metric in made.weights}
        for option in candidates
    }
    weights = {driver.metric: driver.weight for driver in asked.drivers}
    return Decision(
        asked=asked,
        run=run.run,
        question=run.question,
        outcome=outcome,
        choice=choice,
        leading=leading,
        metrics=laid_out.metrics,
        places=laid_out.places,
        place_texts=_place_texts(laid_out),
        options=tuple(
            _option(
                laid_out,
                subject,
                _standing(subject, why[subject], dominated, leading, outcome),
                why[subject],
                made,
                dominated.get(subject, ()),
            )
            for subject in laid_out.options
        ),
        rivalries=rivalries,
        flips=flips(weights, costs, choice) if choice else (),
        by_place=tuple(in_each_place(laid_out, candidates, choice, noise)) if choice else (),
        cautions=tuple(_cautions(laid_out)),
        not_measured=tuple(_not_measured(laid_out, why, has_noise=noise > 1.0)),
        invalid_because=invalid_because,
        exit_code=EXIT_CODES[outcome],
    )


def _leading(
    choice: str, rivalries: Sequence[Rivalry], dominated: Mapping[str, object]
) -> tuple[str, ...]:
    if not choice:
        return ()
    close = (each.rival for each in rivalries if not each.is_apart and each.rival not in dominated)
    return (choice, *close)


def _outcome(leading: Sequence[str], invalid_because: str) -> DecisionOutcome:
    if invalid_because:
        return "invalid"
    if not leading:
        return "none remains"
    return "decided" if len(leading) == 1 else "not told apart"


def _invalid_because(run: Analysis, why: Mapping[str, Sequence[Reason]]) -> str:
    """Say why nothing may be decided: the run is invalid, or what only that keeps from choice.

    An option that something else excludes may be invalid as well: nothing rests on its numbers.
    """
    for finding in run.findings:
        if finding.severity == "invalid" and not finding.cells:
            return f"{finding.code}: {finding.message}"
    for subject, found in why.items():
        kinds = {reason.kind for reason in found}
        if "invalid" in kinds and kinds <= {"invalid", "not shown"}:
            return f"{subject}: {next(r.text for r in found if r.kind == 'invalid')}"
    return ""


def _option(
    laid_out: Board,
    subject: str,
    standing: Standing,
    why: tuple[Reason, ...],
    made: Scores,
    dominated_by: tuple[str, ...],
) -> Option:
    costs, score = _relative(laid_out, subject, made)
    cells = laid_out.cells_of(subject)
    names = {cell.name for cell in cells}
    return Option(
        subject=subject,
        text=laid_out.run.subject_texts.get(subject, ""),
        durability=str(durability_of(laid_out, subject)),
        standing=standing,
        reasons=why,
        notes=loop_notes(laid_out, subject),
        figures=tuple(laid_out.figure(cell, name) for name in laid_out.metrics for cell in cells),
        costs=costs,
        score=score,
        dominated_by=dominated_by,
        findings=tuple(each for each in laid_out.run.findings if names & set(each.cells)),
    )


def _standing(
    subject: str,
    why: Sequence[Reason],
    dominated: Collection[str],
    leading: Sequence[str],
    outcome: DecisionOutcome,
) -> Standing:
    if why:
        return "not shown" if all(r.kind == "not shown" for r in why) else "excluded"
    if subject in leading:
        return "chosen" if outcome == "decided" else "leading"
    return "dominated" if subject in dominated else "remains"


def _relative(
    laid_out: Board, subject: str, made: Scores
) -> tuple[Mapping[str, float], float | None]:
    """Return costs and score relative to the best of those that remain, as factors."""
    remaining = tuple(made.costs)
    both = made
    if subject not in made.costs:
        try:
            both = scores(laid_out, (subject, *remaining))
        except InputError:
            # What cannot be chosen need not have a score.
            return {}, None
    if subject not in both.costs or not remaining:
        return {}, None
    logarithms = {
        metric: both.cost(subject, metric) - min(both.cost(other, metric) for other in remaining)
        for metric in both.weights
    }
    score = math.fsum(weight * logarithms[metric] for metric, weight in both.weights.items())
    return {metric: math.exp(each) for metric, each in logarithms.items()}, math.exp(score)


def _cautions(laid_out: Board) -> Iterator[str]:
    weighed = [driver.metric for driver in laid_out.asked.drivers if driver.weight]
    times = [name for name in weighed if ".response." in name]
    rates = [name for name in weighed if name in (THROUGHPUT.name, OPERATION_RATE.name)]
    closed = all(cell.arrival_text.startswith("closed") for cell in laid_out.cells.values())
    if times and rates and closed:
        yield (
            f"In a closed load {listed(rates)} follows from the response times, so {listed(rates)} "
            f"and {listed(times)} weigh the same thing twice."
        )


def _place_texts(laid_out: Board) -> Mapping[str, str]:
    analysis = laid_out.run
    texts: dict[str, str] = {}
    for place in laid_out.places:
        cell = next(cell for (_, at), cell in laid_out.cells.items() if at == place)
        parts = (
            analysis.workload_texts.get(place.workload, ""),
            analysis.payload_texts.get(place.payload, ""),
            cell.arrival_text,
            f"{place.loop} loop",
        )
        texts[place.name] = "; ".join(filter(None, parts))
    return texts


def _not_measured(
    laid_out: Board, why: Mapping[str, Sequence[Reason]], *, has_noise: bool
) -> Iterator[str]:
    analysis = laid_out.run
    for subject, found in why.items():
        lacking = [reason.text for reason in found if reason.kind == "not measured"]
        if lacking:
            yield f"{subject}: {'; '.join(lacking)}"
    for subject, found in why.items():
        if all(reason.kind == "not shown" for reason in found):
            yield from loop_notes(laid_out, subject)
    if not has_noise:
        yield (
            "noise: no A/A arm was measured in every place that counts, so how much the score of "
            "one option differs from itself is not known"
        )
    emulated = {cell.loop for cell in laid_out.cells.values() if cell.loop_kind == "emulated"}
    if emulated:
        yield f"speed on {listed(sorted(emulated))}, which was emulated here"
    if any(finding.code == "shared_cores" for finding in analysis.findings):
        yield "client and server on machines of their own: here they shared the cores"
    left_out = {
        (cell.workload, cell.payload, cell.arrival, cell.loop) for cell in analysis.cells
    } - {(p.workload, p.payload, p.arrival, p.loop) for p in laid_out.places}
    if left_out:
        yield f"what the run has besides ({counted(len(left_out), 'place')}) was not counted"
    yield "any saver, version, option or load that the run does not have"
    yield _NOT_OF_SAVERS
