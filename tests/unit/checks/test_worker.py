"""Where the process that tests a saver for conformance has it open its files."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, NoReturn, cast

from bench.checks.worker import _conformance
from bench.contracts import Place
from bench.handover.job import Job, Opening
from bench.handover.parts import Parts
from bench.scenario.plan import expand
from bench.scenario.scenario_file import parse_scenario
from tests.unit.analysis.synthetic import scenario_text


class Refusing:
    places: ClassVar[list[Place]] = []

    def __init__(self, options: Any, place: Place) -> None:
        del options
        self.places.append(place)

    async def open(self, clients: int) -> NoReturn:
        raise ConnectionError(clients)

    async def close(self) -> None:
        pass


def test_its_files_lie_where_the_job_says() -> None:
    scenario = parse_scenario(scenario_text("a b"), "f.toml")
    job = Job(scenario, expand(scenario).trials[0], "directory", "store")
    parts = cast("Parts", SimpleNamespace(job=job, subject=Refusing, subject_options=None))
    result = asyncio.run(_conformance(parts, Opening(None, "n"), lambda _: None))

    assert result.not_checked == "ConnectionError: 1"
    assert [place.directory for place in Refusing.places] == [Path("store")]
