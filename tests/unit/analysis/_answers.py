"""Answers of runs whose put times are given, subject by subject."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.analysis.wording import Answer
from bench.scenario.durability import Durability
from bench.scenario.plan import Trial
from tests.unit.analysis.synthetic import MS, Left, Load, Make, analysed, scenario_text

PRIMARY = 'primary_metrics = ["put.response.p50"]'
BASELINE = '[baseline]\nsubjects = ["base"]'
ACROSS = BASELINE + "\nacross_durability = true"
OTHER = """
[arrivals.other]
kind = "closed"
clients = 1
"""
BESIDE = """
[sweeps.beside]
subjects = ["base", "x"]
workloads = ["steps"]
payloads = ["1k"]
arrivals = ["other"]
loops = ["selector"]
"""
ASIDE = "\naside = true\n"
TWO: dict[str, Any] = {"clients": 16, "arrivals": "some other"}
WOBBLE = (0.9, 1.0, 1.1)


def times(put_ms: dict[str, float], **durability: Durability) -> Make:
    """Give each subject a put time; only that of other subjects than "base" wobbles."""

    def make(trial: Trial) -> Left:
        wobble = 1.0 if trial.subject == "base" else WOBBLE[trial.repetition % 3]
        put = round(put_ms[trial.subject] * wobble * MS)
        of_subject = durability.get(trial.subject, Durability.FSYNC)
        return Left(Load(clients=1, put=put), {"durability": of_subject})

    return make


def answer(directory: Path, make: Make, **scenario: Any) -> Answer:
    text = scenario_text(**{"top": PRIMARY, "clients": 1, **scenario})
    return analysed(directory, make, text).answer


def sentences(directory: Path, make: Make, **scenario: Any) -> tuple[str, ...]:
    return answer(directory, make, **scenario).sentences
