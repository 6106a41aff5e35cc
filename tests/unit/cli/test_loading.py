"""A scenario's primary metrics may be what its own probes read."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.cli.loading import load_checked

SMOKE = Path(__file__).parents[3] / "scenarios" / "smoke.toml"
PROBE = """
from bench.contracts import OutsideProbe

class Disk(OutsideProbe):
    readings = ("disk.written",)

    def start(self, processes): ...

    def stop(self):
        return ()
"""


def test_a_reading_of_a_probe_from_elsewhere_may_be_a_primary_metric(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "their_disk_probe.py").write_text(PROBE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    text = SMOKE.read_text(encoding="utf-8")
    top = "seed = 1\nprobes = ['their_disk_probe:Disk']\nprimary_metrics = ['disk.written']"
    assert "seed = 1\n" in text
    path = tmp_path / "disk.toml"
    path.write_text(text.replace("seed = 1", top, 1), encoding="utf-8")

    scenario, plan = load_checked(path)

    assert scenario.primary_metrics == ("disk.written",)
    assert plan.trials
