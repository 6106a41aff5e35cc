"""What speaks against the answer: what must not be used, what is not proven, what settles it."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Literal

from bench.analysis.answer.places import place_in_words, varying
from bench.analysis.answer.results import Results, is_proven
from bench.analysis.cell import Cell
from bench.analysis.comparison import false_alarms, noise_factor
from bench.analysis.result import Comparison, Reason
from bench.analysis.wording import (
    DIGITS,
    FEWEST_FOR_INTERVAL,
    Check,
    Statement,
    counted,
    factors_in_words,
    listed,
)
from bench.scenario.metric import series_of
from bench.scenario.quantity import count, number
from bench.stats.effects import departure, detectable

_MOST_REPETITIONS = 100
# More repetitions are advised where they would settle one of so many.
_FEW = 3
_MANY_ALARMS = 2
_OPEN_TO_MORE = ("interval", "many comparisons")
# Why an interval that excludes 1 does not count, of several.
_WHY_NOT_COUNTED: Mapping[Reason | Literal[""], str] = {
    "": "a few repetitions have no interval",
    "unsteady": "they drifted",
    "noise": "they are no larger than the same saver measured twice differs",
    "many comparisons": "chance gives as much among so many",
    "tail": "too few operations lie in the tail",
    "blocks": "they lack trials",
    "durability": "they promise different things",
    "interval": "what they show is too small",
}


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
    text = f"Not decided: {len(unproven)} of {counted(len(comparisons), 'comparison')}"
    if excluding := [c for c in unproven if c.effect.side()]:
        text += f"; {_look_like_differences(excluding)}"
    text += "".join(f"; {each}" for each in _drifting(results, unproven))
    blocks = max(c.effect.blocks for c in unproven)
    factors = sorted(f for c in comparisons if (f := c.effect.detectable_factor) is not None)
    if factors:
        quarter = len(factors) // 4
        seen = factors_in_words((factors[quarter], factors[-1 - quarter]))
        text += f". {counted(blocks, 'repetition')} typically show factors of {seen} and above"
    is_most = 2 * len(unproven) > len(comparisons)
    title = "This run is coarse" if is_most else "Not everything is proven"
    yield Statement(title, f"{text}. {_settled_by(results, unproven, blocks)}".rstrip())


def _look_like_differences(excluding: Sequence[Comparison]) -> str:
    """Say why those whose interval excludes 1 are not counted."""
    whys = ", or ".join(dict.fromkeys(_WHY_NOT_COUNTED[c.cause] for c in excluding))
    if len(excluding) == 1:
        return f"1 looks like a difference but is not counted: {whys}".replace(
            "they are", "it is"
        ).replace("they ", "it ")
    return f"{len(excluding)} look like differences but are not counted: {whys}"


def _drifting(results: Results, unproven: Sequence[Comparison]) -> Iterator[str]:
    """Say how many drifted, and what helps: it depends on which way they drift."""
    unsteady = [c for c in unproven if c.cause == "unsteady"]
    slowing = sum(_slows_down(results, c) for c in unsteady)
    if faster := len(unsteady) - slowing:
        yield f"{faster} became faster within the window: a longer warm-up helps there"
    if slowing:
        yield f"{slowing} became slower within the window: compare at the same number stored"


def _slows_down(results: Results, comparison: Comparison) -> bool:
    """Tell whether what drifts of one side became worse from the first half to the second."""
    sign = -1.0 if comparison.metric.better == "higher" else 1.0
    drifts = [
        cell.drifts.get(series_of(comparison.metric.name)) for cell in results.sides(comparison)
    ]
    return any(
        each is not None and each.is_systematic and sign * each.change > 0.0 for each in drifts
    )


def _settled_by(results: Results, unproven: Sequence[Comparison], blocks: int) -> str:
    """Say how many repetitions would show most of ``unproven``, were the estimates true."""
    if blocks < FEWEST_FOR_INTERVAL:
        return f"From {FEWEST_FOR_INTERVAL} repetitions on there are intervals."
    open_to_more = [c for c in unproven if c.cause in _OPEN_TO_MORE]
    needed = sorted(filter(None, map(_repetitions_needed, open_to_more)))
    of_most = needed[len(needed) * 2 // 3] if needed else 0
    repetitions = max(blocks + 1, -(-of_most // 5) * 5)
    settled = sum(each <= repetitions for each in needed)
    if _FEW * settled < len(unproven):
        return f"More repetitions would hardly help: {_why_not_more(unproven)}."
    minutes = _took_s(results, repetitions) / 60.0
    about = f" (about {number(minutes, DIGITS)} minutes)" if minutes else ""
    return (
        f"--repetitions {repetitions}{about} would settle about {settled} of them, "
        "were the estimates true."
    )


def _why_not_more(unproven: Sequence[Comparison]) -> str:
    """Name what keeps most of those open that more repetitions would not settle."""
    reasons = Counter(
        _WHY_NOT_COUNTED["interval" if each.cause in _OPEN_TO_MORE else each.cause]
        for each in unproven
        if each.cause not in _OPEN_TO_MORE or _repetitions_needed(each) is None
    )
    most, many = reasons.most_common(1)[0]
    return f"{most} ({many} of {len(unproven)})"


def _took_s(results: Results, repetitions: int) -> float:
    """Return how long so many repetitions take: --repetitions is that of every cell."""
    took_s: dict[object, list[float]] = defaultdict(list)
    for record in results.trials:
        took_s[record.trial.condition, record.trial.cell].append(record.took_s)
    return repetitions * sum(map(fmean, took_s.values()))


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


def checks(results: Results) -> Iterator[Check]:
    """Yield what was looked for: trials, acknowledged writes, the same saver twice."""
    recorded, planned = len(results.trials), results.trials_planned
    failed = sum(record.status == "failed" for record in results.trials)
    text = f"{count(recorded)} of {count(planned)} trials recorded"
    text += f", {count(failed)} failed" if failed else ""
    yield Check(text, is_in_order=recorded >= planned and not failed)
    yield from _read_back(results)
    yield from _twice(results)


def _read_back(results: Results) -> Iterator[Check]:
    every = [trial.verification for trial in results.trials if trial.verification is not None]
    # A store of which nothing was looked at and that has a problem could not be read.
    looked = [each for each in every if each.threads or not each.problems]
    if not every:
        return
    lost = sum(each.lost + each.lost_writes for each in looked)
    acknowledged = sum(each.acknowledged or each.checkpoints for each in looked)
    unread = len(every) - len(looked)
    told = []
    if looked:
        what = f"{count(lost)} acknowledged writes were" if lost else "no acknowledged write was"
        told = [f"{what} lost, of {count(acknowledged)} in {counted(len(looked), 'trial')}"]
    told += [f"{counted(unread, 'trial')} not read back"] * bool(unread)
    wrong = sum(not each.passed and not (each.lost or each.lost_writes) for each in looked)
    if wrong:
        told.append(f"stores of {counted(wrong, 'trial')} hold something else than was written")
    yield Check(", ".join(told), is_in_order=not (lost or unread or wrong))


def _twice(results: Results) -> Iterator[Check]:
    primary = results.scenario.primary_metrics
    repeated = [c for c in results.comparisons if c.is_aa and c.metric.name in primary]
    if not repeated:
        return
    most = number(max(noise_factor(results.cells, c.metric.name) for c in repeated))
    alarms = false_alarms(repeated, primary)
    if alarms is not None and (alarms.different >= _MANY_ALARMS or alarms.is_unlikely):
        text = (
            f"the same saver twice: {alarms.different} of {counted(alarms.compared, 'ratio')} "
            f"looked like a difference; believe nothing under {most}×"
        )
        yield Check(text, is_in_order=False)
    else:
        subjects = listed(dict.fromkeys(c.baseline for c in repeated))
        yield Check(f"the same saver twice ({subjects}) differs by at most {most} times")
