"""What a report's rule finds in the families of a scenario, by simulation on recorded trials.

Each subject gets a standard deviation from those that were recorded, and each trial a residual
drawn from all that were recorded, divided by their subject's: so savers differ in noise as much as
they did, and the noise has its shape. Trials are placed as a run places them: in each repetition
the blocks of the conditions one after the other, the arms of a block in shuffled order, so that
trials which depend on the one before them do so as they would in a run. What decides is
``bench.analysis.comparison`` itself.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from pydantic import BaseModel, ConfigDict

from bench.analysis.cell import Blocks, Cell
from bench.analysis.comparison import reported
from bench.analysis.result import Comparison
from bench.analysis.summary import summarise
from bench.analysis.trial_summary import summarise_trial
from bench.records.store import Run
from bench.scenario.durability import Durability
from bench.scenario.family import question_sweeps
from bench.scenario.metric import time_metric
from bench.scenario.plan import arms_of, expand
from bench.scenario.scenario import Scenario
from bench.stats.effects import effect
from characteristics.recorded import Floats

# True ratios are from 1.15 to 2, or from 1 ÷ 2 to 1 ÷ 1.15.
SMALLEST_RATIO, LARGEST_RATIO = 1.15, 2.0
RATIOS = ((1.15, 1.25), (1.25, 1.5), (1.5, 2.0))
RUNS = 300
_METRIC = time_metric("put", "response", "p50")
_SEED = 20261130

Pair = tuple[str, str]
Draw = Callable[[np.random.Generator, int], Floats]


class Noise(BaseModel):
    """Of one metric: standard deviations of subjects, and residuals in such; of logarithms."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    deviations: tuple[float, ...]
    residuals: tuple[float, ...]

    @property
    def deviation(self) -> float:
        """The root mean square of the subjects' deviations."""
        return float(np.sqrt(np.mean(np.square(self.deviations))))


def noise_of(cells: Sequence[Cell], metric: str) -> Noise:
    """Return what the trials of ``cells`` leave after the means of cells and of blocks.

    A block is one condition in one repetition; conditions that lack a value are left out. The
    deviation of a subject is that of its cells together: noise may go by the saver, and each cell
    alone rests on too few trials.
    """
    conditions: dict[tuple[object, str], list[tuple[str, Sequence[float]]]] = defaultdict(list)
    for cell in cells:
        values = cell.by_block(metric)
        if len(values) == cell.blocks.planned > 2:
            of_cell = [values[block] for block in sorted(values)]
            conditions[cell.condition, cell.loop].append((cell.subject, of_cell))
    residuals: dict[str, list[Floats]] = defaultdict(list)
    for arms in conditions.values():
        logs = np.log(np.array([values for _, values in arms]))
        count, blocks = logs.shape
        if count < 3:
            continue
        left = logs - logs.mean(axis=1, keepdims=True) - logs.mean(axis=0) + logs.mean()
        freedom = (count - 1) * (blocks - 1) / count
        for (subject, _), row in zip(arms, left, strict=True):
            residuals[subject].append(row * np.sqrt(blocks / freedom))
    of_subjects = [np.concatenate(rows) for rows in residuals.values()]
    deviations = [float(np.sqrt(np.mean(np.square(row)))) for row in of_subjects]
    shapes = np.concatenate([row / sd for row, sd in zip(of_subjects, deviations, strict=True)])
    shapes /= np.std(shapes)
    return Noise(
        deviations=tuple(np.round(deviations, 5).tolist()),
        residuals=tuple(np.round(shapes, 4).tolist()),
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """What is simulated: each of ``pairs``, baseline and candidate, under so many conditions."""

    pairs: tuple[Pair, ...]
    conditions: int
    blocks: int

    @property
    def arms(self) -> tuple[str, ...]:
        """Name all that is measured."""
        return tuple(dict.fromkeys(label for pair in self.pairs for label in pair))


def recorded(noise: Noise) -> Draw:
    """Draw residuals as they were recorded."""
    values = np.array(noise.residuals)
    return lambda generator, count: np.asarray(generator.choice(values, count))


def skewed(generator: np.random.Generator, count: int) -> Floats:
    """Draw residuals with a skewness of 2, of an exponential distribution."""
    return np.asarray(generator.exponential(1.0, count) - 1.0)


def autocorrelated(draw: Draw, kept: float) -> Draw:
    """Let each residual keep that share of the last one, in the order in which trials run."""

    def drawn(generator: np.random.Generator, count: int) -> Floats:
        values = draw(generator, count) * np.sqrt(1.0 - kept**2)
        for at in range(1, count):
            values[at] += kept * values[at - 1]
        return np.asarray(values)

    return drawn


def simulated(
    plan: Plan,
    noise: Noise,
    deviation: float,
    draw: Draw,
    truth: Mapping[tuple[Pair, int], float],
    generator: np.random.Generator,
    *,
    is_shared: bool = True,
) -> tuple[Comparison, ...]:
    """Return what a report says of a run with these true ratios, 1 where ``truth`` has none.

    ``deviation`` is the root mean square of the subjects' deviations. Where nothing ``is_shared``,
    each comparison has the variance of its own blocks alone.
    """
    arms = plan.arms
    deviations = np.array(noise.deviations) * deviation / noise.deviation
    of_arm = generator.choice(deviations, len(arms))
    residuals = draw(generator, plan.blocks * plan.conditions * len(arms))
    order = generator.permuted(
        np.tile(np.arange(len(arms)), (plan.blocks, plan.conditions, 1)), axis=2
    )
    logs = np.empty((plan.blocks, plan.conditions, len(arms)))
    np.put_along_axis(logs, order, residuals.reshape(logs.shape), axis=2)
    logs *= of_arm
    found = []
    for pair in plan.pairs:
        base, candidate = (arms.index(label) for label in pair)
        for condition in range(plan.conditions):
            ratio = truth.get((pair, condition), 1.0)
            blocks = ratio * np.exp(logs[:, condition, candidate] - logs[:, condition, base])
            found.append(_comparison(pair, condition, blocks, is_shared=is_shared))
    return reported(found)


def _comparison(pair: Pair, condition: int, blocks: Floats, *, is_shared: bool) -> Comparison:
    ratios = blocks.tolist()
    baseline, candidate = (
        Cell(
            sweep=str(condition),
            subject=label,
            durability=Durability.FSYNC,
            blocks=Blocks(planned=len(ratios)),
        )
        for label in pair
    )
    return Comparison(
        metric=_METRIC,
        candidate_cell=candidate,
        baseline_cell=baseline,
        effect=effect(ratios, [1.0] * len(ratios)),
        ratios=dict(enumerate(ratios)) if is_shared else {},
        family="simulated",
    )


class Power(BaseModel):
    """Of all comparisons in ``runs`` of a simulation: which share is called what.

    ``alarms`` is the share of runs without any true difference in which something is called one,
    ``equivalent`` that of their comparisons which are called so; ``found`` that of true ratios from
    1.15 to 2 which are called different, ``found_by_ratio`` by where they lie; ``covered`` that of
    the intervals which hold the truth.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    noise: str
    deviation: float
    blocks: int
    is_shared: bool
    runs: int
    found: float
    found_by_ratio: Mapping[str, float]
    alarms: float
    equivalent: float
    covered: float


@dataclass(frozen=True, slots=True)
class Simulation:
    """``draw`` in words; ``deviation`` of 0 is that of the recording."""

    noise: str
    deviation: float
    blocks: int
    is_shared: bool = True


class Savers(BaseModel):
    """The question of the scenario ``savers``, and the noise of a run of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run_id: str
    pairs: tuple[Pair, ...]
    conditions: int
    noise: Noise


def savers_of(scenario: Scenario, run: Run) -> Savers:
    """Return the first family of ``scenario``, and the noise of ``run`` in its first metric."""
    family = next(iter(scenario.families.values()))
    arms = arms_of(scenario)
    asked = [arm for arm in arms if arm.sweep in question_sweeps(scenario) and family.selects(arm)]
    conditions = {(a.sweep, a.workload, a.payload, a.arrival, a.loop) for a in asked}
    planned = expand(run.scenario).expected({record.trial.block for record in run.trials})
    cells = summarise(run, planned, partial(summarise_trial, tails=()))
    told = question_sweeps(run.scenario)
    noise = noise_of([c for c in cells if c.sweep in told], scenario.primary_metrics[0])
    return Savers(
        run_id=run.record.run_id, pairs=family.pairs, conditions=len(conditions), noise=noise
    )


AS_RECORDED, SKEWED = "as recorded", "skewed"
DEPENDENT, SKEWED_DEPENDENT = "as recorded, autocorrelation 0.3", "skewed, autocorrelation 0.3"
# As the residuals of a run on another shared machine of 2 cores.
NOISY = 0.142
SIMULATIONS = (
    *(
        Simulation(AS_RECORDED, deviation, blocks, is_shared)
        for deviation in (0.0, NOISY)
        for blocks in (4, 10)
        for is_shared in (False, True)
    ),
    *(
        Simulation(name, NOISY, blocks)
        for name in (SKEWED, DEPENDENT, SKEWED_DEPENDENT)
        for blocks in (4, 10)
    ),
)


def power(savers: Savers, asked: Simulation, runs: int = RUNS) -> Power:
    """Simulate as many runs with true differences, and as many without."""
    plan = Plan(savers.pairs, savers.conditions, asked.blocks)
    deviation = asked.deviation or savers.noise.deviation
    draw = _draws(savers.noise)[asked.noise]
    generator = np.random.default_rng((_SEED, zlib.crc32(repr(asked).encode())))
    run = partial(simulated, plan, savers.noise, deviation, draw, is_shared=asked.is_shared)
    places = [(pair, condition) for pair in plan.pairs for condition in range(plan.conditions)]
    drawn: list[tuple[float, bool]] = []
    alarms = equivalent = covered = 0
    for _ in range(runs):
        ratios = generator.uniform(SMALLEST_RATIO, LARGEST_RATIO, len(places))
        ratios **= generator.choice((-1.0, 1.0), len(places))
        truth = dict(zip(places, ratios.tolist(), strict=True))
        different, equal = run(truth, generator), run({}, generator)
        for each, ratio in zip(different, ratios.tolist(), strict=True):
            is_found = each.outcome == ("worse" if ratio > 1.0 else "better")
            drawn.append((max(ratio, 1.0 / ratio), is_found))
            covered += _covers(each, ratio)
        alarms += any(each.outcome in ("better", "worse") for each in equal)
        equivalent += sum(each.outcome == "equivalent" for each in equal)
        covered += sum(_covers(each, 1.0) for each in equal)
    return Power(
        noise=asked.noise,
        deviation=round(deviation, 4),
        blocks=asked.blocks,
        is_shared=asked.is_shared,
        runs=runs,
        found=_share(drawn, SMALLEST_RATIO, LARGEST_RATIO),
        found_by_ratio={f"{low:g} to {high:g}": _share(drawn, low, high) for low, high in RATIOS},
        alarms=round(alarms / runs, 4),
        equivalent=round(equivalent / runs / len(places), 4),
        covered=round(covered / runs / len(places) / 2.0, 4),
    )


def _draws(noise: Noise) -> Mapping[str, Draw]:
    of_run = recorded(noise)
    return {
        AS_RECORDED: of_run,
        SKEWED: skewed,
        DEPENDENT: autocorrelated(of_run, 0.3),
        SKEWED_DEPENDENT: autocorrelated(skewed, 0.3),
    }


def _covers(comparison: Comparison, ratio: float) -> bool:
    low, high = comparison.effect.low, comparison.effect.high
    return low is not None and high is not None and low <= ratio <= high


def _share(drawn: Sequence[tuple[float, bool]], low: float, high: float) -> float:
    inside = [is_found for ratio, is_found in drawn if low <= ratio <= high]
    return round(sum(inside) / len(inside), 4)
