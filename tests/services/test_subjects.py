from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bench.contracts import CHECKPOINT_SAVER, Place, PluginOptions, Subject
from bench.discovery import load, names
from bench.errors import UnsupportedError
from bench.subjects._factories.factory import subject_class
from tests.contract import _subjects as contract
from tests.services._platforms import skip_without

pytestmark = pytest.mark.services

VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("postgres", {}),
    ("postgres", {"connection": "single", "saver_per": "trial"}),
    ("postgres", {"connection": "pipeline", "saver_per": "client"}),
    ("postgres", {"connection": "per_operation", "saver_per": "operation"}),
    ("postgres", {"pool_size": 2, "saver_per": "operation", "synchronous_commit": "off"}),
    ("postgres", {"serialisation": "threads"}),
    ("postgres", {"serialisation": "loop"}),
    ("postgres_sync", {}),
    ("postgres_sync", {"call": "threads", "threads": 2, "pool_size": 2}),
    ("postgres_sync", {"call": "threads", "connection": "single", "saver_per": "trial"}),
    ("degrading", {}),
    ("redis", {}),
    ("redis", {"persistence": "none", "max_connections": 8}),
    ("redis", {"persistence": "always", "pool": "blocking", "saver_per": "client"}),
    ("redis_shallow", {}),
    ("redis_shallow", {"persistence": "none", "pool": "blocking", "max_connections": 4}),
]


@contextmanager
def served(found: type[Subject], options: PluginOptions, directory: Path) -> Iterator[Place]:
    """Give a place whose embedded server runs with the settings that the options ask for."""
    if found.server is None:
        yield Place(directory, None, "trial")
        return
    skip_without(found.server)
    server = load("server", found.server)({})
    try:
        endpoint = server.start(found.server_settings(options), "trial_subjects")
        yield Place(directory, endpoint, endpoint.namespace)
    finally:
        server.stop()


def test_every_subject_that_needs_a_server_is_tried() -> None:
    found = {name: subject_class(name) for name in names("subject")}
    savers = {name for name, each in found.items() if each.interface is CHECKPOINT_SAVER}
    assert {name for name in savers if found[name].server} == {name for name, _ in VARIANTS}


@pytest.mark.parametrize(
    ("name", "given"), VARIANTS, ids=["-".join([n, *map(str, o.values())]) for n, o in VARIANTS]
)
def test_over_its_server_a_subject_keeps_the_contract(
    name: str, given: Mapping[str, Any], tmp_path: Path
) -> None:
    found = subject_class(name)
    options = found.Options.model_validate(given)
    with served(found, options, tmp_path) as place:
        contract.run_check(found, options, place)


def test_psycopg_refuses_a_proactor_loop_by_name(tmp_path: Path) -> None:
    found = subject_class("postgres")
    options = found.Options()
    loop = load("loop", "proactor")()

    async def use(place: Place) -> None:
        subject = found(options, place)
        try:
            await subject.open(2)
        finally:
            await subject.close()

    with (
        served(found, options, tmp_path) as place,
        asyncio.Runner(loop_factory=loop.new_event_loop) as runner,
        pytest.raises(UnsupportedError, match=r"^(NotImplementedError|InterfaceError): .+"),
    ):
        runner.run(use(place))


@pytest.mark.parametrize("name", ["postgres_sync", "redis", "redis_shallow"])
def test_the_other_subjects_run_on_a_proactor_loop(name: str, tmp_path: Path) -> None:
    found = subject_class(name)
    options = found.Options()
    loop = load("loop", "proactor")()
    with (
        served(found, options, tmp_path) as place,
        asyncio.Runner(loop_factory=loop.new_event_loop) as runner,
    ):
        runner.run(contract.check(found, options, place))


def test_a_checkout_is_one_method_call_for_each_operation(tmp_path: Path) -> None:
    found = subject_class("postgres")
    options = found.Options.model_validate({"pool_size": 1})

    async def use(place: Place) -> int:
        subject = found(options, place)
        try:
            await subject.open(1)
            calls = 0
            (checkout,) = subject.checkouts()
            original = getattr(checkout.pool, checkout.method)

            async def counted(*arguments: Any, **keywords: Any) -> Any:
                nonlocal calls
                calls += 1
                return await original(*arguments, **keywords)

            setattr(checkout.pool, checkout.method, counted)
            await subject.saver(0).aget_tuple(contract.config_of(place, 0))
            return calls
        finally:
            await subject.close()

    with served(found, options, tmp_path) as place:
        assert asyncio.run(use(place)) == 1
