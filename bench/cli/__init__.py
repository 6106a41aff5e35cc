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
import re
import signal
import sys
import textwrap
import traceback
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

from bench import __version__
from bench.discovery import extra_for
from bench.errors import (
    EXIT_INTERRUPTED,
    EXIT_INVALID,
    EXIT_UNAVAILABLE,
    BenchError,
    InputError,
    MissingPackageError,
    suggestion,
)
from bench.printable import printable
from bench.records.redaction import redact, secrets_in, secrets_within

GROUPS: Mapping[str, Mapping[str, str]] = {
    "measure": {
        "quick": "compare a few savers within two minutes, without a file",
        "init": "write a commented scenario to start from",
        "plan": "show what a scenario would measure, and how long that takes",
        "run": "measure a scenario, or a part of it, and write its report",
        "gate": "check whether a saver got slower, by two versions block by block",
        "claims": "measure published claims again, and compare the verdicts",
        "selftest": "measure savers whose speed and faults are known",
        "conformance": "test whether savers do what LangGraph asks of them",
    },
    "judge": {
        "report": "write the report of a run again, from its records",
        "open": "show the report of a run in the browser",
        "compare": "show the same cells of two runs side by side",
        "history": "show the runs of a scenario over time, and what changed",
        "verify": "judge published claims on recorded runs",
        "decide": "write a decision record from a run and your drivers",
        "site": "write static pages of the reference runs",
    },
    "inspect": {
        "list": "list scenarios, runs, and what a scenario can name",
        "trial": "show one trial of a run, as JSON",
        "doctor": "check whether this machine can measure, and how to fix it",
        "compact": "keep a complete run as one file; loses nothing",
        "migrate": "copy threads from one saver to another, and check it",
        "clean": "list what killed runs left, and unused interpreters; --remove removes it",
    },
}
VERBS = {verb: text for verbs in GROUPS.values() for verb, text in verbs.items()}
PROGRAM = "checkpoint-bench"
EPILOGUE = """\
examples:
  checkpoint-bench quick postgres sqlite  a first answer in two minutes
  checkpoint-bench list scenarios         what else can be asked
  checkpoint-bench run savers             measure one of them
  checkpoint-bench report                 show the newest run again

exit codes:
  0 pass
  1 regression, broken threshold or refuted claim
  2 bad input
  3 inconclusive, for example because trials are missing
  4 invalid measurement
  5 a server, package or file is missing, or the disk is full
  130 interrupted
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
    return printable(redact(text, (*secrets_in(os.environ), *secrets_within(text))))


def _run(given: list[str]) -> int:
    parser, verbs = _parser()
    if "_ARGCOMPLETE" in os.environ:
        _complete(parser, verbs, os.environ.get("COMP_LINE", "").split())
    verb = next((argument for argument in given if not argument.startswith("-")), "")
    if verb in VERBS:
        _fill(verbs[verb], verb)
    elif verb:
        raise InputError(f"unknown verb {verb!r}.{suggestion(verb, VERBS)}")
    options = parser.parse_args(given)
    return int(options.run(options))


def _complete(
    parser: argparse.ArgumentParser,
    verbs: Mapping[str, argparse.ArgumentParser],
    words: Sequence[str],
) -> None:
    """Tell the shell what may stand where the cursor is in ``words``, and exit."""
    for verb in words[1:2]:
        if verb in VERBS:
            _fill(verbs[verb], verb)
    completion = importlib.import_module("bench.cli.completion")
    completion.complete(parser)


def _fill(parser: argparse.ArgumentParser, verb: str) -> None:
    """Add the arguments of ``verb``, its examples, and what it runs."""
    group = next(name for name, verbs in GROUPS.items() if verb in verbs)
    try:
        module: Any = importlib.import_module(f"bench.cli.verbs.{group}.{verb}")
    except ModuleNotFoundError as error:
        missing = error.name or "?"
        raise MissingPackageError(f"the verb {verb!r}", missing, extra_for(missing)) from error
    module.add_arguments(parser)
    parser.set_defaults(run=module.run)
    lines = (f"  {PROGRAM} {verb} {line}".rstrip() for line in module.EXAMPLES)
    parser.epilog = "\n".join(["examples:", *lines])


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


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see {self.prog} --help")


class _LineFormatter(argparse.HelpFormatter):
    """Keeps the lines of a description, and wraps each below the last column that it begins."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        lines = []
        for line in text.splitlines():
            start = re.match(r" +[a-z].*?  +| *", line)
            hanging = indent + " " * (start.end() if start else 0)
            lines.append(
                textwrap.fill(
                    indent + line, width, subsequent_indent=hanging, break_on_hyphens=False
                )
            )
        return "\n".join(lines)


def _parser() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    lines = ["Measure LangGraph checkpoint savers under load, on real servers."]
    for group, texts in GROUPS.items():
        lines += ["", f"{group}:", *(f"  {verb:12} {text}" for verb, text in texts.items())]
    parser = _Parser(
        prog=PROGRAM,
        usage=f"{PROGRAM} VERB [options]\n       {PROGRAM} VERB --help",
        description="\n".join(lines),
        epilog=EPILOGUE,
        formatter_class=_LineFormatter,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    verbs = parser.add_subparsers(
        prog=PROGRAM, metavar="VERB", required=True, help=argparse.SUPPRESS
    )
    return parser, {
        verb: verbs.add_parser(verb, description=text, formatter_class=_LineFormatter)
        for verb, text in VERBS.items()
    }
