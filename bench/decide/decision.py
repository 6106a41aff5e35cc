"""Drivers and a run → a decision.

1. **Exclusion**: what breaks a limit or requirement, or was not measured, cannot be chosen, nor
   can what is not shown to keep them (``bench.decide._exclusion``).
2. **Dominance**: of those that remain, an option that is nowhere shown to be better than another
   one and somewhere shown to be worse is left out (``bench.decide._scoring``).
3. **Choice**: the best score, the weighted mean of log-ratios to the best remaining option
   (``bench.decide._scoring``). It is *decided* only if the data tell it from every option that
   remains and is not dominated.

That last test is made against each rival at 95 %, without correction for their number: the claim
is that the choice beats all of them, which is false as soon as one test fails.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from bench.analysis.result import Analysis
from bench.analysis.wording import listed
from bench.decide._board import Board, board_of
from bench.decide._exclusion import durability_of, loop_notes, reasons
from bench.decide._scoring import (
    Scores,
    dominators,
    flips,
    in_each_place,
    rivalry,
    score_noise,
    scores,
    signs_of,
)
from bench.decide.drivers import Drivers
from bench.decide.result import (
    Decision,
    DecisionOutcome,
    Objection,
    Option,
    Standing,
)
from bench.errors import EXIT_INCONCLUSIVE, EXIT_INVALID, EXIT_PASS, InputError
from bench.scenario.metric import OPERATION_RATE, THROUGHPUT

EXIT_CODES: Mapping[DecisionOutcome, int] = {
    "decided": EXIT_PASS,
    "undecided": EXIT_INCONCLUSIVE,
    "none remains": EXIT_INCONCLUSIVE,
    "invalid": EXIT_INVALID,
}
_NEVER_MEASURED = (
    "several processes on one store, operating it (backups, failover, upgrades), licences, cost, "
    "and what the people who will run it know: no run of this program measures that"
)


def decide(asked: Drivers, analysis: Analysis, sweeps: Sequence[str] = ()) -> Decision:
    """Decide between the subjects of a run.

    ``sweeps`` are those that count where ``asked`` names none; empty means all.

    Raises:
        InputError: ``asked`` names what the run does not have, a limit is in another unit than
            its metric, or a driver has values that allow no ratio.
    """
    board = board_of(asked, analysis, sweeps)
    why = {subject: reasons(board, subject) for subject in board.options}
    remaining = [subject for subject, found in why.items() if not found]
    scored = scores(board, remaining)
    signs = signs_of(board, remaining)
    dominated = dominators(board, remaining, signs)
    candidates = [subject for subject in remaining if subject not in dominated]
    choice = min(candidates, key=scored.score, default="")
    noise = score_noise(board) if choice else 1.0
    rivalries = tuple(
        rivalry(board, scored, (choice, rival), noise, signs)
        for rival in remaining
        if rival != choice
    )
    close = (each.rival for each in rivalries if not each.is_apart and each.rival not in dominated)
    leading = (choice, *close) if choice else ()
    invalid_because = _invalid_because(analysis, why)
    outcome: DecisionOutcome = "decided" if len(leading) == 1 else "undecided"
    if invalid_because or not leading:
        outcome = "invalid" if invalid_because else "none remains"
    costs = {
        option: {metric: scored.cost(option, metric) for metric in scored.weights}
        for option in candidates
    }
    weights = {driver.metric: driver.weight for driver in asked.drivers}

    def standing(subject: str) -> Standing:
        if why[subject]:
            is_open = all(reason.kind == "not shown" for reason in why[subject])
            return "not shown" if is_open else "excluded"
        if subject in leading:
            return "chosen" if outcome == "decided" else "leading"
        return "dominated" if subject in dominated else "remains"

    def option(subject: str) -> Option:
        of_subject, score = _relative(board, subject, scored)
        cells = board.cells_of(subject)
        names = {cell.name for cell in cells}
        return Option(
            subject=subject,
            durability=durability_of(board, subject),
            standing=standing(subject),
            reasons=why[subject],
            notes=loop_notes(board, subject),
            figures=tuple(board.figure(cell, name) for name in board.metrics for cell in cells),
            costs=of_subject,
            score=score,
            dominated_by=dominated.get(subject, ()),
            findings=tuple(each for each in analysis.findings if names & set(each.cells)),
        )

    return Decision(
        asked=asked,
        run=analysis.run,
        question=analysis.question,
        outcome=outcome,
        choice=choice,
        leading=leading,
        metrics=board.metrics,
        places=board.places,
        place_texts=_place_texts(board),
        options=tuple(map(option, board.options)),
        rivalries=rivalries,
        flips=flips(weights, costs, choice) if choice else (),
        by_place=in_each_place(board, candidates, choice, noise) if choice else {},
        cautions=tuple(_cautions(board)),
        not_measured=tuple(_not_measured(board, why, has_noise=noise > 1.0)),
        invalid_because=invalid_because,
        exit_code=EXIT_CODES[outcome],
    )


def _invalid_because(analysis: Analysis, why: Mapping[str, Sequence[Objection]]) -> str:
    """Say why nothing may be decided: the run is invalid, or what only that keeps from choice.

    An option that something else excludes may be invalid as well: nothing rests on its numbers.
    """
    for finding in analysis.findings:
        if finding.severity == "invalid" and not finding.cells:
            return f"{finding.code}: {finding.message}"
    for subject, found in why.items():
        kinds = {reason.kind for reason in found}
        if "invalid" in kinds and kinds <= {"invalid", "not shown"}:
            return f"{subject}: {next(r.text for r in found if r.kind == 'invalid')}"
    return ""


def _relative(
    board: Board, subject: str, scored: Scores
) -> tuple[Mapping[str, float], float | None]:
    """Return costs and score relative to the best of those that remain, as factors."""
    remaining = tuple(scored.costs)
    both = scored
    if subject not in scored.costs:
        try:
            both = scores(board, (subject, *remaining))
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


def _cautions(board: Board) -> Iterator[str]:
    weighed = [driver.metric for driver in board.asked.drivers if driver.weight]
    times = [name for name in weighed if ".response." in name]
    rates = [name for name in weighed if name in (THROUGHPUT.name, OPERATION_RATE.name)]
    closed = all(cell.arrival_text.startswith("closed") for cell in board.cells.values())
    if times and rates and closed:
        yield (
            f"In a closed load {listed(rates)} follows from the response times, so {listed(rates)} "
            f"and {listed(times)} weigh the same thing twice."
        )


def _place_texts(board: Board) -> Mapping[str, str]:
    workloads, payloads = board.analysis.workload_texts, board.analysis.payload_texts
    arrivals = {cell.arrival: cell.arrival_text for cell in board.cells.values()}
    texts: dict[str, str] = {}
    for place in board.places:
        parts = [workloads.get(place.workload), payloads.get(place.payload)]
        parts += [arrivals[place.arrival], f"{place.loop} loop"]
        texts[place.name] = "; ".join(filter(None, parts))
    return texts


def _not_measured(
    board: Board, why: Mapping[str, Sequence[Objection]], *, has_noise: bool
) -> Iterator[str]:
    analysis = board.analysis
    for subject, found in why.items():
        if all(reason.kind == "not shown" for reason in found):
            yield from loop_notes(board, subject)
    if not has_noise:
        yield (
            "how much the score of one option differs from itself: no A/A arm was measured in "
            "every place that counts"
        )
    emulated = {cell.loop for cell in board.cells.values() if cell.loop_kind == "emulated"}
    if emulated:
        yield f"speed on {listed(sorted(emulated))}, which was emulated here"
    if any(finding.code == "shared_cores" for finding in analysis.findings):
        yield "client and server on machines of their own: here they shared the cores"
    yield _NEVER_MEASURED
