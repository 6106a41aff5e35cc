"""A saver with a server of its own is two classes outside the package, and nothing else."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest

from bench.cli import main
from bench.records.store import Store

# The subject tells all that it knows of its server as settings, which a record keeps.
PLUGINS = '''
import os
from langgraph.checkpoint.memory import InMemorySaver
from bench.contracts import Endpoint, Server, Subject
from bench.scenario.durability import Durability

class DocumentServer(Server):
    """Documents."""

    variable = "BENCH_DOCUMENTS_URL"
    client_variables = ("DOCUMENTS_",)
    secret_variables = ("DOCUMENTS_PWD",)
    packages = ("pytest",)

    def check(self, wanted=()):
        return "external documents 7"

    def start(self, settings, namespace):
        return Endpoint("external", self.external, namespace)

    def stop(self):
        pass

class DocumentSubject(Subject):
    """A saver of documents."""

    server = "documents"
    packages = ("hypothesis",)
    reopens = False

    @classmethod
    def durability(cls, options):
        return Durability.VOLATILE

    async def open(self, clients):
        self.store = InMemorySaver()

    def saver(self, client):
        return self.store

    async def close(self):
        pass

    async def settings(self):
        seen = [name for name in os.environ if name.startswith(("BENCH_", "DOCUMENTS_", "PG"))]
        return {
            "address": self.place.endpoint.url,
            "password": os.environ["DOCUMENTS_PWD"],
            "seen": " ".join(sorted(seen)),
        }
'''
ENTRY_POINTS = """
[bench.servers]
documents = plugins_outside:DocumentServer
[bench.subjects]
documents = plugins_outside:DocumentSubject
"""
SCENARIO = """
schema_version = 1
question = "Is a saver from outside measured on a server from outside?"
seed = 3
repetitions = 1
warmup_s = 0.05
duration_s = 0.1
probes = []
conformance = false
crash_check = false

[subjects.theirs]
use = "documents"
[workloads.steps]
use = "append_steps"
[payloads.small]
use = "nested"
[arrivals.one]
kind = "closed"
clients = 1
[sweeps.all]
subjects = ["theirs"]
workloads = ["steps"]
payloads = ["small"]
arrivals = ["one"]
loops = ["selector"]
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install both as a distribution does, and name a server with a password."""
    (tmp_path / "plugins_outside.py").write_text(PLUGINS, encoding="utf-8")
    installed = tmp_path / "plugins_outside-1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: plugins-outside\n")
    (installed / "entry_points.txt").write_text(ENTRY_POINTS)
    (tmp_path / "outside.toml").write_text(SCENARIO, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("BENCH_DOCUMENTS_URL", "documents://me:hunter2@nowhere")
    monkeypatch.setenv("DOCUMENTS_PWD", "sesame")
    monkeypatch.setenv("PGHOST", "elsewhere")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("kind", ["server", "subject"])
def test_both_are_listed(kind: str, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", kind]) == 0
    assert "  documents " in capsys.readouterr().out


def test_both_are_measured_and_the_secrets_are_in_no_record(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["run", "outside.toml"])

    told = capsys.readouterr()
    assert code in {0, 3}, told.err
    store = Store(place / "results")
    run = store.read(store.newest())
    (trial,) = run.trials
    assert (trial.status, trial.server) == ("measured", "external")
    # What its own client reads is left to the worker; what names a server to us never is.
    assert trial.settings == {
        "address": "documents://me:***@nowhere",
        "password": "***",
        "seen": "DOCUMENTS_PWD",
    }
    assert run.record.environment.servers == {"documents": "external documents 7"}
    for name in ("pytest", "hypothesis"):
        assert run.record.environment.packages[name] == importlib.metadata.version(name)
    written = [path.read_bytes() for path in place.rglob("*") if path.suffix in {".json", ".md"}]
    assert len(written) > 2
    shown = (told.out + told.err).encode()
    assert [text for text in (*written, shown) if b"hunter2" in text or b"sesame" in text] == []
