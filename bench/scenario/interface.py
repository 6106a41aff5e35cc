"""What is called of a subject: the methods that are its operations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Interface:
    """A kind of store: its ``name``, and its operations by the method that does each.

    ``write`` is the operation that adds to the store.
    """

    name: str
    operations: Mapping[str, str]
    write: str


# Named as in LangGraph's conformance suite.
CHECKPOINT_SAVER = Interface(
    "checkpoint saver",
    MappingProxyType(
        {
            "aput": "put",
            "aput_writes": "put_writes",
            "aget_tuple": "get_tuple",
            "alist": "list",
            "adelete_thread": "delete_thread",
        }
    ),
    write="put",
)
SESSION_STORE = Interface(
    "session store",
    MappingProxyType(
        {
            "save": "save",
            "load": "load",
            "list_sessions": "list",
            "delete": "delete",
            "statistics": "statistics",
            "clean_up": "clean_up",
            "restore": "restore",
        }
    ),
    write="save",
)
INTERFACES = (CHECKPOINT_SAVER, SESSION_STORE)
REVISION = "revision"
"""The key of a session's data by which a save is known again; later saves have greater numbers."""
