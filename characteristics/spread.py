"""How much the figures depend on which blocks happened to be recorded: resampling twice.

Intervals of a share count only how many gates were drawn. Had the same machine been recorded again,
its blocks would be others. So as many blocks as were recorded are drawn first, with replacement,
and gates then from these (nested bootstrap: Davison and Hinkley, "Bootstrap methods and their
application", 1997, section 3.9).
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from characteristics.decisions import Design, Truth, gate
from characteristics.recorded import Recorded

RECORDINGS = 40
GATES = 50
_SEED = 20261122

# Of a saver that is slower by an effect: (saver, effect, number of the recording).
Task = tuple[str, float, int]


class Spread(BaseModel):
    """Shares of gates that end with 1, over ``recordings`` drawn ones with so many ``gates`` each.

    ``low`` to ``high`` are 95 of 100 of them; ``below`` is how many are below ``required``. What is
    drawn for each spreads them too: 40 of 50 gates by a standard deviation of 3.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    saver: str
    effect: float
    recordings: int
    gates: int
    mean: float
    low: float
    high: float
    required: float
    below: int


def tasks(saver: str, effect: float) -> list[Task]:
    """Return what :func:`share` is asked for ``saver``, once for each drawn recording."""
    return [(saver, effect, number) for number in range(RECORDINGS)]


def share(recorded: Recorded, design: Design, task: Task) -> float:
    """Draw a recording, and gates from it; return the share that ends with 1."""
    saver, effect, number = task
    generator = np.random.default_rng((_SEED, zlib.crc32(saver.encode()), number))
    drawn = redrawn(recorded, generator)
    truth = Truth(saver, effect)
    codes = [gate(drawn, design, truth, generator).exit_code for _ in range(GATES)]
    return codes.count(1) / GATES


def redrawn(recorded: Recorded, generator: np.random.Generator) -> Recorded:
    """Return as many blocks of each saver, drawn with replacement; a block keeps its arms."""
    blocks = {row.saver: len(row.values) for row in recorded.rows}
    places = {saver: generator.integers(count, size=count) for saver, count in blocks.items()}
    rows = tuple(
        row.model_copy(update={"values": tuple(row.values[at] for at in places[row.saver])})
        for row in recorded.rows
    )
    # Not a copy: that would keep what the other has looked up already.
    return Recorded(**{**recorded.model_dump(exclude={"rows"}), "rows": rows})


def spread(saver: str, effect: float, shares: Sequence[float], required: float) -> Spread:
    """Sum up the shares of one saver."""
    low, high = np.quantile(shares, (0.025, 0.975))
    return Spread(
        saver=saver,
        effect=effect,
        recordings=len(shares),
        gates=GATES,
        mean=round(float(np.mean(shares)), 4),
        low=round(float(low), 4),
        high=round(float(high), 4),
        required=required,
        below=sum(each < required for each in shares),
    )
