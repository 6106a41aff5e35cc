"""All figures: which gates are drawn, how often, and what they decided.

Each cell has a seed of its own, made of what it is: so one alone gives the same as all together.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict

from bench.gate.arms import Rule
from bench.gate.rule import slowdown
from bench.scenario.scenario_file import load_scenario
from characteristics.coverage import BLOCKS, DRAWS, covered
from characteristics.decisions import Design, Truth, design_of, gate
from characteristics.families import SIMULATIONS, Power, Savers, power
from characteristics.recorded import AGAIN, FIRST, Floats, Recorded
from characteristics.spread import Spread, share, spread, tasks

SCENARIO = Path(__file__).parents[1] / "scenarios" / "gate.toml"
EFFECTS = (0.025, 0.05, 0.075, 0.10, 0.1025, 0.15)
# Of the gate of the scenario; what is to happen at most once in a hundred takes more to count.
DECISIONS, DECISIONS_OF_EQUAL_ARMS = 1000, 2000
DECISIONS_OF_OTHERS = 400
DECISIONS_BY_BLOCKS = 200
BLOCKS_DRAWN = (6, 10, 15, 20, 30, 40, 60)
# What is required of the gate: shares of gates that end with 1, by slow-down. 10.25 % is 5 %
# beyond the smallest effect of 5 %.
MOST_FALSE_ALARMS = 0.01
LEAST_CAUGHT = {0.10: 0.95, 0.1025: 0.80}
# What equal arms may seem to differ by, and how much blocks may depend on the last one.
BIAS, AUTOCORRELATION = 0.02, 0.2
EFFECTS_BY_BLOCKS = (0.10, 0.15)
OPERATIONS = ("put.response.p50", "get_tuple.response.p50")
COVERAGE_RUNS = 4000
SPREAD_EFFECT = 0.10
DEFAULT, ALONE, BY_BLOCKS = "default", "alone", "by blocks"
OPERATION_WISE, ONE_RUN, AS_RECORDED = "operations", "one run", "as recorded"
BIASED, DEPENDENT = "biased", "biased, blocks depend on the last one"
ALL_SAVERS = "all savers"
_SEED = 20261121

Result = TypeVar("Result")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Cell(_Part):
    """What gates of one kind are asked: ``gate`` names the kind, ``savers`` are in it.

    ``blocks`` is the number in the first run by saver; the slowed ``saver`` ("": none) is slower by
    ``effect``, or is the really slowed ``arm``. Without a saver, ``arm`` is head of all of them.
    ``bias`` and ``autocorrelation`` are those of ``decisions.Truth``.
    """

    gate: str
    blocks: Mapping[str, int]
    saver: str = ""
    effect: float = 0.0
    arm: str = ""
    bias: float = 0.0
    autocorrelation: float = 0.0

    @property
    def seed(self) -> tuple[int, int]:
        """The seed of this cell alone."""
        return _SEED, zlib.crc32(self.model_dump_json().encode())


class Found(_Part):
    """What ``decisions`` gates of a ``cell`` ended with; ``rivals`` counts jobs that failed."""

    cell: Cell
    decisions: int
    exit_codes: Mapping[int, int]
    minutes: float
    minutes_95: float
    rivals: Mapping[str, int]

    def share(self, exit_code: int) -> float:
        """Return the share of gates that ended with ``exit_code``."""
        return self.exit_codes.get(exit_code, 0) / self.decisions


class Noise(_Part):
    """How an arm of a saver differs from the first one: standard deviation of the log-ratios.

    ``ratio`` is the arm's median times ÷ the first arm's, with its interval of 97.5 %.
    """

    saver: str
    arm: str
    metric: str
    blocks: int
    deviation: float
    ratio: float
    low: float
    high: float


class Coverage(_Part):
    """In how many of ``runs`` the interval held the truth."""

    distribution: str
    blocks: int
    runs: int
    covered: int


class Figures(_Part):
    """Everything that the page and the plots show."""

    run_id: str
    found: tuple[Found, ...]
    noise: tuple[Noise, ...]
    spread: tuple[Spread, ...]
    coverage: tuple[Coverage, ...]
    savers: Savers
    power: tuple[Power, ...]

    def of(self, kind: str, saver: str = "", effect: float = 0.0, arm: str = "") -> Found:
        """Return the one finding of a gate with one size for each kind.

        Raises:
            StopIteration: there is none.
        """
        wanted = (kind, saver, effect, arm)
        return next(
            each
            for each in self.found
            if (each.cell.gate, each.cell.saver, each.cell.effect, each.cell.arm) == wanted
        )


def default_design(rule: Rule | None = None) -> Design:
    """Return the gate of ``scenarios/gate.toml``."""
    return design_of(load_scenario(SCENARIO), rule or Rule())


def cells(design: Design, recorded: Recorded) -> Iterator[Cell]:
    """Yield every cell, the longest first."""
    blocks = dict(design.blocks)
    for kind in (DEFAULT, OPERATION_WISE, ONE_RUN):
        yield Cell(gate=kind, blocks=blocks)
        for saver in blocks:
            for effect in EFFECTS if kind == DEFAULT else EFFECTS_BY_BLOCKS:
                yield Cell(gate=kind, blocks=blocks, saver=saver, effect=effect)
    yield Cell(gate=BIASED, blocks=blocks, bias=BIAS)
    yield Cell(gate=DEPENDENT, blocks=blocks, bias=BIAS, autocorrelation=AUTOCORRELATION)
    for arm in (AGAIN, FIRST):
        yield Cell(gate=AS_RECORDED, blocks=blocks, arm=arm)
    for saver, count in blocks.items():
        for effect in (0.0, 0.05, *EFFECTS_BY_BLOCKS):
            yield Cell(gate=ALONE, blocks={saver: count}, saver=saver, effect=effect)
        for arm in recorded.slower_arms(saver):
            yield Cell(gate=ALONE, blocks={saver: count}, saver=saver, arm=arm)
        for number in BLOCKS_DRAWN:
            for effect in EFFECTS_BY_BLOCKS:
                yield Cell(gate=BY_BLOCKS, blocks={saver: number}, saver=saver, effect=effect)


def found(recorded: Recorded, design: Design, cell: Cell) -> Found:
    """Draw the gates of ``cell``."""
    count = _decisions(cell)
    metrics = OPERATIONS if cell.gate == OPERATION_WISE else design.metrics
    rule = Rule(confirms=False) if cell.gate == ONE_RUN else design.rule
    asked = Design(cell.blocks, metrics, rule)
    truth = Truth(cell.saver, cell.effect, cell.arm, cell.bias, cell.autocorrelation)
    generator = np.random.default_rng(cell.seed)
    drawn = [gate(recorded, asked, truth, generator) for _ in range(count)]
    minutes = [each.minutes for each in drawn]
    codes = Counter(each.exit_code for each in drawn)
    rivals = Counter(name for each in drawn for name in each.rivals)
    return Found(
        cell=cell,
        decisions=count,
        exit_codes=dict(sorted(codes.items())),
        minutes=round(float(np.mean(minutes)), 2),
        minutes_95=round(float(np.quantile(minutes, 0.95)), 2),
        rivals=dict(sorted(rivals.items())),
    )


def _decisions(cell: Cell) -> int:
    if cell.gate == BY_BLOCKS:
        return DECISIONS_BY_BLOCKS
    if cell.gate not in (DEFAULT, BIASED, DEPENDENT):
        return DECISIONS_OF_OTHERS
    return DECISIONS if cell.effect else DECISIONS_OF_EQUAL_ARMS


def noise(recorded: Recorded) -> Iterator[Noise]:
    """Yield how far the arms of the recording differ, in every metric; equal ones of all savers."""
    equal: dict[str, list[Floats]] = defaultdict(list)
    for saver, arm, metric in dict.fromkeys((r.saver, r.arm, r.metric) for r in recorded.rows):
        if arm == FIRST:
            continue
        first, other = (recorded.values(saver, name, [metric])[:, 0] for name in (FIRST, arm))
        if arm == AGAIN:
            equal[metric].append(other / first)
        yield _noise(saver, arm, metric, other / first)
    for metric, ratios in equal.items():
        yield _noise(ALL_SAVERS, AGAIN, metric, np.concatenate(ratios))


def _noise(saver: str, arm: str, metric: str, ratios: Floats) -> Noise:
    effect = slowdown(ratios.tolist(), Rule())
    return Noise(
        saver=saver,
        arm=arm,
        metric=metric,
        blocks=effect.blocks,
        deviation=round(float(np.std(np.log(ratios), ddof=1)), 4),
        ratio=round(effect.ratio, 4),
        low=round(effect.low or 0.0, 4),
        high=round(effect.high or 0.0, 4),
    )


def coverage(name: str, blocks: int, runs: int = COVERAGE_RUNS) -> Coverage:
    """Simulate ``runs`` intervals of as many ``blocks``."""
    generator = np.random.default_rng((_SEED, zlib.crc32(name.encode()), blocks))
    return Coverage(
        distribution=name, blocks=blocks, runs=runs, covered=covered(name, blocks, runs, generator)
    )


def all_figures(recorded: Recorded, savers: Savers, on_cell: Callable[[], None]) -> Figures:
    """Draw and simulate everything, on all cores; ``on_cell`` is called after each part."""
    design = default_design()
    with ProcessPoolExecutor() as pool:
        decided = pool.map(partial(found, recorded, design), cells(design, recorded))
        redrawn = {
            saver: pool.map(partial(share, recorded, design), tasks(saver, SPREAD_EFFECT))
            for saver in design.blocks
        }
        simulated = pool.map(_coverage, [(name, blocks) for name in DRAWS for blocks in BLOCKS])
        powers = pool.map(partial(power, savers), SIMULATIONS)
        return Figures(
            run_id=recorded.run_id,
            found=tuple(_counted(decided, on_cell)),
            noise=tuple(noise(recorded)),
            spread=tuple(
                spread(saver, SPREAD_EFFECT, shares, LEAST_CAUGHT[SPREAD_EFFECT])
                for saver, shares in (
                    (saver, tuple(_counted(each, on_cell))) for saver, each in redrawn.items()
                )
            ),
            coverage=tuple(_counted(simulated, on_cell)),
            savers=savers,
            power=tuple(_counted(powers, on_cell)),
        )


def write_figures(path: Path, figures: Figures) -> None:
    """Write one line for each figure, so that a difference can be read."""
    content = figures.model_dump(mode="json")
    parts = [f' "{name}": {json.dumps(content.pop(name))}' for name in ("run_id", "savers")]
    for name, rows in content.items():
        lines = ",\n".join("  " + json.dumps(row) for row in rows)
        parts.append(f' "{name}": [\n{lines}\n ]')
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


def _coverage(asked: tuple[str, int]) -> Coverage:
    return coverage(*asked)


def _counted(results: Iterator[Result], on_cell: Callable[[], None]) -> Iterator[Result]:
    for each in results:
        on_cell()
        yield each
