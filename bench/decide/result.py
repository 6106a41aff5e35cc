"""A decision between savers: everything that its record tells, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from bench.analysis.result import Finding
from bench.decide.drivers import Drivers
from bench.records.run import RunRecord
from bench.scenario.durability import Durability
from bench.scenario.metric import Metric
from bench.stats.effects import Effect

DecisionOutcome = Literal["decided", "undecided", "none remains", "invalid"]
Standing = Literal["chosen", "leading", "remains", "dominated", "not shown", "excluded"]
ObjectionKind = Literal[
    "limit", "durability", "loop", "unsupported", "invalid", "failing", "not measured", "not shown"
]


class Place(NamedTuple):
    """A condition and a loop: what is the same for every option that is compared there."""

    sweep: str
    workload: str
    payload: str
    arrival: str
    loop: str

    @property
    def name(self) -> str:
        """The place in labels."""
        return " · ".join(self[1:])


@dataclass(frozen=True, slots=True)
class Figure:
    """What one option has of one metric in one place, in the metric's unit.

    ``value`` is ``None`` where nothing was measured, ``low`` and ``high`` where there is no
    interval; ``why_not`` says why. ``struck``: the numbers must not be used.
    """

    place: Place
    metric: Metric
    value: float | None = None
    low: float | None = None
    high: float | None = None
    why_not: str = ""
    struck: bool = False


@dataclass(frozen=True, slots=True)
class Objection:
    """Why an option cannot be chosen. ``not shown`` alone leaves it open."""

    kind: ObjectionKind
    text: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One driver of the choice and of a rival, over all places that count.

    ``ratio`` is the rival's cost ÷ the choice's: above 1 the choice is better. ``low`` and ``high``
    are ``None`` for a single repetition. ``flips_alone``: with this driver at the end of its
    interval that is worse for the choice, and all others as estimated, the rival wins.
    ``better`` and ``worse`` name the places in which the choice is shown to be that.
    """

    metric: str
    ratio: float
    low: float | None
    high: float | None
    flips_alone: bool
    better: tuple[str, ...]
    worse: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """The score of a ``rival`` beside the choice's: ``ratio`` ÷ it, above 1 the choice is better.

    ``effect`` is that over repetitions, with its interval. ``is_apart``: the data show a difference
    there, either way.
    """

    rival: str
    ratio: float
    effect: Effect
    is_apart: bool


@dataclass(frozen=True, slots=True)
class Rivalry(Gap):
    """The choice against one other option that remains.

    ``noise_factor`` (≥ 1) is that of A/A arms in the same score. ``is_apart``: the data tell that
    the choice is better; else ``why_not`` says why. ``worst_ratio`` has every driver at the end of
    its interval that is worse for the choice, all at once.
    """

    noise_factor: float
    why_not: str
    worst_ratio: float | None
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Flip:
    """The nearest weight of one driver, all others as given, at which ``winner`` takes over."""

    metric: str
    weight: float
    at: float
    direction: Literal["above", "below"]
    winner: str


@dataclass(frozen=True, slots=True)
class Option:
    """A subject that was considered.

    ``costs`` has, by driver, how many times the best remaining option's figure this option's is
    (times and bytes) or is contained in it (rates): 1 is as good as the best. ``score`` is their
    weighted geometric mean, ``None`` where it cannot be said. ``dominated_by`` names the options
    that are not worse in any driver and better in one. ``findings`` are reasons to distrust.
    """

    subject: str
    durability: Durability
    standing: Standing
    reasons: tuple[Objection, ...]
    notes: tuple[str, ...]
    figures: tuple[Figure, ...]
    costs: Mapping[str, float]
    score: float | None
    dominated_by: tuple[str, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision and what it rests on.

    ``choice`` is the option with the best score, also where the outcome is not ``decided``; empty
    where none remains. ``leading`` are those that the data do not tell from it, itself included.
    ``by_place`` has where several places count the best other option that is not dominated in each,
    as if it alone counted. ``cautions`` are about the drivers.
    """

    asked: Drivers
    run: RunRecord
    question: str
    outcome: DecisionOutcome
    choice: str
    leading: tuple[str, ...]
    metrics: Mapping[str, Metric]
    places: tuple[Place, ...]
    place_texts: Mapping[str, str]
    options: tuple[Option, ...]
    rivalries: tuple[Rivalry, ...]
    flips: tuple[Flip, ...]
    by_place: Mapping[Place, Gap]
    cautions: tuple[str, ...]
    not_measured: tuple[str, ...]
    invalid_because: str
    exit_code: int

    def option(self, subject: str) -> Option:
        """Return the option of that name."""
        return next(option for option in self.options if option.subject == subject)
