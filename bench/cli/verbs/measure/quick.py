"""``quick``: which of a few savers is faster, within two minutes and without a file."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from typing import Any

import tomli_w

from bench.analysis.wording import counted, listed
from bench.cli.durations import Durations
from bench.cli.loading import check_scenario, scenarios
from bench.cli.running import Wanted, add_running, measure_and_tell
from bench.discovery import names
from bench.errors import InputError, suggestion
from bench.scenario.plan import expand
from bench.scenario.quantity import SPACE, quantity
from bench.scenario.scenario import SubjectUse
from bench.scenario.scenario_file import load_scenario, parse_scenario

EXAMPLES = (
    "postgres sqlite",
    "postgres redis-always --clients 8 --state 10k",
    "sqlite their_package.module:factory --loop uvloop",
)
# What remains of two minutes is for starting, the analysis and the report.
MOST_MINUTES = 1.2
_FEWEST_REPETITIONS, _MOST_REPETITIONS = 3, 10
_MULTIPLES = {"": 1, "k": 1_000, "M": 1_000_000}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "subjects",
        nargs="+",
        metavar="SUBJECT",
        help="a subject of the scenario savers, as redis-always; a name from: checkpoint-bench "
        "list subjects; or package.module:factory. The first is what the others are compared with",
    )
    parser.add_argument("--clients", type=int, default=8, metavar="N", help="default: %(default)s")
    parser.add_argument(
        "--state", type=state_bytes, default="10k", metavar="SIZE", help="default: %(default)s"
    )
    parser.add_argument("--loop", default="selector", metavar="NAME", help="default: %(default)s")
    add_running(parser)


def run(options: argparse.Namespace) -> int:
    """Make the scenario, measure it, and tell the result."""
    uses = subjects_named(options.subjects)
    return measure_and_tell(wanted(uses, options.clients, options.state, options.loop), options)


def state_bytes(text: str) -> int:
    """Read a size as ``800``, ``10k``, ``50kB`` or ``1.5M``."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?([kM]?)B?", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; expected one as 800, 10k or 1M")
    return round(float(match[1]) * _MULTIPLES[match[2]])


def subjects_named(given: Sequence[str]) -> Mapping[str, SubjectUse]:
    """Return what is measured, by label.

    Raises:
        InputError: a name is neither a subject of the scenario savers nor a plug-in.
    """
    savers = load_scenario(scenarios()["savers"])
    known = {name: SubjectUse(use=name) for name in names("subject")}
    known |= {label: savers.resolve(label) for label in savers.subjects}
    labels, found = savers.subjects.keys(), {}
    for name in given:
        if ":" in name:
            found[re.sub("[^a-z0-9_.-]", "_", name.rpartition(":")[2].lower())] = SubjectUse(
                use=name
            )
        elif name in known:
            found[name] = known[name]
        else:
            # A label says as much as the plug-in that is called nearly the same.
            plugins = (each for each in names("subject") if each.replace("_", "-") not in labels)
            raise InputError(f"unknown subject {name!r}.{suggestion(name, labels | {*plugins})}")
    return found


def wanted(uses: Mapping[str, SubjectUse], clients: int, state: int, loop: str) -> Wanted:
    """Return the scenario with as many repetitions as fit in the time, three at least.

    Raises:
        InputError: there is no such loop, or a number is out of range.
    """
    labels = [*uses]
    size = quantity(state, "bytes").replace(SPACE, "")
    among = f"{counted(clients, 'client')} and a state of {size}"
    asked = f"do {listed(labels)} compare" if len(labels) > 1 else f"fast is {labels[0]}"
    content: dict[str, Any] = {
        "schema_version": 2,
        "question": f"How {asked} with {among}?",
        "warmup_s": 0.2,
        "duration_s": 1.0,
        "verify_s": 0.25,
        "baseline": {"subjects": labels[:1], "across_durability": True},
        "subjects": {label: use.model_dump(exclude_unset=True) for label, use in uses.items()},
        "workloads": {"steps": {"use": "append_steps", "options": {"threads_per_client": 2}}},
        "payloads": {
            size.replace(" ", "").lower(): {"use": "messages", "options": {"state_bytes": state}}
        },
        "arrivals": {f"{clients}-clients": {"kind": "closed", "clients": clients}},
        "sweeps": {"quick": {"loops": [loop]}},
    }
    for repetitions in range(_MOST_REPETITIONS, _FEWEST_REPETITIONS, -1):
        made = _wanted({**content, "repetitions": repetitions})
        if Durations().minutes_of(made.scenario, made.plan)[1] <= MOST_MINUTES:
            return made
    return _wanted({**content, "repetitions": _FEWEST_REPETITIONS})


def _wanted(content: Mapping[str, Any]) -> Wanted:
    text = f"# Made by: checkpoint-bench quick\n{tomli_w.dumps(content)}"
    scenario = parse_scenario(text, "quick")
    check_scenario(scenario, "quick")
    return Wanted(scenario, expand(scenario), "quick", text)
