"""Keeping what the user's environment says about their servers away from ours.

libpq reads some thirty variables. A connection string overrides most of them, but not
``PGSERVICE`` (an empty ``service`` is looked up too), ``PGTZ``, ``PGDATESTYLE`` and ``PGGEQO``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

_PREFIX = "PG"


@contextmanager
def without_libpq_variables() -> Iterator[None]:
    """Take every variable that begins with ``PG`` out of this process's environment meanwhile."""
    hidden = {name: value for name, value in os.environ.items() if name.startswith(_PREFIX)}
    try:
        for name in hidden:
            del os.environ[name]
        yield
    finally:
        os.environ.update(hidden)
