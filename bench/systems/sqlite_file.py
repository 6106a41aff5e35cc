"""The file of a SQLite saver: copied while it is written, pruned, made smaller.

Over the file itself, beside a saver that has it open::

    back_up(file, copy)
    latest = checkpoint_ids(copy)
    prune(copy, keep=1)
    vacuum(copy)
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

# The newest of each thread and namespace has the age 1.
_PRUNE_CHECKPOINTS = """
    DELETE FROM checkpoints WHERE rowid IN (
        SELECT number FROM (
            SELECT rowid AS number, row_number() OVER (
                PARTITION BY thread_id, checkpoint_ns ORDER BY checkpoint_id DESC
            ) AS age
            FROM checkpoints
        ) WHERE age > ?
    )
"""
_PRUNE_WRITES = """
    DELETE FROM writes WHERE (thread_id, checkpoint_ns, checkpoint_id) NOT IN (
        SELECT thread_id, checkpoint_ns, checkpoint_id FROM checkpoints
    )
"""


def copy_file(file: Path, copy: Path) -> None:
    """Copy the one file, as ``cp`` does: without its write-ahead log, and while others write it."""
    shutil.copyfile(file, copy)


def back_up(file: Path, copy: Path) -> None:
    """Copy what is committed, by SQLite's own backup, which goes on while others write."""
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def checkpoint_ids(file: Path) -> frozenset[str]:
    """Return the ids of all checkpoints in a file that SQLite finds whole.

    Raises:
        sqlite3.DatabaseError: it cannot be opened, is damaged, or has no checkpoints.
    """
    with closing(sqlite3.connect(file)) as connection:
        (found,) = connection.execute("PRAGMA integrity_check").fetchone()
        if found != "ok":
            raise sqlite3.DatabaseError(found)
        rows = connection.execute("SELECT checkpoint_id FROM checkpoints").fetchall()
    return frozenset(checkpoint_id for (checkpoint_id,) in rows)


def prune(file: Path, keep: int = 1) -> int:
    """Keep the newest checkpoints of each thread and namespace; return how many were deleted.

    The writes upon the deleted ones go with them. The file stays as large as it is.
    """
    with closing(sqlite3.connect(file)) as connection, connection:
        deleted = connection.execute(_PRUNE_CHECKPOINTS, (keep,)).rowcount
        connection.execute(_PRUNE_WRITES)
    return deleted


def vacuum(file: Path) -> None:
    """Give back to the file system what was deleted."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
