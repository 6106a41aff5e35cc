"""What docs/exports.md shows of pandas and numpy works on the files that are written."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from bench.records.outcome import COLUMNS
from bench.records.sample import write_samples
from bench.reporters.csv_table import CsvTable
from tests.unit.reporters.synthetic import full_analysis
from tests.unit.reporters.telling import report_of

TEXT = (Path(__file__).parents[3] / "docs" / "exports.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


@pytest.fixture
def _in_a_folder_with_exports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "reports" / "RUN").mkdir(parents=True)
    for name, content in CsvTable().render(report_of(full_analysis())).items():
        (tmp_path / "reports" / "RUN" / name).write_bytes(content)
    rows = np.arange(3 * len(COLUMNS), dtype=np.int64).reshape(3, len(COLUMNS))
    write_samples(tmp_path / "trial.npz", rows)
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("_in_a_folder_with_exports")
@pytest.mark.parametrize(
    ("program", "shown"), [*zip(PROGRAMS, ["postgres-sync", "count"], strict=True)]
)
def test_a_program_of_the_document_runs(
    program: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    exec(program, {})  # noqa: S102 - the document's own program
    assert shown in capsys.readouterr().out
