"""The command line: verbs → stages. The only package that prints or exits.

Each verb is one module of ``bench.cli.verbs``. Only the one that was asked for is imported, so that
``--help`` answers at once.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import os
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from typing import Any

from bench import __version__
from bench.discovery import extra_for
from bench.errors import (
    EXIT_INTERRUPTED,
    EXIT_INVALID,
    EXIT_UNAVAILABLE,
    BenchError,
    MissingPackageError,
)
from bench.printable import printable
from bench.records.redaction import redact, secrets_in

VERBS = {
    "plan": "show what a scenario would measure, in which order; measures nothing",
    "run": "measure a scenario and write its report",
    "report": "write the report of a run again, from its records",
    "trial": "show one trial of a run, as JSON; needs no database",
    "compact": "keep a complete run as one file; loses nothing",
    "verify": "judge published claims on recorded runs; needs no database",
    "claims": "measure anew what claims need, and compare with the committed verdicts",
    "gate": "compare two arms in one job: has one got worse? answers by the exit code",
    "decide": "write a decision record from a run and what decides for you; needs no database",
    "clean": "list what killed runs have left on your servers; removes it with --remove",
    "conformance": "test savers for what LangGraph asks of them; measures nothing",
    "selftest": "measure subjects whose behaviour is known: does the ruler measure right?",
    "site": "write static pages of the reference runs, for any server of files",
    "list": "list what a scenario can name, with options",
    "doctor": "show the host, the servers, the loops and the versions",
}
EPILOGUE = """\
exit codes: 0 pass, 1 regression, broken threshold or refuted claim, 2 bad input,
3 cannot tell, as where trials lack or a subject measured nothing that can be compared,
4 invalid measurement, 5 a server, package, file or space is not there, 130 interrupted
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the verb that ``arguments`` name and return the exit code."""
    given = sys.argv[1:] if arguments is None else [*arguments]
    for stream in (sys.stdout, sys.stderr):
        # What a terminal or a file cannot show must not cost a result.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    with _signals():
        try:
            return _run(given)
        except BenchError as error:
            print(_shown(f"error: {error}"), file=sys.stderr)
            return error.exit_code
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            return EXIT_INTERRUPTED
        except BrokenPipeError:
            # Whoever read the output has gone; the interpreter must not write what is left.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return EXIT_INTERRUPTED
        except Exception as error:  # noqa: BLE001 - uncaught it would end with 1: regression
            return _unexpected(error)


def _unexpected(error: Exception) -> int:
    """Tell an error that no stage expects."""
    if isinstance(error, OSError) and error.errno is not None:
        place = "" if error.filename is None else f"{error.filename}: "
        print(f"error: {place}{error.strerror}", file=sys.stderr)
        return EXIT_UNAVAILABLE
    print(_shown("".join(traceback.format_exception(error))), end="", file=sys.stderr)
    print("error: this is a defect of checkpoint-bench; nothing was decided", file=sys.stderr)
    return EXIT_INVALID


def _shown(text: str) -> str:
    return printable(redact(text, secrets_in(os.environ)))


def _run(given: list[str]) -> int:
    parser, verbs = _parser()
    verb = next((argument for argument in given if not argument.startswith("-")), "")
    if verb in VERBS:
        module = _verb_module(verb)
        module.add_arguments(verbs[verb])
        verbs[verb].set_defaults(run=module.run)
    options = parser.parse_args(given)
    return int(options.run(options))


def _verb_module(verb: str) -> Any:
    try:
        return importlib.import_module(f"bench.cli.verbs.{verb}")
    except ModuleNotFoundError as error:
        missing = error.name or "?"
        raise MissingPackageError(f"the verb {verb!r}", missing, extra_for(missing)) from error


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    """Treat every request to end like Ctrl-C; ignore the next ones while what was made is removed.

    A signal that is ignored already, as SIGHUP under nohup, stays so.
    """
    names = ("SIGINT", "SIGTERM", "SIGHUP")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}

    def interrupt(*_: object) -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in numbers:
        if before[number] is not signal.SIG_IGN:
            signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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
