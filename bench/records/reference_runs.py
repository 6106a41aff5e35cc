"""Which of the recorded runs are the reference: those that the published verdicts rest on.

``results/reference.txt`` names them, one run id in a line; a line that begins with ``#`` is a
comment.
"""

from __future__ import annotations

from bench.errors import InputError
from bench.records.files import MOST_RECORD_BYTES, read_plain, reason_of
from bench.records.store import Store

REFERENCE_FILE = "reference.txt"


def reference_runs(store: Store) -> tuple[str, ...]:
    """Return the ids of the reference runs of ``store``; none where it names none.

    Raises:
        InputError: the file cannot be read, or names a run that is not there.
    """
    path = store.directory / REFERENCE_FILE
    if not path.exists():
        return ()
    try:
        lines = read_plain(path, MOST_RECORD_BYTES).decode("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path}: cannot read the names of the reference runs: {reason_of(error)}"
        ) from error
    stripped = (line.strip() for line in lines)
    named = tuple(dict.fromkeys(line for line in stripped if line and not line.startswith("#")))
    known = set(store.run_ids())
    lost = [run_id for run_id in named if run_id not in known]
    if lost:
        raise InputError(f"{path} names the run {lost[0]!r}, which {store.directory} does not hold")
    return named
