"""The keeper: a small process that starts one server, and outlives its runner only to stop it.

It is a program, not a module of this package: ``python -I _keeper.py``, standard library only. The
runner writes an order (one line of JSON, :class:`Order`) to its standard input and keeps that pipe
open. The keeper answers with one line: ``{"process_id", "directory", "log"}`` or ``{"error"}``.
When the pipe closes, however the runner ended, it stops the server, removes the directory and ends.
Without a server it keeps a data directory: a template that others are copied from, or one whose
server is asked for later, by a second line that is the server's command.

Further lines break the server on purpose, each answered with ``{"process_id"}`` or ``{"error"}``:
``"kill"`` (every process of it at once), ``"shut_down"``, ``"freeze"`` and ``"thaw"``. The server's
command starts it again on what it has left.

Where the server runs under another account, that account is a stranger: it may write below ``data``
alone. The directory around it, the log and the programs stay the keeper's own.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypedDict

# A line says that it is not needed any more; the end of input, that the keeper is gone.
_WATCHER = 'read -r line || kill -CONT "$@"'
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_KILLED_WITHIN_S = 5.0
_SHUT_DOWN_WITHIN_S = 10.0
_LOG_BYTES_SHOWN = 4000
# Nothing that is there already is opened, nor what a link leads to.
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
_NOT_COPIED = shutil.ignore_patterns("*.a", "pkgconfig", "__pycache__")
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


class Order(TypedDict):
    """What the runner asks for.

    In ``prepare`` (commands that must succeed) and ``serve`` (the server's command) the texts
    ``{directory}``, ``{data}`` and ``{root}`` stand for the keeper's directory, the directory
    ``data`` in it, or in ``data_parent`` where one is given, and the programs' root. They run in
    ``{data}``, which is theirs to fill; first it gets a copy of what lies in the directory
    ``template``, if that is not empty. Where ``serve`` is empty the directory is
    closed to the account once it is prepared, so that it stays as it is until it is served.
    ``account`` is the user and group that the commands run as, or ``None``: the keeper's own.
    ``check`` is a command that works if that account can reach the programs; if it fails, ``parts``
    of ``root`` (files or folders) are copied. ``files`` are made in the keeper's directory before
    anything runs, by name and content, readable to that account alone: a password stands in no
    command line.
    ``stop`` lists signals, each with the seconds to wait after it, and ``shut_down`` is the signal
    upon which the server saves what it has and ends.
    """

    name: str
    root: str
    parts: list[str]
    check: list[str]
    account: tuple[int, int] | None
    files: dict[str, str]
    template: str
    data_parent: str
    prepare: list[list[str]]
    serve: list[str]
    stop: list[tuple[str, float]]
    shut_down: str
    parent_death_signal: str
    limit_s: float


class _Stop(BaseException):
    """Raised by the signal handler, so that a blocking read ends."""


class _FailedError(Exception):
    """Starting failed; the text is for the user."""


class _Keeper:
    def __init__(self, order: Order) -> None:
        self._order = order
        self._deadline = time.monotonic() + order["limit_s"]
        self._root = order["root"]
        self._directory: Path | None = None
        self._data: Path | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._frozen: list[int] = []
        self._watcher: subprocess.Popen[bytes] | None = None

    def start(self) -> dict[str, Any]:
        """Prepare and start the server; return the answer for the runner."""
        account = self._order["account"]
        self._directory = directory = _make_directory(self._order)
        for name, content in self._order["files"].items():
            _write_private(directory / name, content, account)
        log = directory / "server.log"
        with os.fdopen(os.open(log, _NEW_FILE, 0o600), "ab") as output:
            data = Path(self._order["data_parent"] or directory) / "data"
            data.mkdir(mode=0o700)
            # Only what was made here is removed.
            self._data = data
            if self._order["template"]:
                _copy_content(self._order["template"], data)
            if account is not None:
                if not self._reachable():
                    self._copy_programs(directory)
                os.chown(data, *account, follow_symlinks=False)
                # Only now, with all made, may others pass through it.
                directory.chmod(0o711)
            for command in self._order["prepare"]:
                self._run(command, output, log)
            if account is not None:
                os.chown(data, os.geteuid(), os.getegid(), follow_symlinks=False)
        process_id = self.serve(self._order["serve"]) if self._order["serve"] else 0
        return {"process_id": process_id, "directory": str(directory), "log": str(log)}

    def serve(self, command: list[str]) -> int:
        """Start the server in the directory that was prepared; return its process id."""
        directory, account = self._directory or Path(), self._order["account"]
        if account is not None:
            os.chown(self._made, *account, follow_symlinks=False)
        with (directory / "server.log").open("ab") as output:
            self._server = self._spawn(command, output)
        # Whoever ends first: a server that ends by itself must not stay behind as a zombie.
        threading.Thread(target=self._server.wait, daemon=True).start()
        return self._server.pid

    @property
    def _made(self) -> Path:
        if self._data is None:
            raise _FailedError("there is no data directory")
        return self._data

    def disturb(self, command: str) -> int:
        """Break the server on purpose, or let it go on; return its process id."""
        if self._server is None:
            raise _FailedError("there is no server")
        actions = {
            "kill": self._kill,
            "shut_down": self._shut_down,
            "freeze": self._freeze_watched,
            "thaw": self._thaw,
        }
        actions[command](self._server)
        return self._server.pid

    def stop(self) -> None:
        """End the server, gently first, and remove the directory."""
        if self._server is not None:
            self._thaw(self._server)
            # Windows knows no gentle signal; what the server would save is removed anyway.
            gentle = [] if sys.platform == "win32" else self._order["stop"]
            for name, wait_s in gentle:
                if self._ended(0):
                    break
                with contextlib.suppress(OSError):
                    self._server.send_signal(getattr(signal, name))
                self._ended(wait_s)
            else:
                with contextlib.suppress(OSError):
                    self._server.kill()
                self._ended(_KILLED_WITHIN_S)
        for directory in (self._data, self._directory):
            if directory is not None:
                shutil.rmtree(directory, ignore_errors=True)

    def _shut_down(self, server: subprocess.Popen[bytes]) -> None:
        server.send_signal(getattr(signal, self._order["shut_down"]))
        if not self._ended(_SHUT_DOWN_WITHIN_S):
            raise _FailedError(f"it did not shut down within {_SHUT_DOWN_WITHIN_S:g} s")

    def _freeze(self, server: subprocess.Popen[bytes]) -> None:
        """Stop every process of the server, the first one first: it would start others."""
        while new := [one for one in _family(server.pid) if one not in self._frozen]:
            for process_id in new:
                with contextlib.suppress(OSError):
                    os.kill(process_id, signal.SIGSTOP)
            self._frozen += new

    def _freeze_watched(self, server: subprocess.Popen[bytes]) -> None:
        """Freeze the server, and have it go on if this process is killed: else it could not end."""
        self._freeze(server)
        ids = map(str, self._frozen)
        self._watcher = subprocess.Popen(  # noqa: S603  # no shell of the user's, and our own text
            ["/bin/sh", "-c", _WATCHER, "sh", *ids], stdin=subprocess.PIPE, start_new_session=True
        )

    def _thaw(self, server: subprocess.Popen[bytes]) -> None:
        del server
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            watcher.communicate(b"\n")
        for process_id in self._frozen:
            with contextlib.suppress(OSError):
                os.kill(process_id, signal.SIGCONT)
        self._frozen.clear()

    def _kill(self, server: subprocess.Popen[bytes]) -> None:
        """End every process of the server before any of them can do something about it."""
        # Those that lose their parent become this process's own, so that their end can be awaited.
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self._freeze(server)
        killed, self._frozen = self._frozen, []
        for process_id in killed:
            with contextlib.suppress(OSError):
                os.kill(process_id, signal.SIGKILL)
        self._ended(_KILLED_WITHIN_S)
        for process_id in killed:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(process_id, 0)
        _return_shared_memory(self._made / "postmaster.pid")

    def _ended(self, wait_s: float) -> bool:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._server is None or self._server.wait(timeout=wait_s) is not None
        return False

    def _fill(self, command: list[str]) -> list[str]:
        return [
            part.replace("{directory}", str(self._directory))
            .replace("{data}", str(self._data))
            .replace("{root}", self._root)
            for part in command
        ]

    def _run(self, command: list[str], output: Any, log: Path) -> None:
        name = Path(command[0]).name
        process = self._spawn(command, output)
        try:
            code = process.wait(timeout=max(0.0, self._deadline - time.monotonic()))
        except BaseException as error:
            process.kill()
            process.wait()
            if isinstance(error, subprocess.TimeoutExpired):
                raise _FailedError(f"{name} did not end in time\n{_tail(log)}") from None
            raise
        if code:
            raise _FailedError(f"{name} ended with exit code {code}\n{_tail(log)}")

    def _spawn(self, command: list[str], output: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603  # the runner's own command, no shell
            self._fill(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=self._made,
            env=_environment(),
            preexec_fn=_die_with_parent(self._order["parent_death_signal"]),  # noqa: PLW1509  # single thread
            **_as_account(self._order["account"]),
        )

    def _reachable(self) -> bool:
        try:
            answer = subprocess.run(  # noqa: S603  # the runner's own command, no shell
                self._fill(self._order["check"]),
                capture_output=True,
                timeout=10,
                check=False,
                cwd="/",
                env=_environment(),
                **_as_account(self._order["account"]),
            )
        except (OSError, subprocess.SubprocessError):
            return False
        return answer.returncode == 0

    def _copy_programs(self, directory: Path) -> None:
        copy = directory / "programs"
        copy.mkdir(mode=0o755)
        for part in self._order["parts"]:
            source, target = Path(self._order["root"]) / part, copy / part
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, symlinks=True, ignore=_NOT_COPIED)
            else:
                shutil.copy2(source, target)
        for path in (copy, *copy.rglob("*")):
            if not path.is_symlink():
                mode = path.stat().st_mode
                path.chmod(mode | (mode & (stat.S_IRUSR | stat.S_IXUSR)) >> 6)
        self._root = str(copy)


def _make_directory(order: Order) -> Path:
    prefix = f"checkpoint-bench-{order['name']}-"
    account = order["account"]
    if account is None:
        return Path(tempfile.mkdtemp(prefix=prefix))
    parents = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]  # noqa: S108  # as fallbacks
    parent = next((path for path in parents if _searchable(path, account)), None)
    if parent is None:
        raise _FailedError("no temporary directory is open to the server's user, and safe")
    return Path(tempfile.mkdtemp(prefix=prefix, dir=parent))


def _copy_content(source: str, target: Path) -> None:
    """Copy what lies in ``source``, owners and modes included."""
    if sys.platform == "win32":
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        # A thousand files: Python takes twice as long.
        subprocess.run(["cp", "-a", f"{source}/.", target], check=True, env=_environment())  # noqa: S603, S607  # no shell, and our own paths


def _write_private(path: Path, content: str, account: tuple[int, int] | None) -> None:
    with os.fdopen(os.open(path, _NEW_FILE, 0o600), "w") as file:
        if account is not None:
            os.fchown(file.fileno(), *account)
        file.write(content)


def _searchable(path: Path, account: tuple[int, int]) -> bool:
    """Tell whether ``account`` may pass through ``path`` and all that it lies in.

    A folder that others could exchange for one of theirs meanwhile does not serve.
    """
    user, group = account
    try:
        for folder in (path.resolve(), *path.resolve().parents):
            status = folder.stat()
            shift = 6 if status.st_uid == user else 3 if status.st_gid == group else 0
            if not (status.st_mode >> shift) & 1:
                return False
            open_to_all = status.st_mode & _WRITABLE_BY_OTHERS and not status.st_mode & stat.S_ISVTX
            if open_to_all or status.st_uid not in (0, os.geteuid()):
                return False
    except OSError:
        return False
    return True


def _environment() -> dict[str, str]:
    """Keep only what a program needs: PG* variables and secrets must not reach the server."""
    kept = ("PATH", "TZ", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "LD_LIBRARY_PATH")
    return {name: os.environ[name] for name in kept if name in os.environ}


def _as_account(account: tuple[int, int] | None) -> dict[str, Any]:
    if account is None:
        return {}
    return {"user": account[0], "group": account[1], "extra_groups": []}


def _die_with_parent(signal_name: str) -> Callable[[], None] | None:
    """Return what makes the kernel end the server if the keeper is killed; Linux only.

    It runs in the child after its user was changed, which would cancel the request.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    number, parent = int(getattr(signal, signal_name)), os.getpid()

    def ask() -> None:
        # A shell that starts us in the background has it ignored, and so would the server.
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return ask


def _family(first: int) -> list[int]:
    """Return the process id ``first`` and those of all that descend from it; Linux only."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208  # numbers, no paths
        with contextlib.suppress(OSError, ValueError):
            text = Path("/proc", str(int(name)), "stat").read_text(errors="replace")
            # Behind the name, which may hold anything: state, then the parent.
            children.setdefault(int(text.rpartition(")")[2].split()[1]), []).append(int(name))
    family = [first]
    for process_id in family:
        family += children.get(process_id, [])
    return family


def _return_shared_memory(lock_file: Path) -> None:
    """Remove what a Postgres that was killed leaves behind, as its lock file names it."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        segment = int(lock_file.read_text(encoding="utf-8").splitlines()[6].split()[1])
        ctypes.CDLL(None).shmctl(segment, 0, None)


def _tail(log: Path) -> str:
    return log.read_bytes()[-_LOG_BYTES_SHOWN:].decode(errors="replace").strip()


def _on_signal(*_: object) -> NoReturn:
    raise _Stop


def _answer(message: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):
        os.write(1, json.dumps(message).encode() + b"\n")


def _ignore_signals() -> None:
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)


def main() -> None:
    """Read the order, start, wait until the runner has gone, stop."""
    _ignore_signals()
    line = sys.stdin.buffer.readline()
    if not line:
        return
    keeper = _Keeper(json.loads(line))
    try:
        signal.signal(signal.SIGTERM, _on_signal)
        _answer(keeper.start())
        while line := sys.stdin.buffer.readline():
            wanted = json.loads(line)
            done = keeper.disturb if isinstance(wanted, str) else keeper.serve
            _answer({"process_id": done(wanted)})
    except (_FailedError, OSError, subprocess.SubprocessError) as error:
        _answer({"error": str(error)})
    except _Stop:
        pass
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        keeper.stop()


if __name__ == "__main__":
    main()
