"""``init``: write a scenario with comments, to be changed."""

from __future__ import annotations

import argparse
from pathlib import Path

from bench.errors import EXIT_PASS, InputError
from bench.records.files import write_file

EXAMPLES = ("", "my_scenario.toml")

TEMPLATE = """\
# One question, and everything that changes its numbers.
#   checkpoint-bench plan {file}     shows what would be measured, and how long that takes
#   checkpoint-bench run {file}      measures, and writes reports/<run-id>/report.html
schema_version = 2
question = "Which saver for my application: Postgres or SQLite?"
repetitions = 5              # blocks; an interval needs two, five are better
warmup_s = 0.2               # load before the measured window
duration_s = 1.0             # the measured window of a trial

[baseline]
subjects = ["postgres"]      # the others are compared with it, inside each block

# The savers. Names and options: checkpoint-bench list subjects. One of your own:
#   use = "my_package.module:factory"
[subjects.postgres]
use = "postgres"
options = {{ connection = "pool", pool_size = 10, synchronous_commit = "on" }}

[subjects.postgres-again]    # the same saver twice: how far the two differ is noise
same_as = "postgres"

[subjects.sqlite]
use = "sqlite"
options = {{ synchronous = "FULL" }}     # as durable as Postgres: flushed before it answers

# What a client does: append steps to threads. A graph of your own instead:
#   use = "run_graph"
#   options = {{ graph = "my_package.graph:builder", inputs = "my_package.inputs:order" }}
[workloads.steps]
use = "append_steps"

# How large the state is, and of what: checkpoint-bench list payloads
[payloads.10k]
use = "messages"
options = {{ state_bytes = 10000 }}

# Who calls: so many clients, each waiting for its answer.
[arrivals.one]
kind = "closed"
clients = 1

[arrivals.eight]
kind = "closed"
clients = 8

# What is crossed with what; a table that is left out is crossed whole.
[sweeps.all]
loops = ["selector"]         # also: uvloop, proactor, winloop
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", type=Path, nargs="?", default=Path("scenario.toml"), help="default: scenario.toml"
    )


def run(options: argparse.Namespace) -> int:
    """Write the file unless something stands there.

    Raises:
        InputError: something does.
    """
    path: Path = options.file
    if path.exists():
        raise InputError(f"{path} is there already; name another file")
    write_file(path, TEMPLATE.format(file=path).encode())
    print(f"wrote {path}; next: checkpoint-bench plan {path}")
    return EXIT_PASS
