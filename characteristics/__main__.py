"""``python -m characteristics``: figures, page and plots from what is recorded, or record again."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bench.cli import main as bench
from bench.errors import BenchError, InputError
from bench.records.reference_runs import reference_runs
from bench.records.store import Store
from bench.scenario.scenario_file import load_scenario
from characteristics.families import Savers, savers_of
from characteristics.figures import SCENARIO, all_figures, default_design, write_figures
from characteristics.page import reaches, with_figures
from characteristics.plots import plots
from characteristics.recorded import Recorded, read_recorded, recorded_of, write_recorded

HERE = Path(__file__).parent
RECORDING = HERE / "recording.toml"
SAVERS = SCENARIO.parent / "savers.toml"
RECORDED, FIGURES = HERE / "recorded.json", HERE / "figures.json"
PAGE = HERE.parent / "docs" / "characteristics.md"
PLOTS = HERE.parent / "docs" / "plots"


def main() -> int:
    """Return 0, or the exit code of what failed; a missed reach is told and is no failure."""
    parser = argparse.ArgumentParser(prog="python -m characteristics", description=__doc__)
    parser.add_argument("--record", action="store_true", help="measure again, on a quiet machine")
    parser.add_argument("--keep", metavar="RUN", help="keep this recorded run instead of measuring")
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="DIR")
    parser.add_argument("--reports", type=Path, default=Path("reports"), metavar="DIR")
    options = parser.parse_args()
    try:
        return _run(options)
    except BenchError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code


def _run(options: argparse.Namespace) -> int:
    if options.record or options.keep:
        run_id = options.keep
        if not run_id:
            places = ["--results", str(options.results), "--reports", str(options.reports)]
            code = bench(["run", str(RECORDING), *places])
            if code:
                return code
        store = Store(options.results)
        own = [each for each in store.run_ids() if each.endswith(f"-{RECORDING.stem}")]
        write_recorded(RECORDED, recorded_of(store.read(run_id or own[-1])))
        print(f"kept: {RECORDED}")
    committed = Store(HERE.parent / "results")
    saved = [each for each in reference_runs(committed) if each.endswith(f"-{SAVERS.stem}")]
    _make(savers_of(load_scenario(SAVERS), committed.read(saved[-1])))
    return 0


def _check_window(recorded: Recorded) -> None:
    """Check that trials were recorded in windows as long as the gate's.

    Raises:
        InputError: they were not: their noise would be another.
    """
    window_s = load_scenario(SCENARIO).duration_s
    if recorded.window_s != window_s:
        raise InputError(
            f"{RECORDED} has windows of {recorded.window_s:g} s, {SCENARIO} of {window_s:g} s; "
            "record again, with --record"
        )


def _make(savers: Savers) -> None:
    recorded = read_recorded(RECORDED)
    design = default_design()
    _check_window(recorded)
    print(f"drawing gates from {recorded.run_id}; takes minutes", flush=True)
    figures = all_figures(recorded, savers, lambda: print(".", end="", flush=True))
    print()
    write_figures(FIGURES, figures)
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(with_figures(text, figures, recorded, design), encoding="utf-8")
    PLOTS.mkdir(exist_ok=True)
    for name, content in plots(figures):
        (PLOTS / name).write_bytes(content)
    for words, found, required, is_met in reaches(figures):
        met = "met" if is_met else "MISSED"
        share = 100.0 * found.share(1)
        print(f"{words:24} exit 1 in {share:5.1f} of 100, required {100 * required:g}: {met}")
    print(f"page: {PAGE}; plots: {PLOTS}; figures: {FIGURES}")


if __name__ == "__main__":
    sys.exit(main())
