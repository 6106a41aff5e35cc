"""Removing what was made on somebody else's server, even if Ctrl-C is pressed meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from bench.errors import UnavailableError


def finish(remove: Callable[[], None]) -> None:
    """Call ``remove``; where Ctrl-C breaks it off, once more, and only then let Ctrl-C through.

    ``remove`` must take up where it was broken off.

    Raises:
        UnavailableError: ``remove`` failed.
        KeyboardInterrupt: it was broken off once, and is done; if it then failed, a note on the
            exception says why.
    """
    try:
        remove()
    except KeyboardInterrupt as interruption:
        try:
            remove()
        except UnavailableError as error:
            interruption.add_note(str(error))
        raise
