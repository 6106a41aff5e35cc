"""What speaks against the answer: what must not be used, what is not proven, what settles it."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import fmean
from typing import Literal

from bench.analysis.answer.places import place_in_words, varying
from bench.analysis.cell import Cell
from bench.analysis.comparison import false_alarms, noise_factor
from bench.analysis.result import Analysis, Comparison, Finding, Reason, Severity
from bench.analysis.wording import (
    DIGITS,
    FEWEST_FOR_INTERVAL,
    Check,
    Statement,
    counted,
    factors_in_words,
    listed,
    noun,
)
from bench.records.trial import Verification
from bench.scenario.family import question_sweeps
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
    "unsteady": "drifted during the measurement",
    "noise": "no larger than the same saver measured twice differs",
    "many comparisons": "chance gives as much among so many",
    "tail": "too few operations in the tail",
    "blocks": "trials are lacking",
    "durability": "the two sides promise different things",
    "interval": "what is shown is too small",
}


# The findings by which a ratio is no extreme to begin with, in words.
NO_EXTREME = {
    "generator_saturated": "the Python client was the limit",
    "few_cycles": "few operations were timed",
}


def quotable(analysis: Analysis) -> list[Comparison]:
    """Return the comparisons that the answer may quote: of the question, at real speeds."""
    sweeps = question_sweeps(analysis.scenario)
    return [
        comparison
        for comparison in analysis.comparisons
        if comparison.metric.name in analysis.primary_metrics
        and comparison.condition[0] in sweeps
        and not comparison.is_aa
        and not comparison.candidate_cell.is_floor
        and all(cell.loop_kind != "emulated" for cell in comparison.cells)
    ]


def no_extreme(analysis: Analysis, cells: Iterable[Cell]) -> list[str]:
    """Say why the ratio of two ``cells`` is none to quote as the extreme of all."""
    names = {cell.name for cell in cells}
    codes = {each.code for each in analysis.findings if names & {*each.cells}}
    return [text for code, text in NO_EXTREME.items() if code in codes]


def reservations(analysis: Analysis) -> Iterator[Statement]:
    """Yield what must not be used, who fails, and what lacks."""
    for finding in analysis.findings:
        if finding.severity == "invalid":
            yield Statement("Some of these numbers must not be used", f"{finding.message}.")
    yield from _failing(analysis)
    for finding in analysis.findings:
        if finding.code == "incomplete_run":
            yield Statement(
                "The run is not complete, so this is preliminary", f"{finding.message}."
            )
        elif finding.code in ("trial_failed", "primary_metric_missing"):
            yield Statement("The answer has a gap", f"{finding.message}.")


def circumstances(analysis: Analysis, severity: Severity) -> Iterator[Statement]:
    """Yield what bears on many numbers of the run, of the findings that weigh so much."""
    for finding in analysis.findings:
        if finding.severity != severity:
            continue
        if finding.code == "generator_saturated":
            yield _client_was_the_limit(analysis, finding)
        elif finding.code == "shared_cores":
            pinned = [
                cell
                for cell in analysis.cells
                if cell.name in finding.cells
                and analysis.scenario.arrival(cell.arrival).placement == "pinned"
            ]
            on_own = f"; {len(pinned)} of them were pinned to a core each" if pinned else ""
            yield Statement("Quote ratios, not times", f"{finding.message}{on_own}.")


def _client_was_the_limit(analysis: Analysis, finding: Finding) -> Statement:
    limited = Counter(cell.plugin for cell in analysis.cells if cell.name in finding.cells)
    every = Counter(cell.plugin for cell in analysis.cells)
    most = [name for name in limited if 2 * limited[name] > every[name]]
    where = f"; so in most cells of {listed(most)}" if most else ""
    cells = counted(len(analysis.cells), "cell")
    return Statement(
        f"The client was the limit in {limited.total()} of {cells}",
        f"Python was busy nearly all the time, or late{where}. There the figures tell more of the "
        "Python client than of the server, and differences between servers look smaller.",
    )


def _failing(analysis: Analysis) -> Iterator[Statement]:
    """Name each subject that fails too often to be compared, by its worst condition.

    Not of a search (``label@rate``): it goes beyond what a subject sustains, and tells how far.
    """
    by_subject: dict[str, list[Cell]] = defaultdict(list)
    for cell in analysis.cells:
        if "@" not in cell.arrival:
            by_subject[cell.subject].append(cell)
    labels = [name for name in varying(analysis.cells) if name != "subject"]
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


def coarse(analysis: Analysis, comparisons: Sequence[Comparison]) -> Iterator[Statement]:
    """Say how many ratios are not proven, and how many repetitions would settle most of them."""
    unproven = [c for c in comparisons if not c.is_proven]
    if not unproven:
        return
    verb = "is" if len(unproven) == 1 else "are"
    compared = counted(len(comparisons), "comparison")
    said = [f"{len(unproven)} of {compared} {verb} not decided"]
    if excluding := [c for c in unproven if c.effect.side()]:
        said.append(_look_like_differences(excluding))
    said += _drifting(unproven)
    blocks = max(c.effect.blocks for c in unproven)
    factors = sorted(f for c in comparisons if (f := c.effect.detectable_factor) is not None)
    if factors:
        quarter = len(factors) // 4
        seen = factors_in_words((factors[quarter], factors[-1 - quarter]))
        said.append(f"{counted(blocks, 'repetition')} typically show factors of {seen} and above")
    is_most = 2 * len(unproven) > len(comparisons)
    title = "This run is coarse" if is_most else "Not everything is proven"
    said.append(_settled_by(analysis, unproven, blocks))
    yield Statement(title, f"{'. '.join(said)}.")


def _look_like_differences(excluding: Sequence[Comparison]) -> str:
    whys = Counter(_WHY_NOT_COUNTED[c.cause] for c in excluding)
    if len(excluding) == 1:
        return f"1 of them looks like a difference but does not count: {listed(whys)}"
    text = listed(f"{why} ({many})" for why, many in whys.items())
    return f"{len(excluding)} of them look like differences but do not count: {text}"


def _drifting(unproven: Sequence[Comparison]) -> Iterator[str]:
    """Say how many drifted, and what helps: it depends on which way they drift."""
    unsteady = [c for c in unproven if c.cause == "unsteady"]
    slowing = sum(map(_slows_down, unsteady))
    faster = len(unsteady) - slowing
    helps = [f"{faster} sped up (a longer warm-up helps)"] * bool(faster)
    helps += [f"{slowing} slowed down (compare at the same number stored)"] * bool(slowing)
    if helps:
        yield f"Of those that drifted during the measurement {listed(helps)}"


def _slows_down(comparison: Comparison) -> bool:
    """Tell whether what drifts of one side became worse from the first half to the second."""
    sign = -1.0 if comparison.metric.better == "higher" else 1.0
    drifts = [cell.drifts.get(series_of(comparison.metric.name)) for cell in comparison.cells]
    return any(
        each is not None and each.is_systematic and sign * each.change > 0.0 for each in drifts
    )


def _settled_by(analysis: Analysis, unproven: Sequence[Comparison], blocks: int) -> str:
    """Say how many repetitions would show most of ``unproven``, were the estimates true."""
    if blocks < FEWEST_FOR_INTERVAL:
        return f"From {FEWEST_FOR_INTERVAL} repetitions on there are intervals"
    open_to_more = [c for c in unproven if c.cause in _OPEN_TO_MORE]
    needed = sorted(filter(None, map(_repetitions_needed, open_to_more)))
    of_most = needed[len(needed) * 2 // 3] if needed else 0
    repetitions = max(blocks + 1, -(-of_most // 5) * 5)
    settled = sum(each <= repetitions for each in needed)
    if _FEW * settled < len(unproven):
        return f"More repetitions would hardly help: {_why_not_more(unproven)}"
    minutes = _took_s(analysis, repetitions) / 60.0
    about = f" (about {number(minutes, DIGITS)} minutes)" if minutes else ""
    return (
        f"--repetitions {repetitions}{about} would settle about {settled} more, "
        "if the estimates are right"
    )


def _why_not_more(unproven: Sequence[Comparison]) -> str:
    reasons = Counter(
        _WHY_NOT_COUNTED["interval" if each.cause in _OPEN_TO_MORE else each.cause]
        for each in unproven
        if each.cause not in _OPEN_TO_MORE or _repetitions_needed(each) is None
    )
    most, many = reasons.most_common(1)[0]
    return f"{most} ({many} of {len(unproven)})"


def _took_s(analysis: Analysis, repetitions: int) -> float:
    """Return how long so many repetitions take: --repetitions is that of every cell."""
    of_cells = ([record.took_s for record in cell.records] for cell in analysis.cells)
    return repetitions * sum(map(fmean, filter(None, of_cells)))


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


def checks(analysis: Analysis) -> Iterator[Check]:
    """Yield what was looked for: trials, acknowledged writes, the same saver twice."""
    trials = [record for cell in analysis.cells for record in cell.records]
    recorded, planned = len(trials), analysis.planned
    failed = sum(record.status == "failed" for record in trials)
    text = f"{count(recorded)} of {count(planned)} trials recorded"
    text += f", {count(failed)} failed" if failed else ""
    yield Check(text, is_in_order=recorded >= planned and not failed)
    yield from _read_back([each.verification for each in trials if each.verification is not None])
    yield from _twice(analysis)


def _read_back(every: Sequence[Verification]) -> Iterator[Check]:
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


def _twice(analysis: Analysis) -> Iterator[Check]:
    primary = analysis.scenario.primary_metrics
    repeated = [c for c in analysis.comparisons if c.is_aa and c.metric.name in primary]
    if not repeated:
        return
    factors = {c.metric: noise_factor(analysis.cells, c.metric.name) for c in repeated}
    most = number(max(factors.values()))
    alarms = false_alarms(repeated, primary)
    if alarms is not None and (alarms.different >= _MANY_ALARMS or alarms.is_unlikely):
        text = (
            f"the same saver twice: {alarms.different} of {counted(alarms.compared, 'ratio')} "
            f"looked like a difference; believe nothing under {most}×"
        )
        yield Check(text, is_in_order=False)
    else:
        subjects = listed(dict.fromkeys(c.baseline for c in repeated))
        percent = number(100.0 * analysis.scenario.smallest_effect)
        each = ", ".join(f"{noun(metric)} {number(f)}×" for metric, f in factors.items())
        is_small = max(factors.values()) <= 1.0 + analysis.scenario.smallest_effect
        beyond = "" if is_small else f", more than the {percent} % that are of interest"
        ratios = [ratio for c in repeated for ratio in c.ratios.values()]
        block = number(max(max(ratio, 1.0 / ratio) for ratio in ratios))
        text = f"the same saver twice ({subjects}) differs by at most: {each}{beyond}"
        text += f" (in a single block by up to {block}×)"
        yield Check(text, is_in_order=is_small)
