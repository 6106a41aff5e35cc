"""``compact``: keep a complete run as one archive; loses nothing."""

from __future__ import annotations

import argparse

from bench.cli.measuring import is_complete
from bench.cli.places import add_results
from bench.errors import EXIT_PASS, InputError
from bench.records.archive import ARCHIVE
from bench.records.compaction import compact
from bench.records.store import Store
from bench.scenario.plan import expand

EXAMPLES = ("20261121T130110Z-savers",)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", nargs="+", metavar="RUN")
    add_results(parser)


def run(options: argparse.Namespace) -> int:
    """Make each run compact, and say by how much."""
    store = Store(options.results)
    for run_id in dict.fromkeys(options.runs):
        _check_no_more_blocks(store, run_id)
        found = compact(store, run_id)
        before, after = (size / 1e6 for size in (found.bytes_before, found.bytes_after))
        told = f"{before:.1f} MB → {after:.1f} MB" if before != after else f"{after:.1f} MB already"
        print(f"{store.directory / run_id / ARCHIVE}: {told}")
    return EXIT_PASS


def _check_no_more_blocks(store: Store, run_id: str) -> None:
    """Check that the run's precision asks for no further block, which could not be added.

    A run whose plan this version would make otherwise cannot be resumed by it anyway.

    Raises:
        InputError: it asks for one.
    """
    run = store.read(run_id)
    plan = expand(run.scenario)
    if (
        plan.optional_blocks
        and len(run.trials) >= run.trials_expected
        and plan.digest == run.record.plan_digest
        and not is_complete(plan, store, run_id)
    ):
        raise InputError(
            f"{run_id} is not precise enough yet; complete it first, with: "
            "checkpoint-bench run SCENARIO --resume"
        )
