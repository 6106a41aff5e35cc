"""Resampled blocks → decisions of the gate, by its own rule.

A gate is drawn block by block, with replacement, from the recorded ones: a block keeps the values
of both arms, so pairs stay pairs. Which of two equal arms is head is drawn, too: by how much they
differed in the recording by chance is so no slow-down of either. Head's times are multiplied by
1 + effect, exactly. A second run is drawn again where the rule asks for one.

That makes equal arms exchangeable by construction: the share of false alarms is then that of the
rule, whatever the recording is like. What the arms *as they were recorded* give is drawn apart, one
of them being head in every block, and in stretches of consecutive blocks, so that what lasts longer
than a block is kept. By how much the recording's arms differ by chance then counts as a slow-down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from bench.gate.arms import BASE, HEAD, Rule
from bench.gate.judge import decide, needs_second_run
from bench.gate.result import Judgement
from bench.gate.rule import answered, answered_again
from bench.scenario.metric import Metric
from bench.scenario.scenario import Scenario
from characteristics.recorded import AGAIN, FIRST, Floats, Recorded
from characteristics.rivals import RIVALS

_SECONDS_PER_MINUTE = 60.0
# A block that is drawn twice must not tie with itself, as measured ones never do.
_UNTIED = 1e-9
_STRETCH = 5

Arms = Mapping[str, Floats]  # saver → (blocks, 2 arms: base and head, metrics), in ns


@dataclass(frozen=True, slots=True)
class Design:
    """A gate: ``blocks`` by saver in its first run, ``metrics``, and its ``rule``."""

    blocks: Mapping[str, int]
    metrics: tuple[str, ...]
    rule: Rule = field(default_factory=Rule)

    def of(self, saver: str, blocks: int | None = None) -> Design:
        """Return the gate of one saver alone, in another number of ``blocks`` if given."""
        return Design({saver: blocks or self.blocks[saver]}, self.metrics, self.rule)


@dataclass(frozen=True, slots=True)
class Truth:
    """Head of ``saver`` is slower by ``effect``; "": no saver is.

    ``arm``: the really slowed arm is head, and ``effect`` is not applied; without a saver, the one
    of the two equal arms that is head in every block, of all savers. ``bias``: by how much any head
    seems slower in every block, though it is not. ``autocorrelation``: the share of a block's
    log-ratio that the next one keeps.
    """

    saver: str = ""
    effect: float = 0.0
    arm: str = ""
    bias: float = 0.0
    autocorrelation: float = 0.0


@dataclass(frozen=True, slots=True)
class Decision:
    """One gate: its exit code, what it took, and which rivals would have failed the job."""

    exit_code: int
    minutes: float
    rivals: tuple[str, ...]


def design_of(scenario: Scenario, rule: Rule) -> Design:
    """Return what ``gate`` does with ``scenario``: each subject on two environments."""
    blocks = {
        label: sweep.repetitions or scenario.repetitions
        for sweep in scenario.sweeps.values()
        for label in sweep.subjects
        if not scenario.subjects[label].same_as
    }
    return Design(blocks, scenario.primary_metrics, rule)


def gate(
    recorded: Recorded, design: Design, truth: Truth, generator: np.random.Generator
) -> Decision:
    """Draw one gate and decide."""
    rule = design.rule
    arms = {
        saver: _drawn(recorded, design, saver, count, truth, generator)
        for saver, count in design.blocks.items()
    }
    first = answered(_times(arms, design.metrics), rule)
    seconds = _seconds(recorded, design.blocks)
    second: tuple[Judgement, ...] | None = None
    if rule.confirms and (pairs := needs_second_run(first)):
        again = {
            saver: rule.second_run_blocks(design.blocks[saver])
            for saver in (pair.base.removesuffix(f".{BASE}") for pair in pairs)
        }
        drawn = {
            saver: _drawn(recorded, design, saver, count, truth, generator)
            for saver, count in again.items()
        }
        second = answered_again(_times(drawn, design.metrics), first, rule)
        seconds += _seconds(recorded, again)
    result = decide(first, second, rule, [])
    return Decision(result.exit_code, seconds / _SECONDS_PER_MINUTE, _rivals(arms))


def _drawn(
    recorded: Recorded,
    design: Design,
    saver: str,
    count: int,
    truth: Truth,
    generator: np.random.Generator,
) -> Floats:
    """Return (count, 2, metrics): base and head of as many blocks."""
    first, again = (recorded.values(saver, arm, design.metrics) for arm in (FIRST, AGAIN))
    is_as_recorded = bool(truth.arm) and not truth.saver
    at = _places(len(first), count, _STRETCH if is_as_recorded else 1, generator)
    is_swapped = generator.integers(2, size=count).astype(bool)[:, np.newaxis]
    base = np.where(is_swapped, again[at], first[at])
    head = np.where(is_swapped, first[at], again[at])
    if is_as_recorded:
        base, head = (first[at], again[at]) if truth.arm == AGAIN else (again[at], first[at])
    elif truth.saver == saver and truth.arm:
        base, head = first[at], recorded.values(saver, truth.arm, design.metrics)[at]
    elif truth.saver == saver:
        head = head * (1.0 + truth.effect)
    if truth.autocorrelation:
        head = base * np.exp(_autocorrelated(np.log(head / base), truth.autocorrelation))
    head = head * (1.0 + truth.bias)
    untied = np.exp(_UNTIED * generator.standard_normal((count, 2, len(design.metrics))))
    return np.asarray(np.stack([base, head], axis=1) * untied)


def _autocorrelated(logs: Floats, kept: float) -> Floats:
    """Return ``logs`` (blocks, metrics), as spread as before, each keeping that of the last one."""
    linked: Floats = logs * np.sqrt(1.0 - kept**2)
    linked[0] = logs[0]
    for at in range(1, len(linked)):
        linked[at] += kept * linked[at - 1]
    return linked


def _places(
    recorded: int, count: int, stretch: int, generator: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Return which of the ``recorded`` blocks are drawn, in stretches that go round."""
    begins = generator.integers(recorded, size=-(-count // stretch))
    places = (begins[:, np.newaxis] + np.arange(stretch)) % recorded
    return places.ravel()[:count]


def _times(arms: Arms, metrics: Sequence[str]) -> list[Judgement]:
    """Return what the rule needs of each metric of each saver."""
    return [
        Judgement(
            kind="time",
            place="",
            base=f"{saver}.{BASE}",
            head=f"{saver}.{HEAD}",
            metric=Metric(name, "ns", "lower", ""),
            outcome="inconclusive",
            because="",
            block_ratios=tuple((values[:, 1, at] / values[:, 0, at]).tolist()),
        )
        for saver, values in arms.items()
        for at, name in enumerate(metrics)
    ]


def _seconds(recorded: Recorded, blocks: Mapping[str, int]) -> float:
    return sum(2.0 * count * recorded.trial_s[saver] for saver, count in blocks.items())


def _rivals(arms: Arms) -> tuple[str, ...]:
    pairs = [(v[:, 0, at], v[:, 1, at]) for v in arms.values() for at in range(v.shape[2])]
    return tuple(
        name for name, fails in RIVALS.items() if any(fails(base, head) for base, head in pairs)
    )
