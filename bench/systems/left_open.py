"""Whether a program ends that leaves ``AsyncSqliteSaver`` open.

::

    ends(file, closed=False, limit_s=3.0)

The program is this module, run by itself. It saves a checkpoint and comes to its end. That nothing
refers to the saver any more does not close it: the thread of its connection still does.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from bench.checkpoints import config_of
from bench.child_process import ChildProcess

_DONE = "done"
_START_S = 60.0


def ends(file: Path, *, closed: bool, limit_s: float) -> bool:
    """Tell whether the program is over ``limit_s`` seconds after its last line; if not, kill it.

    Raises:
        RuntimeError: it did not come to its last line.
        TimeoutError: it did not do so for a minute.
    """
    command = [sys.executable, "-m", "bench.systems.left_open", str(file)]
    program = ChildProcess([*command, "closed" if closed else "open"])
    try:
        if program.line(_START_S) != _DONE:
            raise RuntimeError("the program that leaves its saver open did not come to its end")
        return program.wait(limit_s)
    finally:
        program.kill()


async def _use(file: str, *, closed: bool) -> None:
    # Here, so that who starts the program needs neither.
    import aiosqlite  # noqa: PLC0415
    from langgraph.checkpoint.base import empty_checkpoint  # noqa: PLC0415
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver  # noqa: PLC0415

    saver = AsyncSqliteSaver(await aiosqlite.connect(file))
    await saver.aput(config_of("left-open"), empty_checkpoint(), {}, {})
    if closed:
        await saver.conn.close()


if __name__ == "__main__":
    asyncio.run(_use(sys.argv[1], closed=sys.argv[2] == "closed"))
    sys.stdout.write(_DONE + "\n")
    sys.stdout.flush()
