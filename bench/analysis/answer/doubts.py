"""What speaks against the answer: what must not be used, what is not proven, what settles it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence

from bench.analysis.answer.places import place_in_words, varying
from bench.analysis.answer.results import Results, is_proven
from bench.analysis.cell import Cell
from bench.analysis.comparison import noise_factor
from bench.analysis.result import Comparison
from bench.analysis.wording import DIGITS, Statement, counted, factors_in_words, listed
from bench.scenario.quantity import count, number
from bench.stats.effects import departure, detectable

_MOST_REPETITIONS = 100


def reservations(results: Results) -> Iterator[Statement]:
    """Yield what must not be used, who fails, and what lacks."""
    for finding in results.findings:
        if finding.severity == "invalid":
            yield Statement("Some of these numbers must not be used", f"{finding.message}.")
    yield from _failing(results)
    for finding in results.findings:
        if finding.code == "incomplete_run":
            yield Statement(
                "The run is not complete, so this is preliminary", f"{finding.message}."
            )
        elif finding.code in ("trial_failed", "primary_metric_missing"):
            yield Statement("The answer has a gap", f"{finding.message}.")


def circumstances(results: Results) -> Iterator[Statement]:
    """Yield what bears on every number of the run."""
    for finding in results.findings:
        if finding.code == "shared_cores":
            yield Statement("Quote ratios, not times", f"{finding.message}.")


def _failing(results: Results) -> Iterator[Statement]:
    """Name each subject that fails too often to be compared, by its worst condition.

    Not of a search (``label@rate``): it goes beyond what a subject sustains, and tells how far.
    """
    by_subject: dict[str, list[Cell]] = defaultdict(list)
    for cell in results.cells:
        if "@" not in cell.arrival:
            by_subject[cell.subject].append(cell)
    labels = [name for name in varying(results.cells) if name != "subject"]
    for subject, cells in by_subject.items():
        failing = [cell for cell in cells if cell.failing_because]
        if not failing:
            continue
        worst = max(failing, key=lambda cell: cell.failing_share)
        place = place_in_words(worst, labels)
        text = f"{worst.failing_because}{f' {place}' if place else ''}; not compared"
        if len(failing) < len(cells) or len(failing) > 1:
            text += f" there, so in {len(failing)} of {counted(len(cells), 'condition')}"
        yield Statement(f"{subject} fails", f"{text}.")


def coarse(results: Results, comparisons: Sequence[Comparison]) -> Iterator[Statement]:
    """Say how many ratios are not proven, and how many repetitions would settle most of them."""
    unproven = [c for c in comparisons if not is_proven(c)]
    if not unproven:
        return
    excluding = [c for c in unproven if c.effect.side()]
    text = f"Not decided: {len(unproven)} of {counted(len(comparisons), 'comparison')}"
    if excluding:
        text += (
            f" (the intervals of {len(excluding)} exclude 1, which other reasons do not let count)"
        )
    unsteady = sum(c.cause == "unsteady" for c in unproven)
    if unsteady:
        text += f"; {unsteady} of them drifted within the window: a longer warm-up helps there"
    blocks = max(c.effect.blocks for c in unproven)
    factors = sorted(f for c in comparisons if (f := c.effect.detectable_factor) is not None)
    if factors:
        quarter = len(factors) // 4
        seen = factors_in_words((factors[quarter], factors[-1 - quarter]))
        text += f". {counted(blocks, 'repetition')} typically show factors of {seen} and above"
    is_most = 2 * len(unproven) > len(comparisons)
    title = "This run is coarse" if is_most else "Not everything is proven"
    yield Statement(title, f"{text}. {_settled_by(results, unproven, blocks)}".rstrip())


def _settled_by(results: Results, unproven: Sequence[Comparison], blocks: int) -> str:
    """Say how many repetitions would show most of ``unproven``, were the estimates true."""
    open_to_more = [c for c in unproven if c.cause in ("interval", "many comparisons")]
    needed = sorted(filter(None, map(_repetitions_needed, open_to_more)))
    if not needed:
        return "More repetitions would not settle them: what they show is too small."
    of_most = needed[len(needed) * 2 // 3]
    repetitions = max(blocks + 1, -(-of_most // 5) * 5)
    settled = sum(each <= repetitions for each in needed)
    took_s = sum(record.took_s for record in results.trials)
    minutes = f" (about {number(took_s * repetitions / blocks / 60.0, DIGITS)} minutes)" * (
        took_s > 0
    )
    return (
        f"--repetitions {repetitions}{minutes} would settle about {settled} of them, "
        "were the estimates true."
    )


def _repetitions_needed(comparison: Comparison) -> int | None:
    """Return how many blocks of such spread would show the estimate in 80 of 100 runs."""
    found, shift = comparison.effect, math.log(departure(comparison.effect.ratio))
    if found.error is None or shift <= math.log1p(comparison.smallest_effect):
        return None
    for blocks in range(found.blocks + 1, _MOST_REPETITIONS + 1):
        more = blocks / found.blocks
        error, degrees = found.error / math.sqrt(more), found.degrees * more
        if detectable(error, degrees, comparison.level) <= shift:
            return blocks
    return None


def checks(results: Results) -> Iterator[str]:
    """Yield what was looked for: trials, acknowledged writes, the same saver twice."""
    recorded = len(results.trials)
    yield f"{count(recorded)} of {count(results.trials_planned)} trials recorded"
    looked = [trial.verification for trial in results.trials if trial.verification is not None]
    lost = sum(each.lost + each.lost_writes for each in looked)
    acknowledged = sum(each.acknowledged or each.checkpoints for each in looked)
    if looked:
        what = f"{count(lost)} acknowledged writes were" if lost else "no acknowledged write was"
        yield f"{what} lost, of {count(acknowledged)} in {counted(len(looked), 'trial')}"
    repeated = [c for c in results.comparisons if c.is_aa]
    primary = results.scenario.primary_metrics
    names = dict.fromkeys(c.metric.name for c in repeated if c.metric.name in primary)
    if names:
        most = max(noise_factor(results.cells, name) for name in names)
        subjects = listed(dict.fromkeys(c.baseline for c in repeated))
        yield f"the same saver twice ({subjects}) differs by at most {number(most)} times"
