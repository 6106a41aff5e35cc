"""The guard of a process that runs a saver: what that starts ends with it.

``python -m bench.handover.guard BYTES MODULE ARGUMENT…`` forks before anything is imported. The
child runs MODULE. The guard tells the child's process id in one line of standard output and waits.
Then it ends all that descends from the child, whatever sessions it made, and ends as the child has.
SIGTERM has it kill the child first. Where there is no ``fork`` nothing is guarded.

The last ARGUMENT is the child's directory. On Linux, where whoever has started it is gone and the
child does not end by itself, since native code never lets go of the interpreter's lock, the guard
kills it and removes that.

On Linux a child that takes more than BYTES of memory is killed, and why a child was killed is said
on standard error. It is looked at ten times a second, from when it asks for that. What counts is
the memory that it really holds for itself. RLIMIT_AS counts addresses, of which databases mapped
into memory, allocators and threads reserve far more; a control group needs rights that few have;
and an allocation that fails breaks the program that measures somewhere, instead of ending it with a
reason.
"""

from __future__ import annotations

import contextlib
import os
import runpy
import select
import signal
import sys
from typing import NoReturn

_PR_SET_CHILD_SUBREAPER = 36
TOLD = "guard: "
"""How the line begins that says why the child was killed: a class, then a sentence."""
_LOOK_MS = 100
# After so many looks at a child that is to end with whoever has started it.
_PATIENCE = 10
# By these a guard knows that its child asks for something, or has ended.
_WAKING = {getattr(signal, name) for name in ("SIGCONT", "SIGCHLD") if hasattr(signal, name)}
_MEGABYTE = 1_000_000


def main() -> None:
    """Run the module that the arguments name, guarded."""
    if hasattr(os, "fork"):
        may_begin, begins = os.pipe()
        starter = os.getppid()
        signal.pthread_sigmask(signal.SIG_BLOCK, _WAKING)
        child = os.fork()
        if child:
            _guard(child, begins, starter)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _WAKING)
        os.close(begins)
        os.read(may_begin, 1)
        os.close(may_begin)
    else:
        _tell(os.getpid())
    del sys.argv[:2]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def have_memory_watched() -> None:
    """Have this process's guard look at its memory from now on: both may be idle until then."""
    if sys.platform == "linux":
        os.kill(os.getppid(), signal.SIGCONT)


def adopt_orphans() -> None:
    """Become the parent of every descendant that loses its own; on Linux alone."""
    if sys.platform == "linux":
        # Not in the process that is measured.
        import ctypes  # noqa: PLC0415 - see above

        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_descendants() -> None:
    """Kill all that descends from this process; elsewhere than on Linux, what is of its session."""
    if sys.platform != "linux":
        _end_session()
        return
    with contextlib.suppress(ChildProcessError):
        while True:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                _kill_children()
                # A child's children become this process's own: those are next.
                os.waitpid(-1, 0)


def _guard(child: int, begins: int, starter: int) -> NoReturn:
    adopt_orphans()
    signal.signal(signal.SIGTERM, _end_now)
    _tell(child)
    # They are to close with the child.
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(begins)
    told = _watch(child, int(sys.argv[1]), starter)
    ended, status = os.waitpid(-1, 0)
    while ended != child:
        ended, status = os.waitpid(-1, 0)
    end_descendants()
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        if -code == signal.SIGKILL:
            os.write(2, f"{TOLD}{told}\n".encode())
        _die_of(-code)
    os._exit(code)


def _watch(child: int, most_bytes: int, starter: int) -> str:
    """Return as the child has ended, for what reason if it was killed."""
    if sys.platform != "linux":
        return "WorkerDied: the worker was killed"
    signal.sigwaitinfo(_WAKING)
    ended = select.poll()
    ended.register(os.pidfd_open(child), select.POLLIN)
    most = taken = looks_alone = 0
    while not ended.poll(_LOOK_MS):
        looks_alone += os.getppid() != starter
        if looks_alone > _PATIENCE:
            os.kill(child, signal.SIGKILL)
            # Its threads may write until it has ended.
            ended.poll()
            import shutil  # noqa: PLC0415 - not in the process that is measured

            shutil.rmtree(sys.argv[-1], ignore_errors=True)
            return "WorkerDied: whoever has started it is gone"
        taken = _memory_bytes(child) or taken
        most = max(most, taken)
        if taken > most_bytes:
            os.kill(child, signal.SIGKILL)
            return (
                f"OutOfMemory: the worker took {taken // _MEGABYTE} MB of memory and may take "
                f"{most_bytes // _MEGABYTE} (worker_memory_bytes)"
            )
    return (
        f"WorkerDied: the worker was killed by signal 9, which was not sent here; it had taken "
        f"{most // _MEGABYTE} MB of memory. The system does that when memory runs out"
    )


def _memory_bytes(process_id: int) -> int:
    try:
        with open(f"/proc/{process_id}/statm", encoding="ascii") as file:  # noqa: PTH123 - pathlib is slow to import
            _, resident, shared = file.read().split()[:3]
    except (OSError, ValueError):
        return 0
    return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")


def _end_now(*_: object) -> None:
    end_descendants()
    _die_of(signal.SIGKILL)


def _die_of(number: int) -> None:
    with contextlib.suppress(OSError):
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _tell(process_id: int) -> None:
    with contextlib.suppress(BrokenPipeError):
        os.write(1, b"%d\n" % process_id)


def _kill_children() -> None:
    # Only where something was left: it takes longer to import than all the rest.
    import psutil  # noqa: PLC0415 - see above

    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            child.kill()


def _end_session() -> None:
    import psutil  # noqa: PLC0415 - as above

    for process_id in psutil.pids():
        with contextlib.suppress(OSError):
            if process_id != os.getpid() and os.getsid(process_id) == os.getsid(0):
                os.kill(process_id, signal.SIGKILL)


if __name__ == "__main__":
    main()
