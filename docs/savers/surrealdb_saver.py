"""Opens SurrealSaver on a file: it signs in, and a new embedded store has no user."""  # noqa: INP001 - lies beside its scenario

from contextlib import closing
from pathlib import Path

from langgraph_checkpoint_surrealdb import SurrealSaver
from surrealdb import Surreal


def open_saver(directory: Path) -> SurrealSaver:
    """Return a saver of a store in ``directory``, in which its user is defined."""
    url = f"surrealkv://{directory}/surreal"
    with closing(Surreal(url)) as database:
        database.use("bench", "bench")
        database.query("DEFINE USER IF NOT EXISTS root ON ROOT PASSWORD 'root' ROLES OWNER")
    return SurrealSaver(url, "bench", "bench", "root", "root")
