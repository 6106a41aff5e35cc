"""Starting an embedded server under its keeper, and ending both. See ``_keeper.py``.

No server is run as root: PostgreSQL refuses to be; Redis would agree, and a fault of it or of a
module would be root's.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import secrets
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import psutil

from bench.child_process import ChildProcess
from bench.contracts import ServerControl
from bench.errors import UnavailableError, UnsupportedError
from bench.records.redaction import redact
from bench.server_variables import own_server_variables, without_servers
from bench.servers._keeper import Order

START_LIMIT_S = 20.0
# One that begins with data has them copied, and may have to read all of them.
FILLED_START_LIMIT_S = 180.0
_ATTEMPTS = 5
_POLL_S = 0.02
_LOG_LINES_SHOWN = 12
_PASSWORD_BYTES = 24
_ENDING_S = 30.0
_ACCOUNTS = ("postgres", "nobody", "daemon")
_PORT_IS_TAKEN = ("address already in use", "could not bind")

# Of the connections of a server that has no limit.
_MOST_HELD = 1000

# The state of a socket in Linux's table.
_LISTENS = "0A"


class Connected(Protocol):
    """A connection of any driver."""

    def close(self) -> None:
        """Close it."""


Connect = Callable[[], Connected]


class EmbeddedServer(ServerControl):
    """One server process on a port of 127.0.0.1, with a directory and a password of its own.

    Other users of this machine can reach the port, so the password is what keeps them out. It is
    sent to nobody but the process that was started here: see :meth:`start`.
    """

    def __init__(self) -> None:
        self.process_id = 0
        self.port = 0
        self.password = ""
        self.start_limit_s = START_LIMIT_S
        self._keeper: ChildProcess | None = None
        self._server: psutil.Process | None = None
        self._directory: Path | None = None
        self._log: Path | None = None
        self._last_signal = "SIGTERM"
        self._order: Order | None = None
        self._is_ready: Callable[[], bool] = lambda: False
        self._connect: Connect | None = None
        self._held: list[Connected] = []

    @property
    def directory(self) -> Path:
        """The directory that the server works in; it exists from start to stop."""
        return self._directory or Path()

    def prepare(self, order: Order) -> None:
        """Have the directory made of ``order``, which serves nothing, before :meth:`start`.

        Raises:
            UnavailableError: it cannot be made.
        """
        try:
            self._keeper = _new_keeper()
            self._take(_answer_of(self._keeper, order))
        except BaseException:
            self.stop()
            raise

    def start(
        self,
        make_order: Callable[[], Order],
        is_ready: Callable[[], bool],
        connect: Connect,
        password: str = "",
    ) -> None:
        """Start the server of ``make_order()`` and wait until ``is_ready``.

        Both are asked anew for each attempt, once :attr:`port` and :attr:`password` are chosen; of
        the first order only the server's command counts where the directory has been prepared.
        ``is_ready`` only once it is this server that holds the port, so that it may log in.
        ``connect`` opens one connection, or raises where the server gives none. ``password`` is
        that of a template, where the server has one.

        Raises:
            UnavailableError: it did not start, or not in time; with the end of its log.
        """
        self._connect = connect
        for attempt in range(_ATTEMPTS):
            self.port, self.password = free_port(), password or new_password()
            try:
                self._start_once(make_order(), is_ready)
            except _PortTakenError as error:
                self.stop()
                if attempt == _ATTEMPTS - 1:
                    raise UnavailableError(self._redact(error)) from None
            except UnavailableError as error:
                self.stop()
                raise UnavailableError(self._redact(error)) from None
            except BaseException:
                self.stop()
                raise
            else:
                return

    def stop(self) -> None:
        """End the server and its keeper and remove the directory. Safe to call twice."""
        self.give_back_connections()
        keeper, self._keeper = self._keeper, None
        server, self._server = self._server, None
        directory, self._directory = self._directory, None
        if keeper is not None:
            keeper.end(_ENDING_S)
        # The keeper has done this already, unless it was killed.
        if server is not None:
            _end(server, self._last_signal)
        if directory is not None:
            shutil.rmtree(directory, ignore_errors=True)

    def kill(self) -> None:
        self._disturb("kill")

    def shut_down(self) -> None:
        self._disturb("shut_down")

    def take_connections(self) -> int:
        # Whatever a driver raises: there are no more.
        with contextlib.suppress(Exception):
            while self._connect is not None and len(self._held) < _MOST_HELD:
                self._held.append(self._connect())
        return len(self._held)

    def give_back_connections(self) -> None:
        held, self._held = self._held, []
        for connection in held:
            # Whatever a driver raises: the server is stopped all the same.
            with contextlib.suppress(Exception):
                connection.close()

    def freeze(self) -> None:
        self._disturb("freeze")

    def thaw(self) -> None:
        self._disturb("thaw")

    def start_again(self) -> None:
        if self._keeper is None or self._order is None:
            raise UnavailableError("the server has been stopped already")
        deadline = time.monotonic() + self.start_limit_s
        answer = _answer_of(self._keeper, self._order, self._order["serve"])
        self._watch(int(answer["process_id"]), self._order, deadline)

    def _disturb(self, command: str) -> None:
        if sys.platform != "linux":
            raise UnsupportedError("a server is broken on purpose on Linux alone")
        answer = self._keeper.ask(command) if self._keeper is not None else {}
        if "process_id" not in answer:
            reason = answer.get("error", "its keeper has ended")
            raise UnavailableError(f"{command} of the embedded server failed: {reason}")

    def is_running(self) -> bool:
        if self._server is None:
            return False
        with contextlib.suppress(psutil.Error):
            status: str = self._server.status()
            return self._server.is_running() and status != psutil.STATUS_ZOMBIE
        return False

    def _holds_its_port(self) -> bool:
        if self._server is None:
            return False
        try:
            connections = self._server.net_connections("tcp4")
        except psutil.AccessDenied:
            # Root without the right to look into other users' processes, as in a container.
            return _listener_of(self.port) == self._server.uids().effective
        except psutil.NoSuchProcess:
            return False
        return any(
            found.status == psutil.CONN_LISTEN and found.laddr[:2] == ("127.0.0.1", self.port)
            for found in connections
        )

    def _redact(self, error: Exception) -> str:
        return redact(str(error), [self.password])

    def _start_once(self, order: Order, is_ready: Callable[[], bool]) -> None:
        self._last_signal = order["parent_death_signal"]
        deadline = time.monotonic() + self.start_limit_s
        if self._keeper is None:
            self._keeper = _new_keeper()
            answer = _answer_of(self._keeper, order)
            self._take(answer)
        else:
            answer = _answer_of(self._keeper, order, order["serve"])
        self._order, self._is_ready = order, is_ready
        self._watch(int(answer["process_id"]), order, deadline)

    def _watch(self, process_id: int, order: Order, deadline: float) -> None:
        """Wait until the server with this ``process_id`` is ready."""
        self.process_id = process_id
        with contextlib.suppress(psutil.NoSuchProcess):
            self._server = psutil.Process(process_id)
        while not (self._holds_its_port() and self._is_ready()):
            if not self.is_running():
                log = self._log_tail()
                text = f"the embedded {order['name']} server ended while it started:\n{log}"
                if any(sign in log.lower() for sign in _PORT_IS_TAKEN):
                    raise _PortTakenError(text)
                raise UnavailableError(text)
            if time.monotonic() > deadline:
                raise UnavailableError(
                    f"the embedded {order['name']} server was not ready within "
                    f"{self.start_limit_s:g} s:\n{self._log_tail()}"
                )
            time.sleep(_POLL_S)

    def _take(self, answer: dict[str, Any]) -> None:
        self._directory, self._log = Path(answer["directory"]), Path(answer["log"])

    def _log_tail(self) -> str:
        try:
            text = self._log.read_text(errors="replace") if self._log else ""
        except OSError as error:
            return f"(its log cannot be read: {error.strerror})"
        return "\n".join(text.splitlines()[-_LOG_LINES_SHOWN:]) or "(its log is empty)"


class Template:
    """A data directory that was prepared once, for the servers of this process to begin from.

    It is made upon the first :meth:`directory`, and removed as this process ends, in whatever way.
    """

    def __init__(self) -> None:
        self.password = new_password()
        self._lock = threading.Lock()
        self._keeper: ChildProcess | None = None
        self._directory = Path()

    def directory(self, order: Order) -> Path:
        """Return the directory that ``order``, the same each time, prepares; no server writes it.

        Raises:
            UnavailableError: it cannot be prepared.
        """
        with self._lock:
            if self._keeper is None or not self._directory.is_dir():
                self.remove()
                atexit.register(self.remove)
                self._keeper = _new_keeper()
                answer = _answer_of(self._keeper, order)
                self._directory = Path(answer["directory"]) / "data"
            return self._directory

    def remove(self) -> None:
        """Remove what was made; the next use makes it anew."""
        atexit.unregister(self.remove)
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.end(_ENDING_S)


def _new_keeper() -> ChildProcess:
    program = str(Path(__file__).with_name("_keeper.py"))
    return ChildProcess([sys.executable, "-I", "-S", program], without_servers(os.environ))


def _answer_of(
    keeper: ChildProcess, order: Order, serve: Sequence[str] | None = None
) -> dict[str, Any]:
    """Return what the keeper says to ``order``, or to be asked to ``serve`` what it prepared."""
    answer = keeper.ask(order if serve is None else serve)
    if "process_id" not in answer:
        raise UnavailableError(
            f"the embedded {order['name']} server cannot be started: "
            f"{answer.get('error', 'its keeper ended without an answer')}"
        )
    return answer


def new_password() -> str:
    """Return a password that nobody guesses."""
    return secrets.token_hex(_PASSWORD_BYTES)


class _PortTakenError(Exception):
    """Somebody took the port between choosing it and using it."""


def unprivileged_account() -> tuple[int, int] | None:
    """Return (user id, group id) to start a server as, or ``None`` for the present user.

    Raises:
        UnavailableError: the present user is root and there is no other to fall back on.
    """
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    import pwd  # noqa: PLC0415  # does not exist on Windows

    for name in _ACCOUNTS:
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            if entry.pw_uid != 0:
                return entry.pw_uid, entry.pw_gid
    raise UnavailableError(
        f"no server is run as root, and none of the users {', '.join(_ACCOUNTS)} exists; run as "
        f"another user, or name servers of your own with {', '.join(own_server_variables())}"
    )


def _listener_of(port: int) -> int | None:
    """Return the id of the user who listens on ``port`` of 127.0.0.1, where Linux tells it."""
    # The address is written there as the processor keeps it.
    here = f"{int.from_bytes(bytes((127, 0, 0, 1)), sys.byteorder):08X}:{port:04X}"
    with contextlib.suppress(OSError):
        for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
            _, local, _, state, _, _, _, user, *_ = line.split()
            if (local, state) == (here, _LISTENS):
                return int(user)
    return None


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _end(server: psutil.Process, signal_name: str) -> None:
    """End what is left of a server whose keeper is gone; its data is not wanted any more."""
    with contextlib.suppress(psutil.NoSuchProcess):
        if not server.is_running() or server.status() == psutil.STATUS_ZOMBIE:
            return
        below = server.children(recursive=True)
        # Postgres ends its own processes and returns its shared memory upon this.
        server.send_signal(getattr(signal, signal_name, signal.SIGTERM))
        for process in psutil.wait_procs([server, *below], timeout=5)[1]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs([server, *below], timeout=10)
