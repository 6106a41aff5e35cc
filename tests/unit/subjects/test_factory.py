from __future__ import annotations

import asyncio
import importlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from bench.contracts import Endpoint, Place, Subject
from bench.errors import InputError
from bench.scenario.durability import Durability
from bench.subjects._factories.factory import FactorySubject, subject_class
from tests.contract import _subjects as contract

SOURCE = """
from contextlib import asynccontextmanager, contextmanager

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from bench.contracts import Subject

events = []
number = 7


@asynccontextmanager
async def saver():
    events.append("entered")
    yield InMemorySaver()
    events.append("left")


@asynccontextmanager
async def in_directory(directory, *, name="own.sqlite"):
    async with AsyncSqliteSaver.from_conn_string(str(directory / name)) as made:
        yield made


@asynccontextmanager
async def two_parameters(host, port):
    yield InMemorySaver()


@asynccontextmanager
async def no_saver():
    yield "a string"


async def not_decorated():
    yield InMemorySaver()


def nothing():
    return None


def not_called():
    return saver


async def coroutine():
    return InMemorySaver()


@contextmanager
def synchronous():
    yield InMemorySaver()


class Kept:
    within = InMemorySaver


class Telling(InMemorySaver):
    def __init__(self, *given, **keywords):
        super().__init__()
        self.given = (given, keywords)


def by_url(url=None, *, prefix="", first):
    return Telling(url, prefix=prefix, first=first)


def by_position(address, /, directory):
    return Telling(address, directory=directory)


class Pool:
    def __init__(self, url):
        self.url = url

    def __enter__(self):
        events.append(("entered", self.url))
        return self

    def __exit__(self, *_):
        events.append(("left", self.url))

    async def fill(self, *, rows):
        events.append(("filled", self.url, rows))


def on_a_pool(pool, *, others):
    return Telling(pool.url, others=[each.url for each in others])


def without_address(*, prefix=""):
    return Telling()


class Unfinished(Subject):
    async def open(self, clients):
        pass
"""

Write = Callable[[str], str]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a module outside the package; return the dotted path of one of its attributes."""
    module = f"savers_of_{tmp_path.name}"
    (tmp_path / f"{module}.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    return lambda attribute: f"{module}:{attribute}"


def make(
    name: str,
    directory: Path,
    options: Mapping[str, Any] | None = None,
    url: str = "",
    durability: Durability | None = None,
) -> Subject:
    found = subject_class(name, options or {})
    checked = found.Options.model_validate(options or {})
    found.check(checked)
    endpoint = Endpoint("embedded", url, "trial", durability=durability) if url else None
    return found(checked, Place(directory, endpoint, "trial"))


async def open_and_close(subject: Subject, clients: int = 2) -> set[int]:
    try:
        await subject.open(clients)
        return {id(subject.saver(client)) for client in range(clients)}
    finally:
        await subject.close()


def test_a_name_of_this_project_gives_its_class() -> None:
    assert subject_class("memory").__name__ == "MemorySubject"


def test_a_dotted_path_to_a_subject_gives_that_class() -> None:
    name = "bench.subjects.memory:MemorySubject"
    assert subject_class(name) is subject_class("memory")


def test_a_saver_in_a_file_elsewhere_keeps_the_contract(path: Write, tmp_path: Path) -> None:
    subject = make(path("in_directory"), tmp_path, {"durability": "fsync", "saver_per": "client"})

    async def use() -> None:
        await subject.open(contract.CLIENTS)
        try:
            await contract.read_back(subject, await contract.write(subject))
        finally:
            await subject.close()
        again = make(path("in_directory"), tmp_path)
        await again.open(contract.CLIENTS)
        try:
            assert await again.saver(0).aget_tuple(contract.config_of(again.place, 0)) is not None
        finally:
            await again.close()

    asyncio.run(use())
    assert (tmp_path / "own.sqlite").exists()


def test_the_context_manager_is_entered_and_left_once(path: Write, tmp_path: Path) -> None:
    subject = make(path("saver"), tmp_path)
    assert len(asyncio.run(open_and_close(subject))) == 1
    module = importlib.import_module(path("saver").partition(":")[0])
    assert module.events == ["entered", "left"]


def test_a_saver_for_each_client(path: Write, tmp_path: Path) -> None:
    subject = make(path("saver"), tmp_path, {"saver_per": "client"})
    assert len(asyncio.run(open_and_close(subject))) == 2


def test_a_saver_class_that_is_its_own_context_manager_will_do(tmp_path: Path) -> None:
    subject = make("langgraph.checkpoint.memory:InMemorySaver", tmp_path)

    async def use() -> type:
        await subject.open(1)
        kind = type(subject.saver(0))
        await subject.close()
        return kind

    assert InMemorySaver is asyncio.run(use())


def test_what_only_its_author_knows_comes_from_the_options(path: Write, tmp_path: Path) -> None:
    unknown = make(path("saver"), tmp_path)
    assert unknown.durability_found({}) == Durability.UNKNOWN
    assert (unknown.reopens, unknown.keeps_history) == (True, True)
    told = make(
        path("saver"),
        tmp_path,
        {"durability": "volatile", "reopens": False, "keeps_history": False},
    )
    assert told.durability_found({}) == Durability.VOLATILE
    assert (told.reopens, told.keeps_history) == (False, False)
    assert (Subject.reopens, Subject.keeps_history) == (True, True)


@pytest.mark.parametrize(
    ("declared", "of_server", "expected"),
    [
        ("", Durability.FSYNC, Durability.FSYNC),
        ("", Durability.UNKNOWN, Durability.UNKNOWN),
        ("", None, Durability.UNKNOWN),
        ("fsync", Durability.VOLATILE, Durability.VOLATILE),
        ("fsync", Durability.UNKNOWN, Durability.UNKNOWN),
        ("relaxed", Durability.FSYNC, Durability.RELAXED),
        ("unknown", Durability.FSYNC, Durability.UNKNOWN),
        ("fsync", None, Durability.FSYNC),
    ],
)
def test_no_saver_keeps_more_than_its_server(
    declared: str,
    of_server: Durability | None,
    expected: Durability,
    path: Write,
    tmp_path: Path,
) -> None:
    options = {"durability": declared} if declared else {}
    subject = make(path("saver"), tmp_path, options, "redis://nowhere", of_server)
    assert subject.durability_found({}) == expected


@pytest.mark.parametrize(
    ("attribute", "message"),
    [
        ("two_parameters", "requires host, port: give them as options"),
        ("nothing", "returned None; expected a BaseCheckpointSaver"),
        ("not_called", r"returned saver without calling it; expected"),
        ("no_saver", "yielded str; expected a BaseCheckpointSaver"),
        ("not_decorated", "returned async_generator; expected a .*contextlib.asynccontextmanager"),
    ],
)
def test_a_factory_that_gives_no_saver_is_refused(
    attribute: str, message: str, path: Write, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        asyncio.run(open_and_close(make(path(attribute), tmp_path)))


@pytest.mark.parametrize(
    ("attribute", "message"),
    [
        ("number", "is of type int; expected a bench.contracts.Subject class, a saver"),
        ("Unfinished", "is abstract: it lacks close, durability, saver"),
        ("savr", "has no 'savr'. Did you mean 'saver'"),
    ],
)
def test_what_is_neither_subject_nor_factory_is_refused(
    attribute: str, message: str, path: Write
) -> None:
    with pytest.raises(InputError, match=message):
        subject_class(path(attribute))


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(InputError, match=r"unknown subject 'postgress'\. Did you mean 'postgres'"):
        subject_class("postgress")


@pytest.mark.parametrize(
    "name", ["coroutine", "synchronous", "Telling", "saver", "Kept.within", "{dotted}"]
)
def test_whatever_gives_a_saver_will_do(name: str, path: Write, tmp_path: Path) -> None:
    module = path("")
    target = f"{module[:-1]}.saver" if name == "{dotted}" else module + name
    assert len(asyncio.run(open_and_close(make(target, tmp_path)))) == 1


@pytest.mark.parametrize(
    ("attribute", "options", "given"),
    [
        (
            "by_url",
            {"server": "redis", "first": 1, "prefix": "{namespace}:"},
            (("redis://:pw@127.0.0.1:1/0",), {"prefix": "trial:", "first": 1}),
        ),
        (
            "by_url",
            {"server": "redis", "first": ["at {address}"], "url": "mine"},
            (("mine",), {"prefix": "", "first": ["at redis://:pw@127.0.0.1:1/0"]}),
        ),
        ("by_url", {"url": "{directory}/db"}, (("{}/db",), {"prefix": "", "first": "{}"})),
        (
            "by_position",
            {"server": "redis"},
            (("redis://:pw@127.0.0.1:1/0",), {"directory": "{}"}),
        ),
    ],
)
def test_options_address_and_directory_are_passed_on(
    attribute: str, options: dict[str, Any], given: Any, path: Write, tmp_path: Path
) -> None:
    subject = make(path(attribute), tmp_path, options, "redis://:pw@127.0.0.1:1/0")

    async def use() -> object:
        await subject.open(1)
        found: Any = subject.saver(0)
        await subject.close()
        return found.given

    expected = repr(given).replace("{}", str(tmp_path))
    assert expected == repr(asyncio.run(use())).replace(repr(tmp_path), repr(str(tmp_path)))


def test_what_an_option_uses_is_made_and_left_with_the_saver(path: Write, tmp_path: Path) -> None:
    used = {"use": path("Pool"), "url": "driver+x://{address}"}
    options = {"server": "redis", "pool": used, "others": [{**used, "url": "{directory}"}]}
    subject = make(path("on_a_pool"), tmp_path, options, "redis://:pw@127.0.0.1:1/0")

    async def use() -> Any:
        await subject.open(1)
        found: Any = subject.saver(0)
        await subject.close()
        return found.given

    url = "driver+x://:pw@127.0.0.1:1/0"
    assert asyncio.run(use()) == ((url,), {"others": [tmp_path]})
    module = importlib.import_module(path("saver").partition(":")[0])
    assert [event for event in module.events if event[1] == url] == [
        ("entered", url),
        ("left", url),
    ]


def test_what_is_called_before_has_ended_when_the_saver_opens(path: Write, tmp_path: Path) -> None:
    pool = {"use": path("Pool"), "url": "{directory}"}
    before = [{"use": path("Pool.fill"), "self": pool, "rows": [1]}]
    subject = make(path("saver"), tmp_path, {"before": before, "saver_per": "client"})

    assert len(asyncio.run(open_and_close(subject))) == 2

    module = importlib.import_module(path("saver").partition(":")[0])
    once = [("entered", tmp_path), ("filled", tmp_path, [1]), ("left", tmp_path)]
    assert module.events[-7:] == [*once, "entered", "entered", "left", "left"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pool": {"use": "no_such_module:Pool"}}, "pool: cannot import 'no_such_module:Pool': "),
        ({"pool": {"use": 3}}, "pool: cannot import '3'. Expected 'package.module:attribute'"),
        ({"pool": {"use": ":number"}}, "is of type int; expected what can be called"),
        ({"pool": {"use": ":Poll"}}, "has no 'Poll'. Did you mean 'Pool'?"),
        ({"pool": {"use": ":Pool", "ulr": ""}}, "pool: unknown key 'ulr'. Did you mean 'url'?"),
        ({"others": [{"in": {"use": ":Pool"}}]}, "others.0.in: ':Pool' requires url: give them"),
        ({"before": [{"url": ""}]}, "before.0: expected the key 'use' with what is called"),
        ({"before": [{"use": ":saver", "more": 1}]}, "before.0: unknown key 'more'"),
    ],
)
def test_what_an_option_cannot_use_is_named_before_anything_opens(
    options: dict[str, Any], message: str, path: Write, tmp_path: Path
) -> None:
    def named(value: Any) -> Any:
        if isinstance(value, list):
            return [named(each) for each in value]
        if isinstance(value, dict):
            return {name: named(each) for name, each in value.items()}
        return path(value[1:]) if str(value).startswith(":") else value

    given = {"pool": "a pool", "others": [], **named(options)}
    with pytest.raises(InputError) as caught:
        make(path("on_a_pool"), tmp_path, given)

    assert message in str(caught.value).replace(path(""), ":")


def test_a_connection_string_of_libpq_is_given_as_a_url(path: Write, tmp_path: Path) -> None:
    words = "host=127.0.0.1 hostaddr=127.0.0.1 port=5 user=u password='p/w' dbname=d"
    words += " require_auth=scram-sha-256 options='-c search_path=trial' sslmode=disable"
    subject = make(path("by_url"), tmp_path, {"server": "postgres", "first": ""}, words)
    assert isinstance(subject, FactorySubject)

    async def use() -> Any:
        await subject.open(1)
        return subject.saver(0)

    (url,) = asyncio.run(use()).given[0]
    assert (
        url == "postgresql://u:p%2Fw@127.0.0.1:5/d?options=-c%20search_path%3Dtrial&sslmode=disable"
    )
    given = {"url": "postgresql+theirs://{address}", "first": "", "server": "postgres"}
    subject = make(path("by_url"), tmp_path, given, words)
    (url,) = asyncio.run(use()).given[0]
    assert url == "postgresql+theirs://u:p%2Fw@127.0.0.1:5/d"


@pytest.mark.parametrize(
    ("attribute", "options", "message"),
    [
        ("by_url", {"frist": 1}, "unknown key 'frist'. Did you mean 'first'?"),
        ("saver", {"reopen": False}, "unknown key 'reopen'. Did you mean 'reopens'?"),
        ("saver", {"server": "postgress"}, "unknown server 'postgress'. Did you mean 'postgres'?"),
        ("without_address", {"server": "redis"}, "has no parameter for the address of redis"),
    ],
)
def test_options_that_it_cannot_take_are_refused(
    attribute: str, options: dict[str, Any], message: str, path: Write, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        make(path(attribute), tmp_path, options)


def test_a_synchronous_saver_is_set_up_and_called_in_threads(tmp_path: Path) -> None:
    options = {"conn_string": "{directory}/own.sqlite", "durability": "fsync"}
    name = "langgraph.checkpoint.sqlite:SqliteSaver.from_conn_string"
    subject = make(name, tmp_path, options)

    async def use() -> Mapping[str, str]:
        await subject.open(contract.CLIENTS)
        try:
            await contract.read_back(subject, await contract.write(subject))
            return await subject.settings()
        finally:
            await subject.close()

    assert asyncio.run(use()) == {"calls": "synchronous, in threads"}
