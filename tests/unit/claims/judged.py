"""Verdicts on made-up runs: claims are written as in a claims file."""

from __future__ import annotations

import re
from pathlib import Path

from bench.analysis.analyse import analyse
from bench.analysis.result import Analysis
from bench.claims.claim import Claim, ClaimsFile, claims_of
from bench.claims.judge import judge
from bench.claims.result import Verdict
from bench.scenario.plan import Trial
from bench.scenario.toml_file import parse_model
from tests.unit.analysis.synthetic import MS, Left, Load, Make, make_run, scenario_text

SCENARIO = "made-up"
# A run in which every subject is measured with one and with many clients.
TWO_ARRIVALS = '[arrivals.other]\nkind = "closed"\nclients = 8'


def claim(*judgements: str, kind: str = "ratio") -> Claim:
    """Make a claim from tables such as ``"ratios]]\\nrequire = …"``, without the scenario."""
    tables = "\n".join(
        f'[[claims.it.{table}\nscenario = "{SCENARIO}"' for table in map(str.strip, judgements)
    )
    text = (
        'schema_version = 2\ndocument = "S9"\nfile = "nine.txt"\nsystem = "A saver"\n'
        f'[claims.it]\nkind = "{kind}"\nstatement = "It is."\nwhy = "It is meant so."\n{tables}\n'
    )
    (found,) = claims_of(parse_model(text, "made up", ClaimsFile))
    return found


def ratio(bounds: str, more: str = "", quantity: str = "put.response.p50") -> str:
    """Write a judgement of fast and base: ``bounds``, such as ``<= 0.5``, of fast ÷ base.

    Where ``quantity`` is ``of baseline`` they are those of base ÷ fast.
    """
    pair = '[{ candidate = "fast", baseline = "base" }]'
    side = "candidate" if " of " in quantity else "baseline"
    limit = re.sub(r"\d[\d.]*", rf"\g<0> x {side}", bounds)
    return f'ratios]]\npairs = {pair}\nrequire = ["{quantity} {limit}"]\n{more}'


def two_arms(put_ms: dict[str, float], wobble: float = 0.01) -> Make:
    """Give each arm its put time; ``wobble`` is by how much a repetition differs from the last.

    A key may be ``subject@arrival``.
    """

    def make(trial: Trial) -> Left | None:
        base_ms = put_ms.get(f"{trial.subject}@{trial.arrival}", put_ms.get(trial.subject, 1.0))
        factor = 1.0 + wobble * trial.repetition * (trial.subject != "base")
        return Left(Load(put=round(base_ms * factor * MS)))

    return make


def run_of(directory: Path, make: Make, text: str | None = None) -> Analysis:
    """Make, store, read back and analyse a run."""
    return analyse(make_run(directory, make, text or scenario_text("base fast")))


def verdict_on(directory: Path, make: Make, judged: Claim, text: str | None = None) -> Verdict:
    """Judge one claim on one made-up run."""
    (verdict,) = judge([judged], {SCENARIO: run_of(directory, make, text)}).verdicts
    return verdict
