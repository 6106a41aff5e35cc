"""The keeper with a small program in the place of a server."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import psutil
import pytest

from bench.servers import _keeper
from tests.waiting import running, until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it uses POSIX signals")

WAIT = "import signal; signal.pause()"
DEAF = (
    "import signal\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "open('deaf', 'wb').close()\n"
    "while True: signal.pause()\n"
)
# One that every user of the machine can reach; that of a test may lie in a closed folder.
SYSTEM_PYTHON = shutil.which("python3", path="/usr/bin:/usr/local/bin:/bin")
MAKE_PIPE = [sys.executable, "-c", "import os; os.mkfifo('deaf')"]


def order(code: str, **changes: Any) -> _keeper.Order:
    made = _keeper.Order(
        name="fake",
        root="",
        parts=[],
        check=[],
        account=None,
        files={},
        template="",
        data_parent="",
        prepare=[],
        serve=[sys.executable, "-c", code],
        stop=[("SIGTERM", 20.0)],
        shut_down="SIGTERM",
        parent_death_signal="SIGKILL",
        limit_s=20.0,
    )
    return cast("_keeper.Order", {**made, **changes})


class Keeper:
    def __init__(self, temporary: Path) -> None:
        self.temporary = temporary
        self.process = subprocess.Popen(  # noqa: S603  # the program under test, no shell
            [sys.executable, "-I", _keeper.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "TMPDIR": str(temporary)},
            start_new_session=True,
        )

    def ask(self, wanted: _keeper.Order | list[str] | str) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(wanted).encode() + b"\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def close(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(timeout=30)


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    made = Keeper(tmp_path)
    try:
        yield made
    finally:
        made.close()
        assert made.process.stdout is not None
        made.process.stdout.close()


def test_the_server_runs_until_the_pipe_closes(keeper: Keeper) -> None:
    answer = keeper.ask(order(WAIT))
    server = psutil.Process(answer["process_id"])
    assert Path(answer["directory"]).parent == keeper.temporary
    assert server.ppid() == keeper.process.pid
    assert keeper.close() == 0
    assert running([server]) == []
    assert list(keeper.temporary.iterdir()) == []


def test_files_are_there_for_the_server_alone_and_go_with_it(keeper: Keeper) -> None:
    copy = [sys.executable, "-c", "open('copy', 'w').write(open('../secret').read())"]
    answer = keeper.ask(order(WAIT, files={"secret": "hunter2"}, prepare=[copy]))
    directory = Path(answer["directory"])
    assert (directory / "data" / "copy").read_text() == "hunter2"
    assert stat.S_IMODE((directory / "secret").stat().st_mode) == 0o600
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert "hunter2" not in str(psutil.Process(answer["process_id"]).cmdline())
    keeper.close()
    assert list(keeper.temporary.iterdir()) == []


def test_data_elsewhere_goes_with_it_and_only_its_own(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    first = Keeper(tmp_path)
    first.ask(order(WAIT, data_parent=str(elsewhere)))
    second = Keeper(tmp_path)
    assert "error" in second.ask(order(WAIT, data_parent=str(elsewhere)))
    second.close()
    assert [path.name for path in elsewhere.iterdir()] == ["data"]
    first.close()
    assert list(elsewhere.iterdir()) == []
    for keeper in (first, second):
        assert keeper.process.stdout is not None
        keeper.process.stdout.close()


@pytest.mark.skipif(sys.platform != "linux", reason="servers are frozen on Linux alone")
def test_a_frozen_server_ends_with_a_keeper_that_is_killed(keeper: Keeper) -> None:
    answer = keeper.ask(order(WAIT, parent_death_signal="SIGQUIT"))
    server = psutil.Process(answer["process_id"])
    keeper.ask("freeze")
    until(lambda: server.status() == psutil.STATUS_STOPPED, psutil.Process(keeper.process.pid))
    keeper.process.kill()
    assert running([server]) == []
    shutil.rmtree(answer["directory"])


KEEP = "import os; os.mkdir('below'); open('below/kept', 'w').write('first')"


def test_a_template_has_no_server_and_others_begin_with_its_content(tmp_path: Path) -> None:
    places = [tmp_path / "template", tmp_path / "server"]
    for place in places:
        place.mkdir()
    template, server = map(Keeper, places)
    made = template.ask(order("", prepare=[[sys.executable, "-c", KEEP]], serve=[]))
    data = Path(made["directory"]) / "data"
    answer = server.ask(order(WAIT, template=str(data)))
    copied = Path(answer["directory"], "data", "below", "kept")

    assert made["process_id"] == 0
    assert copied.read_text() == "first"
    assert stat.S_IMODE(copied.parent.stat().st_mode) == stat.S_IMODE(
        (data / "below").stat().st_mode
    )
    copied.write_text("second")
    assert (data / "below" / "kept").read_text() == "first"
    for keeper in (server, template):
        assert keeper.close() == 0
        assert list(keeper.temporary.iterdir()) == []
        assert keeper.process.stdout is not None
        keeper.process.stdout.close()


def test_a_server_is_started_later_in_the_directory_that_was_prepared(keeper: Keeper) -> None:
    made = keeper.ask(order("", prepare=[[sys.executable, "-c", KEEP]], serve=[]))
    code = "import os, signal; os.mkfifo('found' if os.path.exists('below/kept') else 'none')"
    answer = keeper.ask([sys.executable, "-c", f"{code}; open('found', 'wb').close(); {WAIT}"])

    # Opening the pipe waits until it is there at its other end.
    data = Path(made["directory"], "data")
    server = psutil.Process(answer["process_id"])
    until(lambda: [*data.glob("found")], server)
    (data / "found").read_bytes()
    assert keeper.close() == 0
    assert running([server]) == []
    assert list(keeper.temporary.iterdir()) == []


def test_a_request_to_end_also_ends_the_server(keeper: Keeper) -> None:
    server = psutil.Process(keeper.ask(order(WAIT))["process_id"])
    keeper.process.send_signal(signal.SIGTERM)
    assert keeper.process.wait(timeout=30) == 0
    assert running([server]) == []
    assert list(keeper.temporary.iterdir()) == []


def test_an_interrupt_from_the_keyboard_does_not(keeper: Keeper) -> None:
    server = psutil.Process(keeper.ask(order(WAIT))["process_id"])
    keeper.process.send_signal(signal.SIGINT)
    assert server.is_running()
    assert keeper.close() == 0
    assert running([server]) == []


def test_a_server_that_ignores_the_signal_is_killed(keeper: Keeper) -> None:
    answer = keeper.ask(order(DEAF, prepare=[MAKE_PIPE], stop=[("SIGTERM", 0.0)]))
    # It must be deaf before it is told to end; opening the pipe waits until it is.
    Path(answer["directory"], "data", "deaf").read_bytes()
    server = psutil.Process(answer["process_id"])
    assert keeper.close() == 0
    assert running([server]) == []
    assert list(keeper.temporary.iterdir()) == []


def test_a_server_that_ended_by_itself_leaves_no_zombie_and_no_directory(keeper: Keeper) -> None:
    answer = keeper.ask(order("import sys; sys.stdin.read(); print('done')"))
    with contextlib.suppress(psutil.NoSuchProcess):
        assert running([psutil.Process(answer["process_id"])]) == []
    assert keeper.close() == 0
    assert not psutil.pid_exists(answer["process_id"])
    assert list(keeper.temporary.iterdir()) == []


NOBODY = (65534, 65534)


def planted(place: Path, leads_to: Path) -> None:
    """Try to make a link at ``place``, as the user that a server of root's runs as."""
    code = "import os, sys; os.symlink(*sys.argv[1:])"
    subprocess.run(  # noqa: S603  # the test's own code, no shell
        [str(SYSTEM_PYTHON), "-c", code, str(leads_to), str(place)],
        user=NOBODY[0],
        group=NOBODY[1],
        extra_groups=[],
        cwd="/",
        stderr=subprocess.DEVNULL,
        check=False,
    )


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root's files are at stake")
@pytest.mark.skipif(not SYSTEM_PYTHON, reason="the other user can reach no Python")
@pytest.mark.parametrize("name", ["server.log", "programs"])
def test_a_link_that_the_servers_user_plants_leads_root_nowhere(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    valued = theirs / "valued"
    valued.write_text("root's", encoding="utf-8")
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "program").write_text("new", encoding="utf-8")
    make = _keeper._make_directory

    def watched(wanted: _keeper.Order) -> Path:
        made = make(wanted)
        planted(made / name, valued if name == "server.log" else theirs)
        return made

    monkeypatch.setattr(_keeper, "_make_directory", watched)
    keeper = _keeper._Keeper(
        order(
            "",
            account=NOBODY,
            root=str(tmp_path),
            parts=["programs"],
            check=["/bin/false"],
            serve=["/bin/sleep", "60"],
        )
    )
    try:
        keeper.start()
    finally:
        keeper.stop()
    assert [path.stat().st_uid for path in (theirs, valued)] == [0, 0]
    assert valued.read_text(encoding="utf-8") == "root's"
    assert list(theirs.iterdir()) == [valued]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root has another account")
@pytest.mark.skipif(not SYSTEM_PYTHON, reason="the other user can reach no Python")
def test_a_template_is_closed_to_the_account_whose_servers_get_a_copy() -> None:
    def started(**changes: Any) -> tuple[_keeper._Keeper, Path]:
        # Not pytest's own directory, which is closed to others.
        keeper = _keeper._Keeper(order("", account=NOBODY, check=["/bin/true"], **changes))
        return keeper, Path(keeper.start()["directory"]) / "data"

    template, data = started(prepare=[[str(SYSTEM_PYTHON), "-c", KEEP]], serve=[])
    try:
        server, copy = started(template=str(data), serve=["/bin/sleep", "60"])
        try:
            kept = Path("below", "kept")
            assert data.stat().st_uid == 0
            assert stat.S_IMODE(data.stat().st_mode) == 0o700
            assert {(copy / part).stat().st_uid for part in ("", "below", kept)} == {NOBODY[0]}
        finally:
            server.stop()
    finally:
        template.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_killing_the_keeper_kills_the_server(keeper: Keeper) -> None:
    server = psutil.Process(keeper.ask(order(WAIT))["process_id"])
    keeper.process.kill()
    assert running([server]) == []


def test_a_preparation_that_fails_is_answered_with_its_output(keeper: Keeper) -> None:
    failing = [sys.executable, "-c", "import sys; print('no room'); sys.exit(3)"]
    answer = keeper.ask(order(WAIT, prepare=[failing]))
    assert answer == {"error": f"{Path(sys.executable).name} ended with exit code 3\nno room"}
    assert keeper.process.wait(timeout=30) == 0
    assert list(keeper.temporary.iterdir()) == []


def test_a_preparation_that_takes_too_long_is_killed(keeper: Keeper) -> None:
    answer = keeper.ask(order(WAIT, prepare=[[sys.executable, "-c", WAIT]], limit_s=0.0))
    assert answer == {"error": f"{Path(sys.executable).name} did not end in time\n"}


def test_a_program_that_is_missing_is_answered(keeper: Keeper) -> None:
    answer = keeper.ask(order(WAIT, serve=["{root}/no-such-program"]))
    assert "no-such-program" in answer["error"]


def test_secrets_of_the_environment_do_not_reach_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", "hunter2")
    monkeypatch.setenv("BENCH_REDIS_URL", "redis://:hunter2@h")
    assert "hunter2" not in str(_keeper._environment())


@pytest.mark.parametrize(
    ("mode", "account", "expected"),
    [
        (0o755, (54321, 54321), True),
        (0o700, (54321, 54321), False),
        (0o700, (os.getuid() if hasattr(os, "getuid") else 0, 0), True),
    ],
)
def test_a_folder_is_reachable_by_whom_its_mode_says(
    mode: int, account: tuple[int, int], expected: bool
) -> None:
    # Not pytest's own directory: that one is closed to others.
    with tempfile.TemporaryDirectory() as outer:
        if not all(folder.stat().st_mode & 1 for folder in Path(outer).resolve().parents):
            pytest.skip("the temporary directory itself cannot be reached by others")
        inner = Path(outer) / "inner"
        inner.mkdir(mode=0o755)
        inner.parent.chmod(mode)
        assert _keeper._searchable(inner, account) is expected
