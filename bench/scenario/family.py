"""What is compared with what, and which comparisons are read together.

A scenario declares **families** (``[families.NAME]``), the question first, or names what all others
are compared with (``[baseline]``). What nobody asks for is not compared, so that it costs the
answers of the others nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bench.errors import suggestion
from bench.scenario.plan import Arm, arms_of
from bench.scenario.scenario import Family, Scenario
from bench.scenario.selection import SELECTORS


def baselines_of(scenario: Scenario, subject: str, loop: str) -> tuple[tuple[str, str], ...]:
    """Return subject and loop of each arm that ``subject`` on ``loop`` is compared with in a block.

    An A/A arm is compared with the arm that it repeats and with nothing else. Of several baselines
    each is also a candidate against those named before it.
    """
    if again := scenario.subjects[subject].same_as:
        return ((again, loop),)
    if named := scenario.baseline.loop:
        return () if loop == named else ((subject, named),)
    return tuple((label, loop) for label in _baseline_subjects(scenario, subject))


def _baseline_subjects(scenario: Scenario, subject: str) -> list[str]:
    if scenario.families:
        pairs = (pair for family in scenario.families.values() for pair in family.pairs)
        return [*dict.fromkeys(base for base, candidate in pairs if candidate == subject)]
    named = scenario.baseline.subjects
    before = named[: named.index(subject)] if subject in named else named
    return [label for label in before if scenario.subjects[label].same_as != subject]


def compares(scenario: Scenario) -> bool:
    """Tell whether anything is compared, if only an A/A arm with the arm that it repeats."""
    baseline = scenario.baseline
    has_arms = any(subject.same_as for subject in scenario.subjects.values())
    return bool(scenario.families or baseline.subjects or baseline.loop or has_arms)


def asks_across_durability(scenario: Scenario) -> bool:
    """Tell whether sides are compared that do not promise the same.

    A family names its pairs, and a loop is compared with a loop; with ``[baseline]`` it is asked.
    """
    baseline = scenario.baseline
    return bool(scenario.families or baseline.loop or baseline.across_durability)


def question_sweeps(scenario: Scenario) -> tuple[str, ...]:
    """Name the sweeps that answer the question: those not aside, or all where all are.

    What is broken on purpose is no answer to how fast it is.
    """
    measured = {name: sweep for name, sweep in scenario.sweeps.items() if not sweep.faults}
    told = tuple(name for name, sweep in measured.items() if not sweep.aside)
    return told or tuple(measured)


def family_of(
    scenario: Scenario,
    candidate: object,
    pair: tuple[str, str],
    metric: str,
    *,
    same_durability: bool,
) -> str:
    """Name the family to which comparing ``pair``, baseline and candidate, in ``metric`` belongs.

    ``candidate`` has its labels as attributes. Empty for what is only explored: other metrics than
    the primary ones, and what no family selects. Without declared families there is one for each
    baseline, and one for what it is compared with across durability classes, in the sweeps that
    answer the question.
    """
    if metric not in scenario.primary_metrics:
        return ""
    for name, family in scenario.families.items():
        if pair in family.pairs and _reads(scenario, family, candidate, metric):
            return name
    if scenario.families or getattr(candidate, "sweep", "") not in question_sweeps(scenario):
        return ""
    return f"against {pair[0]}" + ("" if same_durability else ", across durability classes")


def _reads(scenario: Scenario, family: Family, candidate: object, metric: str) -> bool:
    sweeps = family.sweeps or question_sweeps(scenario)
    is_of_sweep = getattr(candidate, "sweep", "") in sweeps
    return is_of_sweep and family.selects(candidate) and metric in (family.metrics or (metric,))


def remaining(families: Mapping[str, Family], arms: Sequence[Arm]) -> dict[str, Family]:
    """Return what is left of ``families`` where only ``arms`` are measured."""
    left = {}
    for name, family in families.items():
        chosen = [arm for arm in arms if family.selects(arm)]
        against: dict[str, list[str]] = {}
        for base, candidate in family.pairs:
            if any(_beside(chosen, base, candidate)):
                against.setdefault(base, []).append(candidate)
        selectors = {
            axis: tuple(label for label in getattr(family, axis) if label in labels)
            for axis in family.labels
            for labels in [{getattr(arm, SELECTORS[axis]) for arm in chosen}]
        }
        if against:
            pairs = {base: tuple(candidates) for base, candidates in against.items()}
            left[name] = family.model_copy(update={"against": pairs, **selectors})
    return left


def family_problems(scenario: Scenario) -> Iterator[str]:
    """Yield a sentence for each family that does not fit ``scenario``: key, what was expected.

    The labels of the sweeps must have been checked.
    """
    baseline = scenario.baseline
    if scenario.families and (baseline.subjects or baseline.loop):
        yield "families say what is compared: give [families] or [baseline], not both"
    arms = arms_of(scenario) if scenario.families else ()
    read: dict[tuple[object, ...], str] = {}
    for name, family in scenario.families.items():
        key = f"families.{name}"
        problems = [*_pair_problems(key, scenario, family), *family.problems(key, arms)]
        for metric in family.metrics or ():
            if metric not in scenario.primary_metrics:
                hint = suggestion(metric, scenario.primary_metrics)
                problems.append(f"{key}.metrics names {metric!r}, no primary metric.{hint}")
        yield from problems or _placed(key, scenario, family, arms, read)


def _pair_problems(key: str, scenario: Scenario, family: Family) -> Iterator[str]:
    for base, candidates in family.against.items():
        place = f"{key}.against.{base}"
        if base not in scenario.subjects:
            yield f"{key}.against names {base!r}.{suggestion(base, scenario.subjects)}"
        for label in dict.fromkeys(candidates):
            if label not in scenario.subjects:
                yield f"{place} names {label!r}.{suggestion(label, scenario.subjects)}"
            elif again := scenario.subjects[label].same_as:
                yield f"{place} names {label!r}, an A/A arm, which is compared with {again!r} alone"
            elif label == base or candidates.count(label) > 1:
                yield f"{place} names {label!r}, expected each other subject once"


def _placed(
    key: str,
    scenario: Scenario,
    family: Family,
    arms: Sequence[Arm],
    read: dict[tuple[object, ...], str],
) -> Iterator[str]:
    """Find pairs that are not measured together, or that another family reads already."""
    chosen = [arm for arm in arms if family.selects(arm)]
    for base, candidate in family.pairs:
        beside = [*_beside(chosen, base, candidate)]
        if not beside:
            yield f"{key}.against.{base} names {candidate!r}, which no sweep measures beside it"
        taken: dict[str, None] = {}
        for arm in beside:
            for metric in scenario.primary_metrics:
                if _reads(scenario, family, arm, metric):
                    first = read.setdefault((base, arm, metric), key)
                    taken |= {first: None} if first != key else {}
        for other in taken:
            yield f"{other} and {key} both compare {candidate!r} with {base!r}; one may read them"


def _beside(arms: Sequence[Arm], base: str, candidate: str) -> Iterator[Arm]:
    """Yield the arms of ``candidate`` whose sweep has ``base``, too."""
    sweeps = {arm.sweep for arm in arms if arm.subject == base}
    return (arm for arm in arms if arm.subject == candidate and arm.sweep in sweeps)
