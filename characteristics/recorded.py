"""What is kept of a recorded run: the value of each trial, by saver, arm and block, in one file."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from bench.analysis.analyse import analyse
from bench.analysis.cell import Cell
from bench.analysis.result import Analysis
from bench.errors import InputError
from bench.records.store import Run

METRICS = (
    "put.response.p50",
    "put_writes.response.p50",
    "get_tuple.response.p50",
    "cycle.response.p50",
)
FIRST, AGAIN, SLOWER = "first", "again", "slower-"
_HOST = ("system", "machine", "cpu_model", "cores")

Floats = npt.NDArray[np.float64]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Row(_Part):
    """Values (ns) of one metric in the trials of one arm, one per block, in the order of blocks."""

    saver: str
    arm: str
    metric: str
    values: tuple[float, ...]


class Recorded(_Part):
    """A run in short. ``trial_s``: what one trial of a saver took, all in all, on this machine."""

    run_id: str
    recorded_at: str
    commit: str
    host: Mapping[str, str]
    python: str
    packages: Mapping[str, str]
    servers: Mapping[str, str]
    window_s: float
    trial_s: Mapping[str, float]
    rows: tuple[Row, ...]

    @property
    def savers(self) -> tuple[str, ...]:
        """Name the savers, in the order of the scenario."""
        return tuple(dict.fromkeys(row.saver for row in self.rows))

    def slower_arms(self, saver: str) -> tuple[str, ...]:
        """Name the really slowed arms of ``saver``."""
        arms = dict.fromkeys(row.arm for row in self.rows if row.saver == saver)
        return tuple(arm for arm in arms if arm.startswith(SLOWER))

    def values(self, saver: str, arm: str, metrics: Sequence[str]) -> Floats:
        """Return an array (blocks, metrics) of ns.

        Raises:
            InputError: the recording does not have it.
        """
        found = self._by_arm.get((saver, arm), {})
        for metric in metrics:
            if metric not in found:
                raise InputError(f"the recording has no {metric} of {saver}, {arm}")
        return np.array([found[metric] for metric in metrics]).T

    @cached_property
    def _by_arm(self) -> Mapping[tuple[str, str], Mapping[str, Floats]]:
        found: dict[tuple[str, str], dict[str, Floats]] = defaultdict(dict)
        for row in self.rows:
            found[row.saver, row.arm][row.metric] = np.array(row.values)
        return found


def read_recorded(path: Path) -> Recorded:
    """Read what :func:`write_recorded` wrote."""
    return Recorded.model_validate_json(path.read_text(encoding="utf-8"))


def write_recorded(path: Path, recorded: Recorded) -> None:
    """Write one line per row, so that a difference can be read."""
    content = recorded.model_dump(mode="json")
    rows = ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in content.pop("rows"))
    head = json.dumps(content, ensure_ascii=False, indent=1).removesuffix("\n}")
    path.write_text(f'{head},\n "rows": [\n{rows}\n ]\n}}\n', encoding="utf-8")


def recorded_of(run: Run) -> Recorded:
    """Keep of ``run`` what resampling needs.

    A label is a saver, or a saver and an arm: ``postgres``, ``postgres-again``. Blocks that lack
    an arm are left out.

    Raises:
        InputError: no block of a saver is complete, or a cell must not be used.
    """
    environment = run.record.environment
    return Recorded(
        run_id=run.record.run_id,
        recorded_at=run.record.started_at,
        commit=environment.commit + ("+" if environment.dirty else ""),
        host={key: environment.host[key] for key in _HOST if key in environment.host},
        python=environment.python.get("version", ""),
        packages=environment.packages,
        servers=environment.servers,
        window_s=run.scenario.duration_s,
        trial_s=_trial_s(run),
        rows=tuple(_rows(analyse(run))),
    )


def _rows(seen: Analysis) -> Iterable[Row]:
    by_saver: dict[str, list[Cell]] = defaultdict(list)
    for cell in seen.cells:
        if reason := seen.invalid_because(cell):
            raise InputError(f"{seen.run.run_id} must not be used: {reason}")
        by_saver[_saver(cell.subject)].append(cell)
    for saver, cells in by_saver.items():
        values = {
            (cell.subject, metric): cell.by_block(metric)
            for cell in cells
            for metric in METRICS
            if all(each.by_block(metric) for each in cells)
        }
        complete = [set(each) for each in values.values()]
        blocks = sorted(set.intersection(*complete)) if complete else []
        if not blocks:
            raise InputError(f"{seen.run.run_id} has no complete block of {saver}")
        for (label, metric), each in values.items():
            arm = label.removeprefix(saver).removeprefix("-") or FIRST
            kept = tuple(float(round(each[block])) for block in blocks)
            yield Row(saver=saver, arm=arm, metric=metric, values=kept)


def _trial_s(run: Run) -> dict[str, float]:
    """Return by saver the median time from the start of a trial to that of the next one."""
    trials = sorted(run.trials, key=lambda record: record.trial.position)
    found = defaultdict(list)
    for record, following in pairwise(trials):
        taken = datetime.fromisoformat(following.started_at) - datetime.fromisoformat(
            record.started_at
        )
        found[_saver(record.trial.subject)].append(taken.total_seconds())
    return {saver: round(median(seconds), 3) for saver, seconds in found.items()}


def _saver(label: str) -> str:
    return label.partition("-")[0]
