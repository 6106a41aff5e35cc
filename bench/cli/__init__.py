"""The command line: verbs → stages. The only package that prints or exits.

Each verb is one module of ``bench.cli.verbs``. Only the one that was asked for is imported, so that
``--help`` answers at once.
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

from bench import __version__
from bench.errors import EXIT_BAD_INPUT, EXIT_INTERRUPTED, BenchError

VERBS = {
    "plan": "show what a scenario would measure, in which order; measures nothing",
    "run": "measure a scenario and write its report",
    "report": "write the report of a run again, from its records",
    "list": "list what a scenario can name, with options",
    "doctor": "show the host, the servers, the loops and the versions",
}
# What a directory given by the user may turn out to be.
_UNUSABLE_PLACES = (PermissionError, NotADirectoryError, FileExistsError, IsADirectoryError)
EPILOGUE = """\
exit codes: 0 pass, 1 regression or refuted claim, 2 bad input, 3 cannot tell,
4 invalid measurement, 5 a server or package is not there, 130 interrupted
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the verb that ``arguments`` name and return the exit code."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    parser, verbs = _parser()
    verb = next((argument for argument in given if not argument.startswith("-")), "")
    if verb in VERBS:
        module = importlib.import_module(f"bench.cli.verbs.{verb}")
        module.add_arguments(verbs[verb])
        verbs[verb].set_defaults(run=module.run)
    options = parser.parse_args(given)
    # A plug-in may live beside the scenario, also for the console script.
    if "" not in sys.path:
        sys.path.insert(0, "")
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _interrupt)
    try:
        return int(options.run(options))
    except BenchError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except _UNUSABLE_PLACES as error:
        print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)
        return EXIT_BAD_INPUT
    except BrokenPipeError:
        # Whoever read the output has gone; the interpreter must not try to write what is left.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_INTERRUPTED
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED


def _parser() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    parser = argparse.ArgumentParser(
        prog="checkpoint-bench",
        description="Measure LangGraph checkpoint savers under load, on real servers.",
        epilog=EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    return parser, {
        name: verbs.add_parser(name, help=text, description=text) for name, text in VERBS.items()
    }


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt
